import { spawnSync } from 'node:child_process';

/** Runs a program to its end. @returns its standard output @throws Error with its words when it fails */
export function call(
  program: string,
  words: readonly string[],
  options: { cwd?: string; input?: string } = {},
): string {
  const result = spawnSync(program, words, { ...options, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (result.error) throw new Error(`${program} could not be run (${(result.error as NodeJS.ErrnoException).code})`);
  if (result.status !== 0)
    throw new Error(`${program} failed (${result.status ?? result.signal})\n${result.stderr}${result.stdout}`);
  return result.stdout;
}
