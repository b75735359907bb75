import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a program said and how it ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for clients that put messages on either. */
  readonly output: string;
}

const executable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** True where a program is on the PATH. */
export const isInstalled = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && executable(join(folder, program)));

/** Whether a foreign client can be tried here. In CI a missing one is a failure, not a skip. */
export interface Presence {
  readonly present: boolean;
  /** What was not run, and what to install. */
  readonly message: string;
}

/** @throws Error in CI (`CI=true`) where something is missing */
export const presenceOf = (client: string, present: boolean, mend: string): Presence => {
  const message = present ? `${client} is here` : `NOT RUN: ${client} is missing here. ${mend}`;
  if (!present && (process.env['CI'] ?? '') !== '' && process.env['CI'] !== 'false') throw new Error(message);
  if (!present) process.stderr.write(`${message}\n`);
  return { present, message };
};

/** Runs a program to its end; `input` goes to its standard input. */
export const runProgram = (
  program: string,
  args: readonly string[],
  options: { readonly input: string | Buffer; readonly env: Readonly<Record<string, string>> },
): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', ...options.env },
      stdio: 'pipe',
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => undefined);
    child.once('error', reject);
    child.once('close', (code) => {
      const out = Buffer.concat(stdout).toString();
      const err = Buffer.concat(stderr).toString();
      resolve({ code, stdout: out, stderr: err, output: `${out}\n${err}` });
    });
    child.stdin.end(options.input);
  });
