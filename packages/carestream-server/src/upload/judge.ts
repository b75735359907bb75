import {
  createPlainBasics,
  mapBasics,
  type BasicsRow,
  type BasicsRows,
  type PackedBasics,
  type PlainBasics,
  type RuleName,
} from '../records/index.ts';
import type { LedgerEntry } from '../state/index.ts';
import type { Change } from './batch-body.ts';
import type { UploadDeps } from './ports.ts';
import { countOne, type Tally } from './tally.ts';

/** What is to be done about one row of R4. */
export type Verdict =
  /** Flynotes holds it so already, or something newer, or has refused it in this form. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'send'; readonly change: Change }
  /** It can't be a valid record any more: what Flynotes holds of the patient is out of date, and outside the count. */
  | { readonly kind: 'withdraw'; readonly patientCode: number };

/** What a judge needs to know besides the row. */
export interface Circumstances {
  readonly readSequence: number;
  readonly held: LedgerEntry | undefined;
  /** True in a round of healing, where a bucket is told anew whatever the ledger says. */
  readonly always: boolean;
  /** True where the row was counted already: it is read by key once more. */
  readonly counted?: boolean;
}

/** Judges rows of one pass. */
export interface Judge {
  judge(rows: BasicsRows, index: number, circumstances: Circumstances): Verdict;
}

type JudgeDeps = Pick<UploadDeps, 'digester'> & { readonly state: Pick<UploadDeps['state'], 'refusals'> };

const nothing: Verdict = { kind: 'nothing' };

/** @see {@link Judge} */
export function createJudge({ digester, state }: JudgeDeps, tally: Tally, today: string): Judge {
  const plainOf = keepPlain(today);

  const note = (rules: readonly RuleName[], { always, counted = always }: Circumstances) => {
    if (!counted) for (const rule of rules) countOne(tally.rules, rule);
  };

  /** What is to be done about a record with this digest; null where it is to be sent. */
  const unlessSent = (patientCode: number, digest: string, circumstances: Circumstances): Verdict | null => {
    const { readSequence, held, always, counted = always } = circumstances;
    if (!always && held && (held.digest === digest || held.readSequence > readSequence)) return nothing;
    const refused = state.refusals.get(patientCode);
    if (refused?.digest !== digest) return null;
    if (!counted) countOne(tally.refusedByServer, refused.code);
    return always ? { kind: 'withdraw', patientCode } : nothing;
  };

  const judgePlain = (plain: PlainBasics, patientCode: number, circumstances: Circumstances): Verdict => {
    note(plain.rules(), circumstances);
    const digest = digester.ofCanonical(plain.bytes, plain.length);
    const done = unlessSent(patientCode, digest, circumstances);
    const { readSequence } = circumstances;
    const { bytes: json, length: jsonBytes } = plain;
    return done ?? { kind: 'send', change: { patientCode, json, jsonBytes, digest, readSequence } };
  };

  const judgeWhole = (row: BasicsRow, circumstances: Circumstances): Verdict => {
    const { readSequence, held, always, counted = always } = circumstances;
    const mapped = mapBasics(row, { today });
    note(mapped.rules, circumstances);
    if (mapped.outcome === 'refused') {
      const { patientCode, code } = mapped;
      if (!counted) countOne(tally.refusedByAgent, code);
      return held && patientCode !== null ? { kind: 'withdraw', patientCode } : nothing;
    }
    const { record } = mapped;
    const { patientCode } = record;
    const digest = digester.ofRecord(record);
    const done = unlessSent(patientCode, digest, circumstances);
    if (done) return done;
    const json = Buffer.from(digester.jsonOf(record));
    return { kind: 'send', change: { patientCode, json, jsonBytes: json.length, digest, readSequence } };
  };

  return {
    judge(rows, index, circumstances) {
      const { packed } = rows;
      const plain = packed ? plainOf(packed) : null;
      if (packed && plain?.write(packed, index)) {
        return judgePlain(plain, packed.codes[index]!, circumstances);
      }
      return judgeWhole(rowAt(rows, index), circumstances);
    },
  };
}

function rowAt(rows: BasicsRows, index: number): BasicsRow {
  const row = rows.at(index);
  if (!row) throw new RangeError('no such row');
  return row;
}

/** One writer serves all pages that are alike: as a rule, all of a pass. */
function keepPlain(today: string): (packed: PackedBasics) => PlainBasics | null {
  let of: PackedBasics | undefined;
  let plain: PlainBasics | null = null;
  return (packed) => {
    if (packed === of) return plain;
    const alike = packed.layout === of?.layout && packed.forms.every((form, column) => form === of?.forms[column]);
    if (!alike) plain = createPlainBasics(packed, today);
    of = packed;
    return plain;
  };
}
