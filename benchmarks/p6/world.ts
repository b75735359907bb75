import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { agentNodeEnvironment } from '@flynotes/carestream-server/api';
import { createOperator } from '../../packages/sandbox/src/operator.ts';
import { startPostgres } from '../../packages/testkit/src/index.ts';
import { startChild } from '../child.ts';
import { startR4 } from '../rig/processes.ts';

/** A practice and a cloud, each part in a process of its own. */
export interface World extends AsyncDisposable {
  /** Starts the agent as a host does. `data` is its folder from an earlier start; without it, it never ran before. */
  startAgent(program: readonly string[], data?: string): Promise<StartedAgent>;
}

/** The agent, whose first receive is outstanding. */
export interface StartedAgent extends AsyncDisposable {
  readonly pid: number;
  /** From just before its process was made until the queue service had let its first receive through. */
  readonly startMs: number;
  readonly dataDir: string;
  /** Resolves once database, licence, queue and upload are well. */
  healthy(): Promise<void>;
}

const operatorToken = 'operator-token-of-the-benchmarks';

/** Starts everything but the agent. */
export async function startWorld(patients: number): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), 'carestream-bench-start-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const [r4, queue, postgres] = await Promise.all([
    startR4(patients),
    startChild('benchmarks/p6/queue.ts', []),
    startPostgres(),
  ]);
  stack.use(r4);
  stack.use(queue);
  if (postgres !== null) stack.use(postgres);
  const keys = queue.ready as Readonly<Record<string, string>>;
  const server = stack.use(
    await startChild(
      'packages/flynotes-server/src/cli.ts',
      ['start', '--port', '0', '--json', '--data-dir', path.join(folder, 'flynotes')],
      {
        environment: {
          FLYNOTES_OPERATOR_TOKEN: operatorToken,
          FLYNOTES_QUEUE: 'local',
          FLYNOTES_SQS_ENDPOINT: keys['endpoint'],
          FLYNOTES_CREDENTIAL_ISSUER: keys['issuerUrl'],
          AWS_REGION: keys['region'],
          AWS_ACCESS_KEY_ID: keys['accessKeyId'],
          AWS_SECRET_ACCESS_KEY: keys['secretAccessKey'],
          DATABASE_URL: await postgres?.createDatabase(),
        },
      },
    ),
  );
  const flynotesUrl = String(server.ready['url']);
  const { licenceKey } = await createOperator(flynotesUrl, operatorToken).createPractice('High Street Dental');
  let starts = 0;
  const owned = stack.move();
  return {
    async startAgent(program, data) {
      starts += 1;
      const dataDir = data ?? path.join(folder, `data-${starts}`);
      const config = path.join(folder, `config-${starts}.json`);
      writeFileSync(config, JSON.stringify({ licenceKey, flynotesUrl, database: r4.database, dataDir }));
      await queue.ask({ forget: true });
      const startedMs = performance.timeOrigin + performance.now();
      const child = spawn(process.execPath, [...program, 'start', '--config', config], {
        stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          ...agentNodeEnvironment,
          CARESTREAM_ROLE: 'stable',
          CARESTREAM_HOST_VERSION: '1.0.0',
          CARESTREAM_DATA_DIR: dataDir,
        },
      });
      const ended = once(child, 'close');
      const well = Promise.withResolvers<void>();
      createInterface({ input: child.stdio[3] as NodeJS.ReadableStream }).on('line', (line) => {
        const { checks } = JSON.parse(line) as { checks?: Readonly<Record<string, boolean>> };
        if (checks && Object.values(checks).every(Boolean)) well.resolve();
      });
      const early = ended.then(([code]) => Promise.reject(new Error(`The agent ended with code ${String(code)}.`)));
      early.catch(() => undefined);
      const { atMs } = await Promise.race([queue.ask<{ atMs: number }>({ receive: true }), early]);
      return {
        pid: child.pid ?? 0,
        startMs: atMs - startedMs,
        dataDir,
        healthy: () => Promise.race([well.promise, early]),
        async [Symbol.asyncDispose]() {
          // Its graceful end waits for a long poll; nothing of it is measured here.
          child.kill('SIGKILL');
          await ended;
        },
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
