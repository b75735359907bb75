import type { DatabaseSync } from 'node:sqlite';
import { guarded } from './sqlite-errors.ts';

/** How many rows one transaction writes at most: about 2.4 ms, so that nobody else in the process waits long. */
export const rowsPerTransaction = 1_000;

/** Runs `work` in one transaction, or none of it. */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  return guarded(() => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      // After SQLITE_FULL the engine may have rolled back already.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  });
}

/** Writes any number of rows, {@link rowsPerTransaction} at a time. */
export function inSlices<Row>(database: DatabaseSync, rows: readonly Row[], write: (row: Row) => void): void {
  for (let start = 0; start < rows.length; start += rowsPerTransaction) {
    const slice = rows.slice(start, start + rowsPerTransaction);
    inTransaction(database, () => {
      for (const row of slice) write(row);
    });
  }
}
