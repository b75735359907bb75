import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { agentNodeFlags, hostFiles } from '@flynotes/carestream-server/api';
import { serializeMessage } from '@flynotes/carestream-server/messages';
import { startDesk } from './desk/desk-server.ts';
import { openReception, type Reception } from './desk/reception.ts';
import { startFlynotes, type FlynotesProcess } from './flynotes-process.ts';
import { createOperator, type Operator } from './operator.ts';
import type { SandboxPorts } from './ports.ts';
import { startR4, type R4Process } from './r4-process.ts';
import type { DialectName } from './r4-server/practice/index.ts';
import { reportOf } from './reports.ts';
import { createRollbarSink, type RollbarSink } from './rollbar/index.ts';
import { createRegistry } from './registry/index.ts';
import { createSqs, type Sqs } from './sqs/index.ts';
import { startSupervisor, type Supervisor, type SupervisorOptions } from './supervisor/supervisor.ts';
import { startInterceptor } from './updates/interceptor.ts';
import { startServiceHost } from './updates/service-host.ts';
import { prepareInstallation, watchedHostTimes, type Updates } from './updates/updates.ts';

/** What is brought up. */
export interface SandboxOptions {
  readonly patients: number;
  readonly seed: number;
  readonly dialect: DialectName;
  readonly ports: SandboxPorts;
  /** The pauses of the exit-code table are multiplied by this. */
  readonly pauseFactor: number;
  /** Told what is happening, a line at a time. */
  readonly say: (line: string) => void;
  /** The agent's times, as its configuration takes them. */
  readonly times?: Readonly<Record<string, number>>;
  /** The agent as it is released: one file, built for the occasion. Where `updates` is set it always is. */
  readonly release?: boolean;
  /** With a private registry, and the real service host in the supervisor's place. */
  readonly updates?: boolean;
  /** Told of each request that the queue service lets through. */
  readonly onQueueRequest?: (action: string) => void;
}

/** A practice and a cloud on one machine. */
export interface Sandbox extends AsyncDisposable {
  readonly r4: R4Process;
  readonly sqs: Sqs;
  readonly rollbar: RollbarSink;
  readonly flynotes: FlynotesProcess;
  readonly operator: Operator;
  readonly reception: Reception;
  readonly agent: Supervisor;
  /** Null without `updates`. */
  readonly updates: Updates | null;
  readonly practiceId: string;
  readonly pageUrl: string;
  readonly addresses: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Where the agent keeps its state, below {@link folder}. */
  readonly dataDir: string;
}

const operatorToken = 'sandbox-operator-token';
const packages = path.resolve(import.meta.dirname, '../..');
const agentCli = path.join(packages, 'carestream-server/src/cli/main.ts');

/** Brings everything up: R4, SQS, Rollbar's sink, flynotes-server, the reception desk, and the agent under a supervisor. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  await using stack = new AsyncDisposableStack();
  const { ports, say } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'carestream-sandbox-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));

  // What takes longest starts first, side by side.
  const starting = {
    r4: startR4({ port: ports.r4, patients: options.patients, seed: options.seed, dialect: options.dialect }),
    sqs: createSqs({
      port: ports.sqs,
      ...(options.onQueueRequest === undefined ? {} : { onAccepted: options.onQueueRequest }),
    }),
    rollbar: createRollbarSink({ port: ports.rollbar }),
    ...(options.updates === true ? { registry: createRegistry() } : {}),
  };
  for (const part of Object.values(starting)) {
    void part.catch(() => undefined);
    // Also when another part fails before this one is ready.
    stack.defer(async () => (await part.catch(() => null))?.[Symbol.asyncDispose]());
  }
  const sqs = await starting.sqs;
  const rollbar = await starting.rollbar;
  const registry = await starting.registry;
  const flynotesUrl = `http://127.0.0.1:${ports.flynotes}`;
  const deskUrl = `http://127.0.0.1:${ports.desk}`;
  const flynotes = stack.use(
    await startFlynotes({
      port: ports.flynotes,
      dataDir: path.join(folder, 'flynotes'),
      operatorToken,
      environment: {
        FLYNOTES_QUEUE: 'local',
        FLYNOTES_SQS_ENDPOINT: sqs.endpoint,
        FLYNOTES_CREDENTIAL_ISSUER: sqs.issuerUrl,
        FLYNOTES_SANDBOX_DESK_URL: deskUrl,
        FLYNOTES_ROLLBAR_TOKEN: rollbar.accessToken,
        FLYNOTES_ROLLBAR_ENVIRONMENT: 'sandbox',
        FLYNOTES_ROLLBAR_ENDPOINT: rollbar.endpoint,
        ...(registry === undefined
          ? {}
          : { FLYNOTES_REGISTRY_URL: registry.url, FLYNOTES_REGISTRY_TOKEN: registry.tokens.agent }),
        AWS_REGION: sqs.region,
        AWS_ACCESS_KEY_ID: sqs.adminCredentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: sqs.adminCredentials.secretAccessKey,
        DATABASE_URL: process.env['DATABASE_URL'],
      },
    }),
  );
  say(`flynotes-server is ready at ${flynotesUrl} (API: ${flynotesUrl}/docs)`);
  const operator = createOperator(flynotesUrl, operatorToken);
  const { practiceId, licenceKey } = await operator.createPractice('High Street Dental');
  const r4 = await starting.r4;
  say(`R4 (${options.dialect}) listens on 127.0.0.1,${r4.port} with ${options.patients} patients`);

  const dataDir = path.join(folder, 'data');
  mkdirSync(dataDir);
  const interceptor = registry === undefined ? null : stack.use(await startInterceptor(flynotesUrl));
  const configFile = path.join(dataDir, 'config.json');
  writeFileSync(
    configFile,
    JSON.stringify(
      {
        licenceKey,
        flynotesUrl: interceptor?.url ?? flynotesUrl,
        database: `Server=127.0.0.1,${r4.port};Database=sys2000;Uid=flynotes_reader;Pwd=reader-password;Encrypt=no`,
        dataDir,
        rollbarToken: rollbar.accessToken,
        rollbarEndpoint: rollbar.endpoint,
        // Somebody watches: the page is to show the agent's state soon.
        times: { heartbeatEveryMs: 5_000, ...options.times },
      },
      null,
      2,
    ),
  );
  let announce: ((event: 'agent', data: unknown) => void) | undefined;
  const watched: Pick<SupervisorOptions, 'onChange' | 'onLine' | 'whileStopping'> = {
    onChange: (run) => announce?.('agent', run),
    onLine: (line) => say(`agent: ${line}`),
    // The agent lets its outstanding long poll return, which takes up to 20 s; anything in the queue ends it, and is handed back.
    whileStopping: () =>
      void operator
        .queueUrl()
        .then((url) => sqs.sendMessage(url, serializeMessage({ type: 'test' })))
        .catch(() => undefined),
  };
  let updates: Updates | null = null;
  if (registry !== undefined && interceptor !== null) {
    const { kit, first, installation } = await prepareInstallation(
      path.join(folder, 'installed'),
      await operator.signingKey(),
    );
    const host = startServiceHost({
      installation,
      dataDir,
      times: watchedHostTimes,
      environment: agentEnvironment(),
      ...watched,
    });
    updates = { registry, interceptor, kit, host, first };
  }
  const agent =
    updates?.host ??
    startSupervisor({
      command: [process.execPath, ...(await agentProgram(options, folder)), 'start', '--config', configFile],
      environment: agentEnvironment(),
      dataDir,
      pauseFactor: options.pauseFactor,
      ...watched,
    });
  stack.use(agent);
  const reception = stack.use(await openReception({ port: r4.port, dialect: options.dialect }));
  const desk = stack.use(
    await startDesk(
      {
        reception,
        actions: { expireCredentials: () => void sqs.expireAll(), killAgent: () => agent.kill() },
        rollbarItems: () => rollbar.items().slice(-40).map(reportOf),
        state: () => ({
          dialect: options.dialect,
          agent: {
            pid: agent.current()?.endedAt === null ? (agent.current()?.pid ?? null) : null,
            starts: agent.runs.length,
            exits: agent.runs.filter((run) => run.endedAt !== null).map((run) => run.exitCode),
          },
          rollbar: { items: rollbar.count(), bytes: rollbar.bytes() },
          queue: { accepted: sum(sqs.stats().accepted), refused: sum(sqs.stats().refused) },
        }),
      },
      { port: ports.desk, allowedOrigin: flynotesUrl },
    ),
  );
  announce = desk.announce;
  stack.defer(rollbar.onItem((item) => desk.announce('rollbar-item', reportOf(item))));

  const owned = stack.move();
  return {
    r4,
    sqs,
    rollbar,
    flynotes,
    operator,
    reception,
    agent,
    updates,
    practiceId,
    pageUrl: `${flynotesUrl}/#token=${operatorToken}`,
    folder,
    dataDir,
    addresses: {
      'live page': `${flynotesUrl}/#token=${operatorToken}`,
      'API of flynotes-server': `${flynotesUrl}/docs`,
      'R4 (SQL Server)': `127.0.0.1,${r4.port}  login flynotes_reader / reader-password, database sys2000`,
      SQS: sqs.endpoint,
      'Rollbar sink': rollbar.endpoint,
      'reception desk': deskUrl,
      'agent’s log': path.join(dataDir, 'logs'),
      ...(registry === undefined ? {} : { 'npm registry': registry.url }),
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What Node runs: the source, or what a host would launch. */
async function agentProgram({ release }: SandboxOptions, folder: string): Promise<readonly string[]> {
  if (release !== true) return ['--conditions=@flynotes/source', '--disable-warning=ExperimentalWarning', agentCli];
  const { buildAgent } = await import('../../../tools/agent-bundle.ts');
  const bundle = path.join(folder, 'release', hostFiles.agentEntry);
  await buildAgent(bundle);
  return [...agentNodeFlags, bundle];
}

/** The agent gets nothing of this process's own configuration. */
function agentEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, SystemRoot } = process.env;
  return { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), ...(SystemRoot ? { SystemRoot } : {}) };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
