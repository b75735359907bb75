import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { agentNodeFlags } from '@flynotes/carestream-server/api';
import { createFlynotesServer, type FlynotesServer, type FlynotesServerOptions } from '@flynotes/flynotes-server';
import { createOperator, reportOf, type Operator, type Report } from '@flynotes/sandbox';
import { createR4Server, type R4Server, type R4ServerOptions } from '@flynotes/sandbox/r4-server';
import { createRollbarSink, type RollbarSink } from '@flynotes/sandbox/rollbar';
import { createSqs, type Sqs } from '@flynotes/sandbox/sqs';

const agentCli = path.resolve(import.meta.dirname, '../../packages/carestream-server/src/cli/main.ts');
const operatorToken = 'end-to-end-operator-token';

/** A small practice and a cloud in this process; the agent runs in its own. */
export interface Rig extends AsyncDisposable {
  readonly r4: R4Server;
  readonly sqs: Sqs;
  readonly rollbar: RollbarSink;
  readonly flynotes: FlynotesServer;
  readonly operator: Operator;
  readonly licenceKey: string;
  readonly folder: string;
  /** A configuration that works, with parts replaced. */
  config(changes?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Starts the agent; `content` may be any text, to try broken files. */
  startAgent(content: Record<string, unknown> | string, options?: AgentOptions): AgentProcess;
  reports(event?: string): readonly Report[];
}

/** How the agent's process is started. */
export interface AgentOptions {
  /** Under a host: health on descriptor 3, an end when standard input closes. */
  readonly underHost?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
  /** A release's file instead of the source. */
  readonly bundle?: string;
}

/** A running agent. */
export interface AgentProcess {
  readonly pid: number;
  /** Resolves to the exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** What it said on standard error. */
  words(): string;
  health(): readonly { readonly checks: Readonly<Record<string, boolean>> }[];
  signal(name: NodeJS.Signals): void;
  closeInput(): void;
}

/** Brings up a rig of `patients` patients. */
export async function createRig(
  options: R4ServerOptions = {},
  flynotesOptions: Partial<FlynotesServerOptions> = {},
): Promise<Rig> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), 'carestream-end-to-end-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const r4 = stack.use(await createR4Server({ patients: 300, ...options }));
  const sqs = stack.use(await createSqs());
  const rollbar = stack.use(await createRollbarSink());
  const flynotes = stack.use(
    await createFlynotesServer({
      operatorToken,
      queue: {
        kind: 'local',
        region: sqs.region,
        namePrefix: 'e2e-',
        sqsEndpoint: sqs.endpoint,
        issuerUrl: sqs.issuerUrl,
        ...sqs.adminCredentials,
      },
      rollbar: { accessToken: rollbar.accessToken, environment: 'test', level: 'info', endpoint: rollbar.endpoint },
      ...flynotesOptions,
    }),
  );
  const operator = createOperator(flynotes.url, operatorToken);
  const { licenceKey } = await operator.createPractice('High Street Dental');
  const agents: AgentProcess[] = [];
  stack.defer(async () => {
    for (const agent of agents) agent.signal('SIGKILL');
    await Promise.all(agents.map(({ ended }) => ended));
  });
  let starts = 0;

  const rig = {
    r4,
    sqs,
    rollbar,
    flynotes,
    operator,
    licenceKey,
    folder,
    config(changes: Readonly<Record<string, unknown>> = {}) {
      starts += 1;
      const dataDir = path.join(folder, `data-${starts}`);
      mkdirSync(dataDir);
      const whole: Record<string, unknown> = {
        licenceKey,
        flynotesUrl: flynotes.url,
        database: r4.connectionString(),
        dataDir,
        rollbarToken: rollbar.accessToken,
        rollbarEndpoint: rollbar.endpoint,
        ...changes,
      };
      return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
    },
    startAgent(content: Record<string, unknown> | string, agentOptions: AgentOptions = {}) {
      starts += 1;
      const file = path.join(folder, `config-${starts}.json`);
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      const agent = spawnAgent(file, agentOptions);
      agents.push(agent);
      return agent;
    },
    reports: (event?: string) =>
      rollbar
        .items()
        .map(reportOf)
        .filter((report) => event === undefined || report.event === event),
  };
  const owned = stack.move();
  return { ...rig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function spawnAgent(file: string, options: AgentOptions): AgentProcess {
  const { underHost = false, environment = {}, bundle } = options;
  const program =
    bundle === undefined
      ? ['--conditions=@flynotes/source', '--disable-warning=ExperimentalWarning', agentCli]
      : [...agentNodeFlags, bundle];
  const child = spawn(process.execPath, [...program, 'start', '--config', file], {
    stdio: ['pipe', 'pipe', 'pipe', underHost ? 'pipe' : 'ignore'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ...(underHost ? { CARESTREAM_ROLE: 'stable' } : {}),
      ...environment,
    },
  });
  let words = '';
  let healthText = '';
  child.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()));
  child.stdout?.resume();
  const health = child.stdio[3] as NodeJS.ReadableStream | null | undefined;
  health?.on('data', (chunk: Buffer) => (healthText += chunk.toString()));
  return {
    pid: child.pid ?? 0,
    ended: new Promise((resolve) => child.once('close', (code) => resolve(code))),
    words: () => words,
    health: () =>
      healthText
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { checks: Record<string, boolean> }),
    signal: (name) => void child.kill(name),
    closeInput: () => child.stdin?.end(),
  };
}

/** Asks until it holds. */
export async function eventually<Answer>(
  what: string,
  probe: () => Promise<Answer | null | undefined | false> | Answer | null | undefined | false,
  withinMs = 45_000,
): Promise<Answer> {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    const answer = await probe();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > endsAt) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Everything that the agent wrote into its data folder, as bytes. */
export function bytesIn(folder: string): Buffer {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Buffer.concat(files.map((entry) => readFileSync(path.join(entry.parentPath, entry.name))));
}
