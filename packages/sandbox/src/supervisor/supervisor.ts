import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  healthFileDescriptor,
  hostEnvironment,
  hostEventSchema,
  restartRuleOf,
  stopWithinMs,
  type HealthChecks,
} from '@flynotes/carestream-server/api';

/** One life of the agent's process. */
export interface AgentRun {
  readonly pid: number;
  readonly startedAt: string;
  endedAt: string | null;
  /** Null when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  health: HealthChecks | null;
}

/** How the agent is started, and how the table of exit codes is shortened. */
export interface SupervisorOptions {
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly dataDir: string;
  /** The table's pauses are multiplied by this: 1 in a practice, less where somebody watches. */
  readonly pauseFactor: number;
  readonly onChange?: (run: AgentRun) => void;
  /** Lines that the agent wrote to standard output or error. */
  readonly onLine?: (line: string) => void;
  /** Called again and again while the agent is being stopped. */
  readonly whileStopping?: () => void;
}

const askAgainMs = 500;

/** Keeps the agent running by the table of exit codes. No versions here: that is the service host's work. */
export interface Supervisor extends AsyncDisposable {
  readonly runs: readonly AgentRun[];
  current(): AgentRun | undefined;
  /** `kill -9`, as a crash or the power would end it. */
  kill(): void;
  /** Closes standard input, waits 25 s, then kills; the agent is not started again. */
  stop(): Promise<void>;
}

/** @see {@link Supervisor} */
export function startSupervisor(options: SupervisorOptions): Supervisor {
  const runs: AgentRun[] = [];
  const ending = new AbortController();
  let child: ChildProcess | undefined;

  function launch(): Promise<AgentRun> {
    const [program = process.execPath, ...words] = options.command;
    const started = spawn(program, words, {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: {
        ...options.environment,
        [hostEnvironment.dataDir]: options.dataDir,
        [hostEnvironment.hostVersion]: '0.1.0',
        [hostEnvironment.role]: 'stable',
      },
    });
    child = started;
    const run: AgentRun = {
      pid: started.pid ?? 0,
      startedAt: new Date().toISOString(),
      endedAt: null,
      exitCode: null,
      signal: null,
      health: null,
    };
    runs.push(run);
    options.onChange?.(run);
    readLines(started.stdio[healthFileDescriptor], (line) => {
      const health = healthOf(line);
      if (health === undefined) return;
      run.health = health;
      options.onChange?.(run);
    });
    for (const stream of [started.stdout, started.stderr]) readLines(stream, (line) => options.onLine?.(line));
    return new Promise((resolve) => {
      const ended = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
        Object.assign(run, { endedAt: new Date().toISOString(), exitCode, signal });
        options.onChange?.(run);
        resolve(run);
      };
      started.once('error', () => ended(1, null));
      started.once('close', ended);
    });
  }

  async function keepRunning(): Promise<void> {
    let failures = 0;
    while (!ending.signal.aborted) {
      const run = await launch();
      const rule = restartRuleOf(run.exitCode);
      failures = rule.kind === 'growing' ? failures + 1 : 0;
      const pauseMs =
        rule.kind === 'fixed'
          ? rule.delayMs
          : rule.kind === 'growing'
            ? Math.min(rule.mostMs, rule.firstMs * 2 ** (failures - 1))
            : 0;
      await sleep(pauseMs * options.pauseFactor, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  }

  const done = keepRunning();
  const stop = async (): Promise<void> => {
    ending.abort();
    child?.stdin?.end();
    const late = setTimeout(() => child?.kill('SIGKILL'), stopWithinMs);
    const asking = setInterval(() => options.whileStopping?.(), askAgainMs);
    await done;
    clearTimeout(late);
    clearInterval(asking);
  };
  return {
    runs,
    current: () => runs.at(-1),
    kill: () => void child?.kill('SIGKILL'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function readLines(stream: unknown, onLine: (line: string) => void): void {
  const input = stream as NodeJS.ReadableStream | null | undefined;
  if (!input) return;
  createInterface({ input }).on('line', onLine);
}

function healthOf(line: string): HealthChecks | undefined {
  try {
    const event = hostEventSchema.safeParse(JSON.parse(line));
    return event.success && event.data.event === 'health' ? event.data.checks : undefined;
  } catch {
    return undefined;
  }
}
