import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import {
  agentNodeEnvironment,
  agentNodeFlags,
  environmentNames,
  healthFileDescriptor,
  hostVersion,
  places,
  type Role,
} from './agent-interface.ts';
import { createCrashWords } from './crash-words.ts';
import { isObject, parseObject } from './json-file.ts';
import type { Release } from './release-folder.ts';
import { codeOf } from './release-folder.ts';

/** How one life of the agent's process ended. */
export interface AgentEnd {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Its last words, without anything that might be a value: `TypeError at agent.mjs:12:3`. */
  readonly words: string | null;
}

/** What a running agent tells. */
export interface AgentListener {
  /** All four checks are true, or not. */
  onHealth(healthy: boolean, checks: Readonly<Record<string, boolean>>): void;
}

/** One life of the agent's process. */
export interface AgentProcess {
  readonly pid: number;
  readonly ended: Promise<AgentEnd>;
  /** Closes standard input (and sends SIGTERM where that exists), and kills what is still there in the end. */
  stop(withinMs: number): Promise<AgentEnd>;
}

/** Where the host and the agent's data lie. */
export interface HostDirs {
  readonly installDir: string;
  readonly dataDir: string;
  readonly keysFile: string;
}

const lineCharactersMost = 10_000;
const healthNames = ['database', 'licence', 'queue', 'upload'] as const;
/** Would make our Node run what somebody meant for another one. */
const notPassedOn = ['NODE_OPTIONS', 'NODE_PATH', 'NODE_CHANNEL_FD', 'NODE_V8_COVERAGE', 'NODE_REPL_EXTERNAL_MODULE'];

/** Starts a verified release. */
export function launchAgent(
  release: Release,
  role: Role,
  settings: { readonly dirs: HostDirs; readonly configFile: string; readonly node: string },
  listener: AgentListener,
): AgentProcess {
  const { dirs } = settings;
  const words = [
    ...agentNodeFlags,
    path.join(release.path, places.agentEntry),
    'start',
    '--config',
    settings.configFile,
  ];
  const started = spawn(settings.node, words, {
    // Not the release's folder: Windows removes no folder that somebody works in.
    cwd: dirs.dataDir,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: environmentOf(dirs, role),
    windowsHide: true,
  });
  const lastWords = createCrashWords();
  // Read so that the agent never waits for us; it has its own log.
  started.stdout?.resume();
  started.stderr?.on('data', (bytes: Buffer) => lastWords.add(bytes));
  for (const stream of started.stdio) (stream as NodeJS.EventEmitter | null)?.on('error', () => undefined);
  readHealth(started, listener);

  const ended = new Promise<AgentEnd>((resolve) => {
    started.once('error', (error) =>
      resolve({ exitCode: null, signal: null, words: `cannot start: ${codeOf(error)}` }),
    );
    // Not `close`: a grandchild may hold the pipes for ever.
    started.once('exit', (exitCode, signal) => {
      // What it wrote last is still in the pipe.
      setImmediate(() => resolve({ exitCode, signal, words: lastWords.tell() }));
    });
  });
  return {
    pid: started.pid ?? 0,
    ended,
    async stop(withinMs) {
      started.stdin?.end();
      if (process.platform !== 'win32') started.kill('SIGTERM');
      const late = setTimeout(() => started.kill('SIGKILL'), withinMs);
      const end = await ended;
      clearTimeout(late);
      return end;
    },
  };
}

function environmentOf(dirs: HostDirs, role: Role): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  for (const name of notPassedOn) delete environment[name];
  return {
    ...agentNodeEnvironment,
    ...environment,
    [environmentNames.dataDir]: dirs.dataDir,
    [environmentNames.nativeDir]: path.join(dirs.installDir, places.native),
    [environmentNames.hostVersion]: hostVersion,
    [environmentNames.keysFile]: dirs.keysFile,
    [environmentNames.role]: role,
  };
}

function readHealth(started: ChildProcess, listener: AgentListener): void {
  const input = started.stdio[healthFileDescriptor] as NodeJS.ReadableStream | null | undefined;
  let rest = '';
  input?.setEncoding('utf8');
  input?.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    // Somebody who never ends a line is not listened to.
    rest = (lines.pop() ?? '').slice(0, lineCharactersMost);
    for (const line of lines) readLine(line, listener);
  });
}

function readLine(line: string, listener: AgentListener): void {
  const told = parseObject(line);
  if (told === null || told['event'] !== 'health' || !isObject(told['checks'])) return;
  const { checks } = told;
  const read = Object.fromEntries(healthNames.map((name) => [name, checks[name] === true]));
  const healthy = healthNames.every((name) => read[name] === true);
  listener.onHealth(healthy, read);
}
