import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../runtime/index.ts';
import { guarded, isFull } from './sqlite-errors.ts';

/** How many numbers are reserved by one write. */
const blockSize = 1_000;

/** @see {@link createReadSequence} */
export const readSequenceSql = {
  read: `SELECT value FROM counter WHERE name = 'read-sequence'`,
  reserve: `INSERT INTO counter (name, value) VALUES ('read-sequence', ?)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
} as const;

/**
 * Numbers that only grow and are never given twice. A block is reserved on disk before its first number is given, so a killed
 * process leaves a gap, never a repetition. Blocks start no lower than the clock's microseconds: with the whole database lost,
 * numbers still go on above all that were ever given.
 */
export function createReadSequence(database: DatabaseSync, clock: Pick<Clock, 'now'>): () => number {
  const read = database.prepare(readSequenceSql.read);
  const reserve = database.prepare(readSequenceSql.reserve);
  let next = 0;
  let reservedUpTo = 0;
  return () =>
    guarded(() => {
      if (next >= reservedUpTo) {
        const persisted = (read.get() as { value: number } | undefined)?.value ?? 0;
        const start = Math.max(persisted, reservedUpTo, Math.floor(clock.now() * 1_000), 1);
        try {
          reserve.run(start + blockSize);
        } catch (error) {
          // With a full disk the clock alone keeps numbers apart: a patient's upload must not wait for room.
          if (!isFull(error)) throw error;
        }
        next = start;
        reservedUpTo = start + blockSize;
      }
      return next++;
    });
}
