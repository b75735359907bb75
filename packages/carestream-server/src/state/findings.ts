import type { DatabaseSync } from 'node:sqlite';
import { digestOf, readable, type LedgerEntry } from './ledger.ts';
import { guarded } from './sqlite-errors.ts';
import { inSlices, inTransaction, lightly } from './transaction.ts';

/**
 * What the pass that runs has found and cannot carry out yet. It lies on disk, so that a pass of any size needs no more memory than
 * another, and one that was cut off goes on with it. Nothing of a patient but the number, a keyed digest and the number of the read.
 */
export interface Findings {
  /** Patients whom the ledger holds and a page of R4 did not show, or showed without what a record needs. */
  addDoubtful(patientCodes: readonly number[]): void;
  doubtfulAfter(after: number, limit: number): DoubtfulPatient[];
  /** A look by key has shown that they are gone. */
  confirmGone(patientCodes: readonly number[], readSequence: number): void;
  /**
   * A look by key has shown that they are there. They are kept: what the look found of them may not be acknowledged yet, and a pass that
   * was cut off looks again.
   */
  confirmThere(patientCodes: readonly number[]): void;
  /** How many are confirmed to be gone. */
  countGone(): number;
  /** What was read and not acknowledged by anybody, while it is unknown what Flynotes holds. */
  addReadings(entries: readonly LedgerEntry[]): void;
  countReadings(): number;
  /** Ledger and readings as one account of the practice, in order: of each patient the newer of the two. */
  accountAfter(after: number, limit: number): LedgerEntry[];
  /**
   * Moves readings into the ledger: Flynotes was proved to hold them. One slice, in order; where `keeps` says so, a reading stays.
   * @returns how many moved, and where the next slice begins; null at the end
   */
  adoptAfter(
    after: number,
    keeps: (patientCode: number) => boolean,
  ): { readonly adopted: number; readonly last: number | null };
  dropReadings(): void;
  clear(): void;
}

/** A patient in doubt; `readSequence` is that of the read by key which confirmed that they are gone, or null. */
export interface DoubtfulPatient {
  readonly patientCode: number;
  readonly readSequence: number | null;
}

const adoptedAtOnce = 1_000;

/** @see {@link createFindings} */
export const findingSql = {
  addDoubtful: 'INSERT INTO doubt (patient) VALUES (?) ON CONFLICT (patient) DO NOTHING',
  doubtfulAfter: 'SELECT patient, read_sequence FROM doubt WHERE patient > ? ORDER BY patient LIMIT ?',
  confirmGone: 'UPDATE doubt SET read_sequence = ? WHERE patient = ?',
  confirmThere: 'UPDATE doubt SET read_sequence = NULL WHERE patient = ?',
  countGone: 'SELECT count(read_sequence) AS patients FROM doubt',
  addReading: `INSERT INTO reading (patient, digest, read_sequence) VALUES (?, ?, ?)
               ON CONFLICT (patient) DO UPDATE SET digest = excluded.digest, read_sequence = excluded.read_sequence
               WHERE excluded.read_sequence >= reading.read_sequence`,
  // Beside max(), SQLite takes the other columns from the row that has it: https://sqlite.org/lang_select.html#bareagg
  accountAfter: `SELECT patient, digest, max(read_sequence) FROM (
                   SELECT * FROM (SELECT patient, digest, ${readable} FROM ledger WHERE patient > ?1 ORDER BY patient LIMIT ?2)
                   UNION ALL
                   SELECT * FROM (SELECT patient, digest, read_sequence FROM reading WHERE patient > ?1 ORDER BY patient LIMIT ?2)
                 ) GROUP BY patient ORDER BY patient LIMIT ?2`,
  readingsAfter: 'SELECT patient, digest, read_sequence FROM reading WHERE patient > ? ORDER BY patient LIMIT ?',
  adopt: `INSERT INTO ledger (patient, digest, read_sequence) VALUES (?, ?, ?)
          ON CONFLICT (patient) DO UPDATE SET digest = excluded.digest, read_sequence = excluded.read_sequence
          WHERE excluded.read_sequence >= ledger.read_sequence`,
  countReadings: 'SELECT count(*) AS patients FROM reading',
  dropReading: 'DELETE FROM reading WHERE patient = ?',
  dropReadings: 'DELETE FROM reading',
  clear: 'DELETE FROM doubt; DELETE FROM reading;',
} as const;

type Row = readonly [number, Uint8Array, number];

/** @see {@link Findings} */
export function createFindings(database: DatabaseSync): Findings {
  const addDoubtful = database.prepare(findingSql.addDoubtful);
  const doubtfulAfter = database.prepare(findingSql.doubtfulAfter);
  const confirmGone = database.prepare(findingSql.confirmGone);
  const confirmThere = database.prepare(findingSql.confirmThere);
  const countGone = database.prepare(findingSql.countGone);
  const addReading = database.prepare(findingSql.addReading);
  const accountAfter = database.prepare(findingSql.accountAfter, { returnArrays: true });
  const readingsAfter = database.prepare(findingSql.readingsAfter, { returnArrays: true });
  const countReadings = database.prepare(findingSql.countReadings);
  const adopt = database.prepare(findingSql.adopt);
  const dropReading = database.prepare(findingSql.dropReading);
  return {
    addDoubtful: (patientCodes) => inSlices(database, patientCodes, (code) => void addDoubtful.run(code)),
    doubtfulAfter: (after, limit) =>
      guarded(() =>
        (doubtfulAfter.all(after, limit) as { patient: number; read_sequence: number | null }[]).map((row) => ({
          patientCode: row.patient,
          readSequence: row.read_sequence,
        })),
      ),
    confirmGone: (patientCodes, readSequence) =>
      inSlices(database, patientCodes, (code) => void confirmGone.run(readSequence, code)),
    confirmThere: (patientCodes) => inSlices(database, patientCodes, (code) => void confirmThere.run(code)),
    countGone: () => guarded(() => (countGone.get() as { patients: number }).patients),
    addReadings: (entries) =>
      inSlices(database, entries, ({ patientCode, digest, readSequence }) => {
        addReading.run(patientCode, Buffer.from(digest, 'hex'), readSequence);
      }),
    countReadings: () => guarded(() => (countReadings.get() as { patients: number }).patients),
    accountAfter: (after, limit) => guarded(() => (accountAfter.all(after, limit) as unknown as Row[]).map(entryOf)),
    adoptAfter: (after, keeps) =>
      lightly(database, () =>
        inTransaction(database, () => {
          const rows = readingsAfter.all(after, adoptedAtOnce) as unknown as Row[];
          let adopted = 0;
          for (const [patient, digest, readSequence] of rows) {
            if (keeps(patient)) continue;
            adopt.run(patient, digest, readSequence);
            dropReading.run(patient);
            adopted += 1;
          }
          return { adopted, last: rows.at(-1)?.[0] ?? null };
        }),
      ),
    dropReadings: () => guarded(() => database.exec(findingSql.dropReadings)),
    clear: () => guarded(() => database.exec(findingSql.clear)),
  };
}

function entryOf([patientCode, digest, readSequence]: Row): LedgerEntry {
  return { patientCode, digest: digestOf(digest), readSequence };
}
