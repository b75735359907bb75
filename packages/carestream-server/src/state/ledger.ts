import type { DatabaseSync } from 'node:sqlite';
import { guarded } from './sqlite-errors.ts';
import { inSlices, inTransaction } from './transaction.ts';

/** What Flynotes has acknowledged of one patient: R4's number, the digest, the number of the read. Nothing else is kept. */
export interface LedgerEntry {
  readonly patientCode: number;
  /** 32 hexadecimal characters. */
  readonly digest: string;
  readonly readSequence: number;
}

/** Which patients Flynotes holds, as acknowledged. Written after an acknowledgement, never before. */
export interface Ledger {
  get(patientCode: number): LedgerEntry | null;
  /** Notes what was acknowledged; an entry of a newer read stays. */
  putAcknowledged(entries: readonly LedgerEntry[]): void;
  /** Notes that Flynotes no longer holds these; an entry of a newer read stays. */
  remove(removals: readonly { readonly patientCode: number; readonly readSequence: number }[]): void;
  /** Entries with numbers above `after` and up to `upTo`, in order. */
  codesAfter(after: number, limit: number, upTo?: number): LedgerEntry[];
  count(): number;
  /**
   * Empties the ledger, and what is known of refusals, unless it was kept under this key: digests under different keys say
   * nothing about each other.
   * @returns true where it was emptied
   */
  useDigestKey(digestKeyId: string): boolean;
}

/** @see {@link createLedger} */
export const ledgerSql = {
  get: 'SELECT patient, digest, read_sequence FROM ledger WHERE patient = ?',
  put: `INSERT INTO ledger (patient, digest, read_sequence) VALUES (?, ?, ?)
        ON CONFLICT (patient) DO UPDATE SET digest = excluded.digest, read_sequence = excluded.read_sequence
        WHERE excluded.read_sequence >= ledger.read_sequence`,
  remove: 'DELETE FROM ledger WHERE patient = ? AND read_sequence <= ?',
  after:
    'SELECT patient, digest, read_sequence FROM ledger WHERE patient > ? AND patient <= ? ORDER BY patient LIMIT ?',
  count: 'SELECT count(*) AS patients FROM ledger',
  clear: 'DELETE FROM ledger',
  clearRefusals: 'DELETE FROM refusal',
  keyOf: `SELECT value FROM note WHERE key = 'digest-key-id'`,
  setKey: `INSERT INTO note (key, value) VALUES ('digest-key-id', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
} as const;

type Row = readonly [number, Uint8Array, number];

/** @see {@link Ledger} */
export function createLedger(database: DatabaseSync): Ledger {
  const get = database.prepare(ledgerSql.get, { returnArrays: true });
  const put = database.prepare(ledgerSql.put);
  const remove = database.prepare(ledgerSql.remove);
  const after = database.prepare(ledgerSql.after, { returnArrays: true });
  const count = database.prepare(ledgerSql.count);
  const keyOf = database.prepare(ledgerSql.keyOf);
  const setKey = database.prepare(ledgerSql.setKey);
  return {
    get: (patientCode) =>
      guarded(() => {
        const row = get.get(patientCode) as unknown as Row | undefined;
        return row ? entryOf(row) : null;
      }),
    putAcknowledged: (entries) =>
      inSlices(database, entries, ({ patientCode, digest, readSequence }) => {
        put.run(patientCode, Buffer.from(digest, 'hex'), readSequence);
      }),
    remove: (removals) =>
      inSlices(database, removals, ({ patientCode, readSequence }) => {
        remove.run(patientCode, readSequence);
      }),
    codesAfter: (from, limit, upTo = Number.MAX_SAFE_INTEGER) =>
      guarded(() => (after.all(from, upTo, limit) as unknown as Row[]).map(entryOf)),
    count: () => guarded(() => (count.get() as { patients: number }).patients),
    useDigestKey: (digestKeyId) =>
      inTransaction(database, () => {
        const known = keyOf.get() as { value: string } | undefined;
        if (known?.value === digestKeyId) return false;
        database.exec(ledgerSql.clear);
        database.exec(ledgerSql.clearRefusals);
        setKey.run(digestKeyId);
        return known !== undefined;
      }),
  };
}

function entryOf([patientCode, digest, readSequence]: Row): LedgerEntry {
  const bytes = Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength);
  return { patientCode, digest: bytes.toString('hex'), readSequence };
}
