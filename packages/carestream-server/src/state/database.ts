import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isOfNewerRelease, migrate } from './migrations.ts';
import { guarded, isDamage } from './sqlite-errors.ts';

/** How many files of either kind are kept for whoever wants to look. */
const filesKept = 3;
const pageBytes = 4_096;

/** A database ready for use, and what had to be done for it. */
export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Why the file that was found was set aside and a new one begun; null where it was not. */
  readonly replaced: ReplacedBecause | null;
}

/**
 * `damaged`, or `newer`: written by a release that was undone since. That one's file is kept, and nobody waits for a person: an agent
 * that cannot go back by itself would be an agent that an update can stop.
 */
export type ReplacedBecause = 'damaged' | 'newer';

/**
 * Opens the file, or makes it. What is damaged or written by a newer release is set aside as `*.damaged-N` or `*.newer-N`: everything in
 * it can be won back from R4 and Flynotes.
 * @param bytesMost - how large the file may grow; writing past it is DISK_FULL
 * @throws AgentError DISK_FULL, STATE_UNUSABLE
 */
export function openDatabase(path: string, bytesMost: number): OpenedDatabase {
  return guarded(() => {
    if (existsSync(damageMarkOf(path))) {
      setAside(path, 'damaged');
      rmSync(damageMarkOf(path));
      return { database: openSound(path, bytesMost), replaced: 'damaged' };
    }
    try {
      return { database: openSound(path, bytesMost), replaced: null };
    } catch (error) {
      const replaced = isDamage(error) ? 'damaged' : isOfNewerRelease(error) ? 'newer' : null;
      if (replaced === null) throw error;
      setAside(path, replaced);
      return { database: openSound(path, bytesMost), replaced };
    }
  });
}

/**
 * Lets the next {@link openDatabase} begin anew. Damage that came up while the file was in use need not show when it is opened, and an
 * agent that starts again because of it would start for ever.
 */
export function markDamaged(path: string): void {
  guarded(() => writeFileSync(damageMarkOf(path), ''));
}

const damageMarkOf = (path: string): string => `${path}.is-damaged`;

function openSound(path: string, bytesMost: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    // FULL: what was waited for stays, also when the power goes. What need not be is written lightly.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA max_page_count = ${Math.ceil(bytesMost / pageBytes)}`);
    const verdict = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
    if (verdict.quick_check !== 'ok') throw Object.assign(new Error('quick_check failed'), { errcode: 11 });
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function setAside(path: string, because: ReplacedBecause): void {
  const prefix = `${basename(path)}.${because}-`;
  const numbers = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number.parseInt(name.slice(prefix.length), 10))
    .filter(Number.isInteger);
  const next = Math.max(0, ...numbers) + 1;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.${because}-${next}${suffix}`);
  }
  for (const old of numbers.filter((number) => number <= next - filesKept)) {
    for (const suffix of ['', '-wal', '-shm']) {
      rmSync(join(dirname(path), `${prefix}${old}${suffix}`), { force: true });
    }
  }
}
