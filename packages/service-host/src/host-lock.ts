import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

/** @see {@link takeHostLock} */
export type LockAnswer =
  | { readonly outcome: 'taken'; readonly release: () => void }
  /** Another host has it. */
  | { readonly outcome: 'busy' }
  /** No lock can be had at all, as on a full or read-only disk. */
  | { readonly outcome: 'impossible' };

/** SQLITE_BUSY, and SQLITE_LOCKED (sqlite.org/rescode.html). */
const busyCodes = new Set([5, 6]);
/** SQLITE_CORRUPT, and SQLITE_NOTADB. */
const damagedCodes = new Set([11, 26]);

/**
 * Takes a data folder for this host alone. The lock is SQLite's on an empty file: the operating system holds it for the process and drops
 * it however the process ends, on Windows as on Linux, and nobody who may not write the folder can take it.
 */
export function takeHostLock(dataDir: string): LockAnswer {
  const file = path.join(dataDir, 'state', 'host.lock');
  const answer = tryLock(file);
  if (answer !== 'damaged') return answer;
  try {
    rmSync(file, { force: true });
  } catch {
    return { outcome: 'impossible' };
  }
  const again = tryLock(file);
  return again === 'damaged' ? { outcome: 'impossible' } : again;
}

function tryLock(file: string): LockAnswer | 'damaged' {
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    // Not imported: a Node.js that has no SQLite still runs the agent.
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
    database = new DatabaseSync(file, { timeout: 0 });
    const opened = database;
    opened.exec('pragma locking_mode = exclusive; begin exclusive');
    return { outcome: 'taken', release: () => opened.close() };
  } catch (error) {
    database?.close();
    // Extended codes carry the plain one in their low byte.
    const code = Number((error as { errcode?: unknown }).errcode ?? 0) & 0xff;
    if (busyCodes.has(code)) return { outcome: 'busy' };
    return damagedCodes.has(code) ? 'damaged' : { outcome: 'impossible' };
  }
}
