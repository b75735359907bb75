import { randomBytes } from 'node:crypto';
import { version } from '@flynotes/carestream-server';
import { Command, InvalidArgumentError } from 'commander';
import { ConfigError, databaseOf, queueOf, readEnvironment, settingsOf } from './config.ts';
import { addReleaseCommands, releaseKeysIn } from './release-commands.ts';

/** What the command line reads from and writes to. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  out(line: string): void;
  err(line: string): void;
  /** Resolves when the process is asked to stop. */
  stopAsked(): Promise<void>;
}

const environmentHelp = `
Environment:
  DATABASE_URL                 PostgreSQL 15 or newer; it goes before --data-dir
  FLYNOTES_DATA_DIR            folder of the embedded database (./flynotes-data)
  FLYNOTES_OPERATOR_TOKEN      token of the operator API; made and shown once where missing
  FLYNOTES_QUEUE               aws | local | none (none: licences are answered with QUEUE_MISSING)
  AWS_REGION                   with aws; keys of an IAM user are found as AWS's tools find them
  FLYNOTES_QUEUE_PREFIX        begins the names of queues (carestream-)
  FLYNOTES_QUEUE_RECEIVES_MOST receives before a message is a dead letter (12)
  FLYNOTES_QUEUE_VISIBILITY_S  seconds for which a received message is hidden (30)
  FLYNOTES_SQS_ENDPOINT, FLYNOTES_CREDENTIAL_ISSUER   with local: an SQS emulator and its issuer of keys;
                               AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are this server's own keys there
  FLYNOTES_SANDBOX_DESK_URL    the sandbox's reception desk, told to the console's page
  FLYNOTES_ROLLBAR_TOKEN, _ENVIRONMENT, _LEVEL, _ENDPOINT   what agents are told for their reports
  FLYNOTES_REGISTRY_URL, FLYNOTES_REGISTRY_TOKEN            where agents fetch releases
  FLYNOTES_AGENT_VERSION_LEAST                              older agents are not spoken to
  FLYNOTES_RELEASE_KEYS        a keys.json: releases by other keys are not added
  FLYNOTES_PUBLIC_URL          where agents reach this server, behind a proxy that changes it
`;

/** The commands; each resolves to the exit code. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('flynotes-server')
    .description('The reference server side: licences, ingest, parity, commands and console.')
    .version(version)
    .addHelpText('after', environmentHelp)
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .exitOverride();

  program
    .command('start')
    .description('Serve until stopped')
    .option('--port <number>', 'port; 0 takes a free one', portOf, 4000)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--data-dir <folder>', 'folder of the embedded database')
    .option('--in-memory', 'keep the embedded database in memory: faster, and gone at the end')
    .option('--json', 'one JSON line when ready, and one per request')
    .action(async (options: { port: number; host: string; dataDir?: string; inMemory?: boolean; json?: boolean }) => {
      const env = readEnvironment(terminal.env);
      const queue = queueOf(env);
      // Loaded when it is sure to be needed: a mistake in the configuration is told at once.
      const { createFlynotesServer } = await import('../server.ts');
      const given = env.FLYNOTES_OPERATOR_TOKEN;
      const operatorToken = given ?? randomBytes(24).toString('base64url');
      await using server = await createFlynotesServer({
        ...settingsOf(env),
        ...(env.FLYNOTES_RELEASE_KEYS === undefined ? {} : { releaseKeys: releaseKeysIn(env.FLYNOTES_RELEASE_KEYS) }),
        host: options.host,
        port: options.port,
        database: databaseOf(env, options),
        queue,
        operatorToken,
        log: (line) => {
          if (options.json === true) terminal.out(JSON.stringify({ event: 'request', ...line }));
          else if (line.failure !== undefined) terminal.err(JSON.stringify(line));
        },
      });
      if (options.json === true) {
        const shown = given === undefined ? { operatorToken } : {};
        terminal.out(JSON.stringify({ event: 'ready', url: server.url, database: server.database.kind, ...shown }));
      } else {
        terminal.out(
          `flynotes-server ${version} listens on ${server.url} (${server.database.kind}); API at ${server.url}/docs`,
        );
        if (given === undefined) terminal.out(`Operator token (shown once, new at each start): ${operatorToken}`);
        if (queue.kind === 'none')
          terminal.err('No queue is configured (FLYNOTES_QUEUE): licences are answered with QUEUE_MISSING.');
      }
      const lost = await Promise.race([terminal.stopAsked(), server.lost]);
      // Whoever runs this program starts it again: what was committed is there.
      if (lost !== undefined) throw lost;
    });

  program
    .command('practice')
    .description('Practices')
    .command('add')
    .description('Create a practice; its licence key is shown once')
    .requiredOption('--name <name>', 'name of the practice')
    .option('--time-zone <zone>', 'IANA time zone', 'Europe/London')
    .option('--id <id>', 'identifier: lower-case letters, digits, hyphens')
    .option('--data-dir <folder>', 'folder of the embedded database (no server may be running on it)')
    .option('--json', 'one JSON line')
    .action(async (options: { name: string; timeZone: string; id?: string; dataDir?: string; json?: boolean }) => {
      const env = readEnvironment(terminal.env);
      const { newPracticeSchema } = await import('../operator/operator-schemas.ts');
      const parsed = newPracticeSchema.safeParse(options);
      if (!parsed.success) {
        throw new ConfigError(
          parsed.error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}`).join('\n'),
        );
      }
      const { openMigrated } = await import('../database/index.ts');
      const { openQueues } = await import('../queue/index.ts');
      const { createPractices } = await import('../practices/index.ts');
      await using database = await openMigrated(databaseOf(env, options));
      const queues = await openQueues(queueOf(env));
      const { practice, licenceKey } = await createPractices({ database, queues }).create(parsed.data);
      queues?.close();
      if (options.json === true) terminal.out(JSON.stringify({ id: practice.id, licenceKey }));
      else
        terminal.out(
          `Practice:    ${practice.id}\nLicence key: ${licenceKey}\nThe key is not kept anywhere: note it now.`,
        );
    });
  addReleaseCommands(program, terminal);
  return program;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('must be a port from 0 to 65535');
  return port;
}
