import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { places } from './agent-interface.ts';
import { readState, type HostState } from './host-state.ts';
import { isObject, readObject, wholeOf } from './json-file.ts';

/** A number that no host ever writes: after the highest one that JSON can count, what is written would not count any more. */
const genBeyond = 2 ** 52;

/** The host's memory: two files, of which the valid one with the highest generation counts. */
export interface Slots {
  /** Null when neither is valid: at the first start, or after damage. */
  read(): HostState | null;
  /** Overwrites the older one and sees it on disk. False when that failed; the newer one still stands then. */
  write(state: HostState): boolean;
}

/** @see {@link Slots} */
export function createSlots(dataDir: string): Slots {
  const files = places.slots.map((place) => path.join(dataDir, place));

  const newest = (): { slot: number; gen: number; state: HostState } | null => {
    let best: { slot: number; gen: number; state: HostState } | null = null;
    for (const [slot, file] of files.entries()) {
      const found = readSlot(file);
      if (found !== null && (best === null || found.gen > best.gen)) best = { slot, ...found };
    }
    return best;
  };

  return {
    read: () => newest()?.state ?? null,
    write(state) {
      try {
        // Looked up each time: whatever happened to the files meanwhile, the one that counts is never the one that is overwritten.
        const before = newest();
        const file = files[before?.slot === 0 ? 1 : 0] ?? '';
        mkdirSync(path.dirname(file), { recursive: true });
        writeThrough(file, slotText((before?.gen ?? 0) + 1, state));
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** A slot's bytes. The digest is over the JSON text of `body` exactly as it stands in the file. */
export function slotText(gen: number, state: HostState): string {
  const sha256 = createHash('sha256').update(JSON.stringify(state)).digest('hex');
  return `${JSON.stringify({ gen, sha256, body: state })}\n`;
}

function readSlot(file: string): { gen: number; state: HostState } | null {
  const found = readObject(file);
  const gen = wholeOf(found?.['gen'], 0);
  if (found === null || gen === null || gen >= genBeyond || !isObject(found['body'])) return null;
  if (createHash('sha256').update(JSON.stringify(found['body'])).digest('hex') !== found['sha256']) return null;
  const state = readState(found['body']);
  return state === null ? null : { gen, state };
}

/** Cut short at any byte, the file is no JSON or fails its digest. */
function writeThrough(file: string, text: string): void {
  const found = lstatSync(file, { throwIfNoEntry: false });
  // In the way for ever otherwise: a folder cannot be written, and a pipe waits for a reader.
  if (found?.isDirectory() === true || found?.isFIFO() === true) rmSync(file, { recursive: true, force: true });
  const handle = openSync(file, 'w', 0o640);
  try {
    const bytes = Buffer.from(text);
    if (writeSync(handle, bytes) !== bytes.length) throw new Error('written in part');
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
