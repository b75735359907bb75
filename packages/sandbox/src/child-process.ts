import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A part of the sandbox that runs as its own process, as it does in life. */
export interface ChildPart extends AsyncDisposable {
  readonly pid: number;
  readonly process: ChildProcess;
  /** The last lines that it wrote to standard error, for when it fails. */
  lastWords(): string;
}

/** How a part is started. */
export interface ChildOptions {
  readonly name: string;
  readonly script: string;
  readonly words: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** The part is ready when this returns something for a line of its standard output. */
  readonly onLine: (line: string) => boolean;
  readonly readyWithinMs: number;
}

/**
 * Starts a TypeScript source as a process of its own and waits until it says that it is ready.
 * @throws Error with the part's name and last words when it ends or is late
 */
export async function startChild(options: ChildOptions): Promise<ChildPart> {
  const child = spawn(
    process.execPath,
    ['--conditions=@flynotes/source', '--disable-warning=ExperimentalWarning', options.script, ...options.words],
    { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...options.environment } },
  );
  const words: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    words.push(line);
    if (words.length > 20) words.shift();
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(late);
      reject(new Error(`${options.name} ${why}\n${words.join('\n')}`));
    };
    const late = setTimeout(
      () => fail(`was not ready within ${options.readyWithinMs / 1000} s`),
      options.readyWithinMs,
    );
    void ended.then(() => fail('ended before it was ready'));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!options.onLine(line)) return;
      clearTimeout(late);
      resolve();
    });
  }).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    pid: child.pid ?? 0,
    process: child,
    lastWords: () => words.join('\n'),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}
