import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostFiles, releaseFolderOf, type Directive, type ReleaseManifest } from '@flynotes/carestream-server/api';
import type { HostEvent } from '../host-log.ts';
import type { HostState } from '../host-state.ts';
import { readObject } from '../json-file.ts';
import { createSlots } from '../slots.ts';
import type { HostTimes } from '../times.ts';
import { agentSource, type FakeAgent } from './fake-agents.ts';
import { makeKeys, signJson, type TestKey } from './signer.ts';

/** Times that let a life pass within a second. */
export const shortTimes: Partial<HostTimes> = {
  soakMs: 150,
  unhealthyMostMs: 6_000,
  turnFirstMs: 6_000,
  turnMostMs: 12_000,
  growFirstMs: 5,
  growMostMs: 40,
  waitMs: 60,
  healthyResetMs: 400,
  quickMs: 1_000,
  stopWithinMs: 1_500,
  staleMs: 2_000,
  silentMostMs: 3_000,
  unheardMostMs: 60_000,
  lockWaitMs: 100,
};

/** A release as it lies on disk. */
export interface TestRelease {
  readonly version: string;
  readonly sha512: string;
  readonly folder: string;
  readonly path: string;
}

/** What a release is to be other than the usual. */
export interface ReleaseWish {
  readonly agent?: FakeAgent | 'throwsAtImport';
  readonly files?: Readonly<Record<string, string>>;
  readonly manifest?: Partial<ReleaseManifest>;
  readonly key?: TestKey;
  readonly installed?: boolean;
}

/** A running host. */
export interface RunningHost {
  readonly process: ChildProcess;
  readonly events: readonly HostEvent[];
  /** Waits for an event that is like this one, from `since` on. */
  until(wanted: Partial<HostEvent> & { event: HostEvent['event'] }, since?: number): Promise<HostEvent>;
  /** Closes standard input. Resolves to the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
  readonly ended: Promise<number | null>;
  /** What it wrote to standard error. */
  errors(): string;
}

/** @see {@link createHostRig} */
export type HostRig = ReturnType<typeof createHostRig>;

/** Far more than any step takes: a machine may be busy with something else. */
const waitMostMs = 40_000;

/** A folder with an installation, keys and releases of its own, and the real host as a process over it. */
export function createHostRig(times: Partial<HostTimes> = {}) {
  const root = mkdtempSync(path.join(tmpdir(), 'service-host-'));
  const installDir = path.join(root, 'install');
  const dataDir = path.join(root, 'data');
  const keys = makeKeys();
  const started: RunningHost[] = [];
  let sequence = 0;
  for (const dir of [installDir, dataDir, path.join(dataDir, 'state')]) mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(installDir, 'keys.json'), JSON.stringify(keys.file));

  const addRelease = (version: string, wish: ReleaseWish = {}): TestRelease => {
    const files: Record<string, string> = {
      'package.json': JSON.stringify({ name: '@flynotes/carestream-server', version }),
      [hostFiles.agentEntry]: agentSource(wish.agent ?? 'good'),
      ...wish.files,
    };
    const sha512 = hashOf(JSON.stringify([version, files, wish.manifest]));
    const manifest: ReleaseManifest = {
      name: '@flynotes/carestream-server',
      version,
      tarball: { sha512, sizeBytes: 1000 },
      files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, hashOf(text)])),
      node: '24.0.0',
      hostMin: '0.1.0',
      stateSchema: 1,
      ...wish.manifest,
    };
    const folder = releaseFolderOf(version, sha512);
    const folderPath = path.join(wish.installed === true ? installDir : dataDir, hostFiles.versions, folder);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folderPath, name)), { recursive: true });
      writeFileSync(path.join(folderPath, name), text);
    }
    const envelope = signJson(manifest, 'releaseManifest', wish.key ?? keys.release);
    writeFileSync(path.join(folderPath, hostFiles.releaseManifest), JSON.stringify(envelope));
    return { version, sha512, folder, path: folderPath };
  };

  /** Writes what an agent leaves before it exits with 11. */
  const stage = (release: TestRelease, wish: Partial<Directive> = {}, key: TestKey = keys.directive): number => {
    sequence = wish.sequence ?? sequence + 1;
    const directive = {
      practice: 'practice-1',
      nonce: '0123456789abcdef',
      sequence,
      version: release.version,
      releaseSha512: release.sha512,
      attempt: 1,
      floor: '0.0.1',
      expiresAt: '2026-03-02T09:15:00.000Z',
      ...wish,
    };
    writeFileSync(
      path.join(dataDir, hostFiles.staged),
      JSON.stringify({ directive: signJson(directive, 'directive', key) }),
    );
    return sequence;
  };

  const startHost = (
    options: { nodeWords?: readonly string[]; env?: NodeJS.ProcessEnv; words?: readonly string[] } = {},
  ): RunningHost => {
    const dirs = ['--install-dir', installDir, '--data-dir', dataDir];
    const host = runHost(
      [
        process.execPath,
        ...(options.nodeWords ?? []),
        path.join(import.meta.dirname, '../supervisor-main.ts'),
        ...(options.words ?? [...dirs, '--times', JSON.stringify({ ...shortTimes, ...times })]),
      ],
      options.env,
    );
    started.push(host);
    return host;
  };

  return {
    root,
    installDir,
    dataDir,
    keys,
    addRelease,
    stage,
    startHost,
    /** As fake agents look at the world. */
    world: {
      set: (name: string) => writeFileSync(path.join(dataDir, `world-${name}`), ''),
      clear: (name: string) => rmSync(path.join(dataDir, `world-${name}`), { force: true }),
    },
    /** Writing the state, the log and the note of the process fails with ENOSPC; what was written last stays. */
    disk: {
      fill(): void {
        const slots = hostFiles.slots.map((slot) => path.join(dataDir, slot));
        const gens = slots.map((slot) => Number(readObject(slot)?.['gen'] ?? 0));
        const newer = gens[0] === gens[1] ? -1 : gens[0]! > gens[1]! ? 0 : 1;
        const others = ['logs/host.log', 'state/agent-process.json'].map((place) => path.join(dataDir, place));
        for (const file of [...slots.filter((_, slot) => slot !== newer), ...others]) {
          mkdirSync(path.dirname(file), { recursive: true });
          rmSync(file, { force: true });
          symlinkSync('/dev/full', file);
        }
      },
      free(): void {
        const places = [...hostFiles.slots, 'logs/host.log', 'state/agent-process.json'];
        for (const file of places.map((place) => path.join(dataDir, place))) {
          if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(file);
        }
      },
    },
    state: (): HostState | null => createSlots(dataDir).read(),
    setState: (state: HostState): boolean => createSlots(dataDir).write(state),
    log: (): string => readFileSync(path.join(dataDir, 'logs/host.log'), 'utf8'),
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((host) => host.stop()));
      rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** Stable is healthy and has an update staged; the host takes it when the agent exits. */
export async function offer(rig: HostRig, host: RunningHost, stageIt: () => void): Promise<number> {
  const since = host.events.length;
  stageIt();
  rig.world.set('exit-11');
  await host.until({ event: 'exited', exitCode: 11 }, since);
  rig.world.clear('exit-11');
  return since;
}

/** A host over a release that came with the installer, healthy. */
export async function withStable(rig: HostRig): Promise<{ stable: TestRelease; host: RunningHost }> {
  const stable = rig.addRelease('1.0.0', { agent: 'obedient', installed: true });
  const host = rig.startHost();
  await host.until({ event: 'health', healthy: true });
  return { stable, host };
}

function runHost(command: readonly string[], env: NodeJS.ProcessEnv = {}): RunningHost {
  const [program = '', ...words] = command;
  const child = spawn(program, words, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  const events: HostEvent[] = [];
  let rung: (() => void)[] = [];
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as HostEvent);
    for (const ring of rung.splice(0)) ring();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  void ended.then(() => {
    for (const ring of rung.splice(0)) ring();
  });
  const like = (event: HostEvent, wanted: object): boolean =>
    Object.entries(wanted).every(([name, value]) => (event as unknown as Record<string, unknown>)[name] === value);

  return {
    process: child,
    events,
    ended,
    errors: () => errors,
    async until(wanted, since = 0) {
      const deadline = performance.now() + waitMostMs;
      for (;;) {
        const found = events.slice(since).find((event) => like(event, wanted));
        if (found !== undefined) return found;
        const leftMs = deadline - performance.now();
        if (leftMs <= 0 || child.exitCode !== null || child.signalCode !== null) {
          const told = events.map((event) => JSON.stringify(event)).join('\n');
          throw new Error(`no event like ${JSON.stringify(wanted)} after ${since}:\n${told}\n${errors}`);
        }
        const waiting = new AbortController();
        await Promise.race([
          new Promise<void>((resolve) => rung.push(resolve)),
          sleep(leftMs, undefined, { signal: waiting.signal }).catch(() => undefined),
        ]);
        waiting.abort();
      }
    },
    stop() {
      child.stdin.end();
      return ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function hashOf(text: string): string {
  return createHash('sha512').update(text).digest('hex');
}
