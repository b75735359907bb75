/* oxlint-disable eslint/no-restricted-imports -- a crash is written when nothing but the disk can still be trusted */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, EventFields } from '../runtime/index.ts';
import { makeFolder } from '../runtime/system-folder.ts';
import { factsOf } from './error-facts.ts';
import { checkFields } from './fields.ts';

/** What a crash left for the next start: the facts that `agent.previous-run-crashed` may hold. */
export type CrashRecord = Pick<EventFields<'agent.previous-run-crashed'>, 'class' | 'frames'>;

const pathOf = (dataDir: string): string => join(dataDir, 'crash.json');
const sizeMost = 20_000;

/** Writes down, at once and without any other part, what ended this process. Never throws. */
export function writeCrashRecord(dataDir: string, error: unknown, clock: Pick<Clock, 'now'>): void {
  try {
    makeFolder(dataDir);
    const { code, class: className, frames } = factsOf(error, 'process');
    writeFileSync(
      pathOf(dataDir),
      JSON.stringify({ at: new Date(clock.now()).toISOString(), code, class: className, frames }),
      { mode: 0o640 },
    );
  } catch {
    // A full disk: the run marker still tells that there was a crash.
  }
}

/** Reads what the last crash wrote and removes it; null when there was none. */
export function takeCrashRecord(dataDir: string): CrashRecord | null {
  let text: string;
  try {
    text = readFileSync(pathOf(dataDir), 'utf8');
    rmSync(pathOf(dataDir));
  } catch {
    return null;
  }
  try {
    if (text.length > sizeMost) return {};
    const found = JSON.parse(text) as Record<string, unknown>;
    return checkFields('agent.previous-run-crashed', { class: found['class'], frames: found['frames'] }).fields;
  } catch {
    // Torn: there was a crash, and that is all we know.
    return {};
  }
}
