import type { DatabaseSync } from 'node:sqlite';
import { guarded } from './sqlite-errors.ts';

/** How many rows one transaction writes at most: about 2.4 ms, so that nobody else in the process waits long. */
export const rowsPerTransaction = 1_000;

/**
 * Runs `work` in one transaction, or none of it. Within another one it is a part of that, which can fail alone: it is on disk when the
 * whole is.
 */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  const [begin, commit, rollback] = database.isTransaction ? inner : outer;
  return guarded(() => {
    database.exec(begin);
    try {
      const result = work();
      // What failed and was caught within may have taken the transaction with it: then each step since stands for itself.
      if (database.isTransaction) database.exec(commit);
      return result;
    } catch (error) {
      // After SQLITE_FULL the engine may have rolled back already.
      if (database.isTransaction) database.exec(rollback);
      throw error;
    }
  });
}

const outer = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'] as const;
const inner = ['SAVEPOINT part', 'RELEASE part', 'ROLLBACK TO part; RELEASE part'] as const;

/**
 * Runs `work` without waiting for the disk at its end: for what is as good as never written when the power goes, because the next pass
 * or the next delivery does it again. Commits come to disk in their order (https://sqlite.org/wal.html), so nothing that was waited for
 * is ever there without what came before it, and a killed process loses nothing. A wait takes 4 to 40 ms on a busy disk, and for so long
 * nobody's message would be looked at. What must be there all the same is waited for afterwards, beside the thread (`State.keep`).
 */
export function lightly<Result>(database: DatabaseSync, work: () => Result): Result {
  // Within a transaction it cannot be changed, and the outer one decides.
  if (database.isTransaction) return work();
  return guarded(() => {
    database.exec('PRAGMA synchronous = NORMAL');
    try {
      return work();
    } finally {
      database.exec('PRAGMA synchronous = FULL');
    }
  });
}

/** Writes any number of rows {@link lightly}, {@link rowsPerTransaction} at a time. */
export function inSlices<Row>(database: DatabaseSync, rows: readonly Row[], write: (row: Row) => void): void {
  lightly(database, () => {
    for (let start = 0; start < rows.length; start += rowsPerTransaction) {
      const slice = rows.slice(start, start + rowsPerTransaction);
      inTransaction(database, () => {
        for (const row of slice) write(row);
      });
    }
  });
}
