import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process that a benchmark started, ready to be spoken to. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** The first line that it printed. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Writes a command as one line of JSON and waits for the line that answers it. One at a time. */
  ask<Answer>(command: object): Promise<Answer>;
}

/** How long a process may take to end. */
const endWithinMs = 5_000;

/**
 * Starts a Node process from source and waits for the JSON line with which it says that it is ready. It ends when its
 * standard input closes.
 */
export const startChild = async (
  script: string,
  args: readonly string[],
  options: { readonly flags?: readonly string[]; readonly environment?: NodeJS.ProcessEnv } = {},
): Promise<Child> => {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@flynotes/source',
      '--disable-warning=ExperimentalWarning',
      ...(options.flags ?? []),
      script,
      ...args,
    ],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...options.environment },
    },
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = createInterface({ input: child.stdout });
  const line = (): Promise<string> =>
    Promise.race([
      new Promise<string>((resolve) => lines.once('line', resolve)),
      ended.then((code) => Promise.reject(new Error(`${script} ended with code ${code} and said nothing.`))),
    ]);
  const first = await line();
  return {
    pid: child.pid ?? 0,
    ready: JSON.parse(first) as Record<string, unknown>,
    async ask<Answer>(command: object) {
      const answer = line();
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return JSON.parse(await answer) as Answer;
    },
    async [Symbol.asyncDispose]() {
      // Ended by itself, it leaves a profile behind where it was told to make one.
      child.stdin.end();
      const late = setTimeout(() => child.kill('SIGKILL'), endWithinMs);
      await ended;
      clearTimeout(late);
    },
  };
};
