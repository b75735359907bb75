/**
 * Parts of a benchmark, each in a process of its own as it is in life, so that none takes another's time unseen:
 *
 * - {@link startR4}: the R4 simulator.
 * - {@link startCountingServer}: Flynotes' side of a bulk pass at the least possible cost, with a queue that gives messages out.
 * - {@link startFlynotesServer}: the real server on a PostgreSQL.
 * - {@link startAgent}: the agent's own program, `start --config …`, as a release has it and with what a host launches it.
 *
 * All are {@link Child}ren or dispose of themselves; what a folder holds goes with its owner.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { agentNodeEnvironment, agentNodeFlags, hostFiles } from '@flynotes/carestream-server/api';
import { buildAgent } from '../../tools/agent-bundle.ts';
import { startChild, type Child } from '../child.ts';

/** The simulated R4. */
export interface R4Child extends Child {
  readonly port: number;
  /** As the agent's configuration takes it. */
  readonly database: string;
}

/** Starts the R4 simulator with generated patients. */
export const startR4 = async (patients: number, more: readonly string[] = []): Promise<R4Child> => {
  const child = await startChild('packages/sandbox/src/r4-server/main.ts', [
    '--patients',
    String(patients),
    '--until-stdin-closes',
    ...more,
  ]);
  const port = Number(child.ready['port']);
  const database = `Server=127.0.0.1,${port};Database=sys2000;Uid=flynotes_reader;Pwd=reader-password;Encrypt=no`;
  return { ...child, port, database };
};

/** What the counting server counted. */
export interface Counted {
  /** From the request that began the last pass to the answer that ended it. */
  readonly passMs: number | null;
  readonly batches: number;
  /** Bytes of all request bodies of the last pass, as they came over the wire. */
  readonly bytes: number;
  readonly patients: number | null;
}

/** @see {@link startCountingServer} */
export interface CountingServer extends Child {
  readonly url: string;
  /** The last pass that ended; waits for the `n`th one. */
  pass(n: number): Promise<Counted>;
  /** Reads what came in the last pass and computes its digests anew. @throws Error unless they are what the agent told */
  verify(): Promise<{ readonly patients: number }>;
  /** Puts a message into the practice's queue. */
  send(message: object): Promise<void>;
}

/** Starts a server that takes batches, keeps their bytes, and believes the root: what it believed is verified afterwards, untimed. */
export const startCountingServer = async (): Promise<CountingServer> => {
  const child = await startChild('benchmarks/rig/counting-server.ts', []);
  return {
    ...child,
    url: `http://127.0.0.1:${Number(child.ready['port'])}`,
    pass: (n) => child.ask<Counted>({ pass: n }),
    async verify() {
      const verdict = await child.ask<{ patients: number; fault?: string }>({ verify: true });
      if (verdict.fault !== undefined) throw new Error(`What the agent sent is not what it told: ${verdict.fault}`);
      return verdict;
    },
    async send(message) {
      await child.ask({ message });
    },
  };
};

/** Starts flynotes-server on a PostgreSQL database. */
export const startFlynotesServer = async (
  databaseUrl: string,
): Promise<Child & { readonly url: string; readonly operatorToken: string }> => {
  const operatorToken = 'operator-token-of-the-benchmarks';
  const child = await startChild('packages/flynotes-server/src/cli.ts', ['start', '--port', '0', '--json'], {
    environment: { DATABASE_URL: databaseUrl, FLYNOTES_OPERATOR_TOKEN: operatorToken, FLYNOTES_QUEUE: 'none' },
  });
  return { ...child, url: String(child.ready['url']), operatorToken };
};

/** The agent's program, running. */
export interface AgentProcess extends AsyncDisposable {
  readonly pid: number;
  /** The most memory that it ever held, in MB. */
  peakMb(): number;
}

/** Starts the agent's own program with a fresh data folder. */
export const startAgent = async (config: {
  readonly flynotesUrl: string;
  readonly database: string;
  readonly licenceKey?: string;
  readonly times?: Readonly<Record<string, number>>;
}): Promise<AgentProcess> => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'carestream-bench-agent-'));
  const file = path.join(dataDir, 'config.json');
  writeFileSync(file, JSON.stringify({ licenceKey: 'licence-key-of-the-benchmarks', ...config, dataDir }));
  // Of today's source: a release that somebody built yesterday would be measured unseen.
  const bundle = path.join(dataDir, hostFiles.agentEntry);
  await buildAgent(bundle);
  const child = spawn(process.execPath, [...agentNodeFlags, bundle, 'start', '--config', file], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, ...agentNodeEnvironment },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const pid = child.pid ?? 0;
  return {
    pid,
    peakMb: () => peakMbOf(pid),
    async [Symbol.asyncDispose]() {
      // Its graceful end waits for a long poll; nothing of it is measured here.
      child.kill('SIGKILL');
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

/** The most memory that a process ever held (VmHWM), in MB. */
export const peakMbOf = (pid: number): number => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error(`Nothing is known of the memory of process ${pid}.`);
  return Number(kilobytes) / 1024;
};

/** The agent's bulk upload as a child that passes can be asked of one by one; launched with the host's flags. @see bulk-agent.ts */
export const startBulkAgent = (database: string, flynotesUrl: string): Promise<Child> =>
  startChild('benchmarks/rig/bulk-agent.ts', [database, flynotesUrl], {
    flags: agentNodeFlags,
    environment: agentNodeEnvironment,
  });
