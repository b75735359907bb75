import type { StartOptions, StartResult } from './start-options.ts';
import { odbcReaderWord } from './practice/odbc/reader-word.ts';

/**
 * A release's one file: what the host runs, what it forks of itself, and what the library's `start` loads. Nothing is evaluated
 * before it is needed.
 */

/** @see start */
export async function startAgent(options: StartOptions): Promise<StartResult> {
  const start = await import('./start.ts');
  return start.startAgent(options);
}

/** @see runCommandLine in cli/ */
export async function runCommandLine(): Promise<void> {
  const commandLine = await import('./cli/command-line.ts');
  await commandLine.runCommandLine();
}

if (import.meta.main) {
  if (process.argv[2] === odbcReaderWord) await import('./practice/odbc/reader-main.ts');
  else await runCommandLine();
}
