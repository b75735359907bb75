import type { DatabaseSync } from 'node:sqlite';
import { guarded } from './sqlite-errors.ts';
import { inSlices, inTransaction, lightly, rowsPerTransaction } from './transaction.ts';

/** What Flynotes has acknowledged of one patient: R4's number, the digest, the number of the read. Nothing else is kept. */
export interface LedgerEntry {
  readonly patientCode: number;
  /** 32 hexadecimal characters. */
  readonly digest: string;
  readonly readSequence: number;
}

/** A patient's number and digest, in hexadecimal. */
export type DigestOfPatient = readonly [patientCode: number, digest: string];

/** Which patients Flynotes holds, as acknowledged. Written after an acknowledgement, never before. */
export interface Ledger {
  get(patientCode: number): LedgerEntry | null;
  /** Notes what was acknowledged; an entry of a newer read stays. */
  putAcknowledged(entries: readonly LedgerEntry[]): void;
  /** Notes that Flynotes no longer holds these; an entry of a newer read stays. */
  remove(removals: readonly { readonly patientCode: number; readonly readSequence: number }[]): void;
  /** Drops entries that cannot be right, whatever read they say they are of. */
  forget(patientCodes: readonly number[]): void;
  /** Entries with numbers above `after` and up to `upTo`, in order. */
  codesAfter(after: number, limit: number, upTo?: number): LedgerEntry[];
  /** The same with no more than is summed up. Digests are in capitals here. */
  digestsAfter(after: number, limit: number): readonly DigestOfPatient[];
  count(): number;
  /**
   * True where the ledger is known to tell what Flynotes holds. A new one tells nothing: somebody else, or this agent before it lost its
   * files, may have sent every patient already.
   */
  isAccount(): boolean;
  /** From now on the ledger is known to tell what Flynotes holds. */
  becomesAccount(): void;
  /**
   * Empties the ledger, with all that hangs on it, unless it was kept under this key: digests under different keys say nothing about
   * each other. What cannot be an entry at all is dropped too.
   * @returns true where it was emptied
   */
  useDigestKey(digestKeyId: string): boolean;
}

/** A number that damage made too large for JavaScript is read as the largest there is; nothing else is touched by it. */
export const readable = 'min(max(read_sequence, 0), 9007199254740991) AS read_sequence';

/** A hundred thousand texts cost a third of as many byte arrays, each with a piece of memory of its own. */
const asHex = 'lower(hex(digest)) AS digest';

/** How many entries one statement writes: beyond some fifty, more of them save nothing. */
const putAtOnce = 50;
const putRows = (rows: number): string => `INSERT INTO ledger (patient, digest, read_sequence)
        VALUES ${Array.from({ length: rows }, () => '(?, unhex(?), ?)').join(', ')}
        ON CONFLICT (patient) DO UPDATE SET digest = excluded.digest, read_sequence = excluded.read_sequence
        WHERE excluded.read_sequence >= ledger.read_sequence`;

/** @see {@link createLedger} */
export const ledgerSql = {
  get: `SELECT patient, ${asHex}, ${readable} FROM ledger WHERE patient = ?`,
  put: putRows(1),
  putMany: putRows(putAtOnce),
  remove: 'DELETE FROM ledger WHERE patient = ? AND read_sequence <= ?',
  forget: 'DELETE FROM ledger WHERE patient = ?',
  after: `SELECT patient, ${asHex}, ${readable} FROM ledger WHERE patient > ? AND patient <= ? ORDER BY patient LIMIT ?`,
  digestsAfter: 'SELECT patient, hex(digest) FROM ledger WHERE patient > ? ORDER BY patient LIMIT ?',
  count: 'SELECT count(*) AS patients FROM ledger',
  clear: `DELETE FROM ledger; DELETE FROM refusal; DELETE FROM reading; DELETE FROM doubt;
          DELETE FROM note WHERE key IN ('ledger-is-account', 'bulk-resume')`,
  dropImpossible: 'DELETE FROM ledger WHERE patient < 1 OR patient > 2147483647',
  isAccount: `SELECT 1 FROM note WHERE key = 'ledger-is-account'`,
  becomesAccount: `INSERT INTO note (key, value) VALUES ('ledger-is-account', '1') ON CONFLICT (key) DO NOTHING`,
  keyOf: `SELECT value FROM note WHERE key = 'digest-key-id'`,
  setKey: `INSERT INTO note (key, value) VALUES ('digest-key-id', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
} as const;

const digestBytes = 16;
const noDigest = '0'.repeat(2 * digestBytes);

type Row = readonly [patientCode: number, digest: string, readSequence: number];

/** @see {@link Ledger} */
export function createLedger(database: DatabaseSync): Ledger {
  const get = database.prepare(ledgerSql.get, { returnArrays: true });
  const putOne = database.prepare(ledgerSql.put);
  const putMany = database.prepare(ledgerSql.putMany);
  const remove = database.prepare(ledgerSql.remove);
  const forget = database.prepare(ledgerSql.forget);
  const after = database.prepare(ledgerSql.after, { returnArrays: true });
  const digestsAfter = database.prepare(ledgerSql.digestsAfter, { returnArrays: true });
  const count = database.prepare(ledgerSql.count);
  const keyOf = database.prepare(ledgerSql.keyOf);
  const setKey = database.prepare(ledgerSql.setKey);
  const isAccount = database.prepare(ledgerSql.isAccount);
  const becomesAccount = database.prepare(ledgerSql.becomesAccount);

  function putAll(entries: readonly LedgerEntry[]): void {
    const values: (number | string)[] = [];
    let put = 0;
    for (; put + putAtOnce <= entries.length; put += putAtOnce) {
      values.length = 0;
      for (let index = put; index < put + putAtOnce; index += 1) {
        const { patientCode, digest, readSequence } = entries[index]!;
        values.push(patientCode, digest, readSequence);
      }
      putMany.run(...values);
    }
    for (const { patientCode, digest, readSequence } of entries.slice(put)) {
      putOne.run(patientCode, digest, readSequence);
    }
  }

  return {
    get: (patientCode) =>
      guarded(() => {
        const row = get.get(patientCode) as unknown as Row | undefined;
        return row ? entryOf(row) : null;
      }),
    putAcknowledged(entries) {
      lightly(database, () => {
        for (let start = 0; start < entries.length; start += rowsPerTransaction) {
          inTransaction(database, () => putAll(entries.slice(start, start + rowsPerTransaction)));
        }
      });
    },
    remove(removals) {
      inSlices(database, removals, ({ patientCode, readSequence }) => {
        remove.run(patientCode, readSequence);
      });
    },
    forget: (patientCodes) => inSlices(database, patientCodes, (code) => void forget.run(code)),
    codesAfter: (from, limit, upTo = Number.MAX_SAFE_INTEGER) =>
      guarded(() => (after.all(from, upTo, limit) as unknown as Row[]).map(entryOf)),
    digestsAfter: (from, limit) =>
      guarded(() => {
        const rows = digestsAfter.all(from, limit) as unknown as DigestOfPatient[];
        return rows.every(([, digest]) => digest.length === 2 * digestBytes) ? rows : rows.map(soundDigest);
      }),
    count: () => guarded(() => (count.get() as { patients: number }).patients),
    isAccount: () => guarded(() => isAccount.get() !== undefined),
    becomesAccount: () => {
      guarded(() => becomesAccount.run());
    },
    useDigestKey: (digestKeyId) =>
      inTransaction(database, () => {
        const known = keyOf.get() as { value: string } | undefined;
        if (known?.value === digestKeyId) {
          database.exec(ledgerSql.dropImpossible);
          return false;
        }
        database.exec(ledgerSql.clear);
        setKey.run(digestKeyId);
        return known !== undefined;
      }),
  };
}

const soundDigest = ([patientCode, digest]: DigestOfPatient): DigestOfPatient => [
  patientCode,
  digest.length === 2 * digestBytes ? digest : noDigest,
];

function entryOf([patientCode, digest, readSequence]: Row): LedgerEntry {
  return { patientCode, digest: digest.length === 2 * digestBytes ? digest : noDigest, readSequence };
}

/** A digest as it stands in the file, in hexadecimal. One of another length was damaged: it equals that of no record. */
export function digestOf(bytes: Uint8Array): string {
  if (bytes.byteLength !== digestBytes) return noDigest;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
