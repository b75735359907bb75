import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../runtime/index.ts';
import { guarded, isFull } from './sqlite-errors.ts';

/**
 * How many numbers are reserved by one write, which waits for the disk: enough for a day's reads of nearly every practice, so that it
 * happens at the start and not while somebody waits at a screen.
 */
const blockSize = 100_000;
/** Room for a thousand years of reads at a thousand a second. */
const headroom = 2 ** 45;

/** @see {@link createReadSequence} */
export const readSequenceSql = {
  read: `SELECT value FROM counter WHERE name = 'read-sequence'`,
  reserve: `INSERT INTO counter (name, value) VALUES ('read-sequence', ?)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
} as const;

/** The agent's numbers of reads. */
export interface ReadSequence {
  /** A number above all that were given before. */
  next(): number;
  /** From now on only numbers above this one are given: the other side holds something that bears it. */
  raiseAbove(held: number): void;
}

/**
 * Numbers that only grow and are never given twice. A block is reserved on disk before its first number is given, so a killed
 * process leaves a gap, never a repetition. Blocks start no lower than the clock's microseconds: with the whole database lost,
 * numbers still go on above all that were ever given. Where the clock stands behind too, Flynotes tells what it holds.
 */
export function createReadSequence(database: DatabaseSync, clock: Pick<Clock, 'now'>): ReadSequence {
  const read = database.prepare(readSequenceSql.read);
  const reserve = database.prepare(readSequenceSql.reserve);
  let next = 0;
  let reservedUpTo = 0;

  function reserveFrom(least: number): void {
    const persisted = (read.get() as { value: number } | undefined)?.value ?? 0;
    const start = Math.max(persisted, reservedUpTo, least, Math.floor(clock.now() * 1_000), 1);
    try {
      reserve.run(start + blockSize);
    } catch (error) {
      // With a full disk the clock alone keeps numbers apart: a patient's upload must not wait for room.
      if (!isFull(error)) throw error;
    }
    next = start;
    reservedUpTo = start + blockSize;
  }

  return {
    next: () =>
      guarded(() => {
        if (next >= reservedUpTo) reserveFrom(0);
        return next++;
      }),
    raiseAbove: (held) => {
      // Above the largest safe number nothing can be counted; such a number is a mistake, and following it would end all uploads.
      if (held < next || held >= Number.MAX_SAFE_INTEGER - headroom) return;
      guarded(() => reserveFrom(held + 1));
    },
  };
}
