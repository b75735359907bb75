import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DriverFault, FromReader, ToReader } from './messages.ts';
import { odbcReaderWord } from './reader-word.ts';

/** The process that holds the ODBC driver, as the agent sees it. */
export interface ReaderProcess {
  readonly alive: boolean;
  /** Resolves once the native driver is loaded. @throws ReaderUnusable, ReaderEnded */
  readonly ready: Promise<void>;
  /** One request at a time. @throws ReaderEnded */
  ask(request: ToReader): Promise<FromReader>;
  /** At once, whatever it does. */
  kill(): void;
  /** Lets it take leave of SQL Server; it ends by itself soon after. */
  leave(): void;
  readonly ended: Promise<void>;
}

/** The process ended before it answered: crashed, killed, or never started. */
export class ReaderEnded extends Error {
  /** The signal or exit code with which it ended, where that is known: `SIGSEGV`, `1`. */
  readonly how: string | undefined;
  constructor(how?: string) {
    super('the reader process ended');
    this.how = how;
  }
}

/** The process runs, but there is no driver that it could use. */
export class ReaderUnusable extends Error {
  readonly fault: DriverFault;
  constructor(fault: DriverFault) {
    super(fault);
    this.fault = fault;
  }
}

/** From source it is a file of its own; a release is one file, which a word makes the reader. */
function program(): readonly [file: string, ...words: string[]] {
  const here = fileURLToPath(import.meta.url);
  return here.endsWith('.ts') ? [path.join(path.dirname(here), 'reader-main.ts')] : [here, odbcReaderWord];
}

/**
 * It holds one page at a time, and leaves the practice's processors alone as the agent does. The agent's own flags may be of no use to it, or
 * harm (a port to debug at).
 */
const readerFlags = ['--max-old-space-size=96', '--max-semi-space-size=4', '--v8-pool-size=1'];

/** Starts the process. It needs nothing of the agent's arguments; what it is told comes by messages, never on a command line. */
export function startReader(told?: string): ReaderProcess {
  const [file, ...words] = told === undefined ? program() : [told];
  const child: ChildProcess = fork(file, words, {
    serialization: 'advanced',
    execArgv: readerFlags,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    windowsHide: true,
  });
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let waiting: PromiseWithResolvers<FromReader> | undefined;
  let alive = true;
  let leaving = false;

  const over = (how?: string): void => {
    if (!alive) return;
    alive = false;
    const error = new ReaderEnded(how);
    ready.reject(error);
    waiting?.reject(error);
    waiting = undefined;
    ended.resolve();
  };
  const kill = (): void => {
    child.kill('SIGKILL');
    over();
  };
  for (const promise of [ready.promise, ended.promise]) promise.catch(() => undefined);
  child.on('error', () => over());
  child.on('exit', (code, signal) => over(signal ?? String(code)));
  // Its end says how it ended, and follows at once.
  child.on('disconnect', () => {
    if (!leaving) child.kill('SIGKILL');
  });
  child.on('message', (message) => {
    const answer = message as FromReader;
    if (answer.kind === 'ready') ready.resolve();
    else if (answer.kind === 'unusable') ready.reject(new ReaderUnusable(answer.reason));
    else {
      waiting?.resolve(answer);
      waiting = undefined;
    }
  });

  return {
    get alive() {
      return alive;
    },
    ready: ready.promise,
    ended: ended.promise,
    kill,
    leave() {
      leaving = true;
      if (child.connected) child.disconnect();
    },
    ask(request) {
      if (!alive || waiting !== undefined) return Promise.reject(new ReaderEnded());
      waiting = Promise.withResolvers<FromReader>();
      const { promise } = waiting;
      child.send(request, (error) => {
        if (error !== null) kill();
      });
      return promise;
    },
  };
}
