import type { DatabaseSync } from 'node:sqlite';
import { guarded } from './sqlite-errors.ts';
import { inSlices } from './transaction.ts';

/** A patient whom Flynotes refused, in the form that had this digest. */
export interface Refusal {
  readonly patientCode: number;
  readonly digest: string;
  /** The error code that Flynotes gave. */
  readonly code: string;
}

/** What was refused, so that it is not sent again each hour, but at once when it changes. */
export interface Refusals {
  get(patientCode: number): Refusal | null;
  put(refusals: readonly Refusal[]): void;
  remove(patientCodes: readonly number[]): void;
  count(): number;
}

/** @see {@link createRefusals} */
export const refusalSql = {
  get: 'SELECT digest, code FROM refusal WHERE patient = ?',
  put: `INSERT INTO refusal (patient, digest, code) VALUES (?, ?, ?)
        ON CONFLICT (patient) DO UPDATE SET digest = excluded.digest, code = excluded.code`,
  remove: 'DELETE FROM refusal WHERE patient = ?',
  count: 'SELECT count(*) AS refusals FROM refusal',
} as const;

/** @see {@link Refusals} */
export function createRefusals(database: DatabaseSync): Refusals {
  const get = database.prepare(refusalSql.get);
  const put = database.prepare(refusalSql.put);
  const remove = database.prepare(refusalSql.remove);
  const count = database.prepare(refusalSql.count);
  const countAll = () => guarded(() => (count.get() as { refusals: number }).refusals);
  // At nearly every practice there are none: then nothing is looked up, page after page.
  let some = countAll() > 0;
  return {
    get: (patientCode) =>
      guarded(() => {
        if (!some) return null;
        const row = get.get(patientCode) as { digest: Uint8Array; code: string } | undefined;
        return row ? { patientCode, digest: Buffer.from(row.digest).toString('hex'), code: row.code } : null;
      }),
    put(refusals) {
      some ||= refusals.length > 0;
      inSlices(database, refusals, ({ patientCode, digest, code }) => {
        put.run(patientCode, Buffer.from(digest, 'hex'), code);
      });
    },
    remove(patientCodes) {
      if (!some) return;
      inSlices(database, patientCodes, (patientCode) => {
        remove.run(patientCode);
      });
      some = countAll() > 0;
    },
    count: countAll,
  };
}
