import type { DatabaseSync } from 'node:sqlite';
import { guarded } from './sqlite-errors.ts';
import { inSlices, inTransaction } from './transaction.ts';

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
  /**
   * Names who judges rows now, and with which rules: the server's version, the form of the digests. Forgets what another one refused,
   * so that each such row is sent once more.
   * @returns how many were forgotten
   */
  useJudge(name: string): number;
}

/** @see {@link createRefusals} */
export const refusalSql = {
  get: 'SELECT digest, code FROM refusal WHERE patient = ?',
  put: `INSERT INTO refusal (patient, digest, code) VALUES (?, ?, ?)
        ON CONFLICT (patient) DO UPDATE SET digest = excluded.digest, code = excluded.code`,
  remove: 'DELETE FROM refusal WHERE patient = ?',
  count: 'SELECT count(*) AS refusals FROM refusal',
  clear: 'DELETE FROM refusal',
  judgeOf: `SELECT value FROM note WHERE key = 'refusals-judged-by'`,
  setJudge: `INSERT INTO note (key, value) VALUES ('refusals-judged-by', ?)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
} as const;

/** @see {@link Refusals} */
export function createRefusals(database: DatabaseSync): Refusals {
  const get = database.prepare(refusalSql.get);
  const put = database.prepare(refusalSql.put);
  const remove = database.prepare(refusalSql.remove);
  const count = database.prepare(refusalSql.count);
  const judgeOf = database.prepare(refusalSql.judgeOf);
  const setJudge = database.prepare(refusalSql.setJudge);
  const countAll = () => guarded(() => (count.get() as { refusals: number }).refusals);
  // At nearly every practice there are none: then nothing is looked up, page after page.
  let some = countAll() > 0;
  return {
    get(patientCode) {
      if (!some) return null;
      return guarded(() => {
        const row = get.get(patientCode) as { digest: Uint8Array; code: string } | undefined;
        return row ? { patientCode, digest: Buffer.from(row.digest).toString('hex'), code: row.code } : null;
      });
    },
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
    useJudge: (name) =>
      inTransaction(database, () => {
        if ((judgeOf.get() as { value: string } | undefined)?.value === name) return 0;
        const forgotten = countAll();
        database.exec(refusalSql.clear);
        setJudge.run(name);
        some = false;
        return forgotten;
      }),
  };
}
