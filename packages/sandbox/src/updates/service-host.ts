import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { HealthChecks } from '@flynotes/carestream-server/api';
import type { HostEvent, HostTimes } from '@flynotes/service-host';
import type { AgentRun, Supervisor } from '../supervisor/supervisor.ts';
import type { Installation } from './installation.ts';

/** One life of an agent under the real host. */
export interface HostedRun extends AgentRun {
  readonly version: string;
  readonly role: 'stable' | 'candidate';
}

/** The real service host in the place of the sandbox's own supervisor. */
export interface ServiceHost extends Supervisor {
  readonly runs: readonly HostedRun[];
  current(): HostedRun | undefined;
  /** Everything that the host told, oldest first; it goes on over restarts of the host. */
  readonly events: readonly HostEvent[];
  hostPid(): number;
  /** `kill -9` of the host. Its agent is left to itself, as after a real one. */
  killHost(): Promise<void>;
  startHost(): void;
}

/** How the host is run. */
export interface ServiceHostOptions {
  readonly installation: Installation;
  readonly dataDir: string;
  readonly times: Partial<HostTimes>;
  readonly environment: NodeJS.ProcessEnv;
  readonly onChange?: (run: HostedRun) => void;
  readonly onLine?: (line: string) => void;
  /** Called again and again while the agent is being stopped. */
  readonly whileStopping?: () => void;
}

const askAgainMs = 500;

/** Starts the host as a service manager does, and follows what it tells. */
export function startServiceHost(options: ServiceHostOptions): ServiceHost {
  const runs: HostedRun[] = [];
  const events: HostEvent[] = [];
  let child: ChildProcess;
  let ended: Promise<void>;

  function note(event: HostEvent): void {
    events.push(event);
    options.onLine?.(JSON.stringify(event));
    if (event.event === 'launched') {
      const { pid, version, role } = event;
      runs.push({
        pid,
        version,
        role,
        startedAt: new Date().toISOString(),
        endedAt: null,
        exitCode: null,
        signal: null,
        health: null,
      });
    }
    const run = runs.at(-1);
    if (run === undefined) return;
    if (event.event === 'health' && event.pid === run.pid) run.health = event.checks as HealthChecks;
    if (event.event === 'exited' && event.pid === run.pid) {
      run.endedAt = new Date().toISOString();
      run.exitCode = event.exitCode;
      run.signal = event.signal as NodeJS.Signals | null;
    }
    options.onChange?.(run);
  }

  function startHost(): void {
    const started = spawn(
      process.execPath,
      [
        options.installation.supervisor,
        '--install-dir',
        options.installation.installDir,
        '--data-dir',
        options.dataDir,
        '--times',
        JSON.stringify(options.times),
      ],
      { stdio: ['pipe', 'pipe', 'pipe'], env: options.environment },
    );
    child = started;
    started.stdin.on('error', () => undefined);
    createInterface({ input: started.stdout }).on('line', (line) => note(JSON.parse(line) as HostEvent));
    createInterface({ input: started.stderr }).on('line', (line) => options.onLine?.(line));
    ended = new Promise((resolve) => {
      started.once('error', () => resolve());
      started.once('close', () => resolve());
    });
  }

  async function stop(): Promise<void> {
    child.stdin?.end();
    const asking = setInterval(() => options.whileStopping?.(), askAgainMs);
    await ended;
    clearInterval(asking);
  }

  startHost();
  return {
    runs,
    events,
    current: () => runs.at(-1),
    hostPid: () => child.pid ?? 0,
    kill() {
      const run = runs.at(-1);
      if (run?.endedAt === null) process.kill(run.pid, 'SIGKILL');
    },
    async killHost() {
      child.kill('SIGKILL');
      await new Promise<void>((resolve) =>
        (child.exitCode ?? child.signalCode) === null ? child.once('exit', () => resolve()) : resolve(),
      );
    },
    startHost,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
