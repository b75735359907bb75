import { mapBasics, type BasicsRow, type RuleName } from '../records/index.ts';
import type { LedgerEntry } from '../state/index.ts';
import type { Change } from './batch-sender.ts';
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
  judge(row: BasicsRow, circumstances: Circumstances): Verdict;
}

type JudgeDeps = Pick<UploadDeps, 'digester'> & { readonly state: Pick<UploadDeps['state'], 'refusals'> };

/** @see {@link Judge} */
export function createJudge(deps: JudgeDeps, tally: Tally, today: string): Judge {
  const { refusals } = deps.state;

  const note = (rules: readonly RuleName[]) => {
    for (const rule of rules) countOne(tally.rules, rule);
  };

  return {
    judge(row, { readSequence, held, always, counted = always }) {
      const mapped = mapBasics(row, { today });
      if (!counted) note(mapped.rules);
      if (mapped.outcome === 'refused') {
        if (!counted) countOne(tally.refusedByAgent, mapped.code);
        return held && mapped.patientCode !== null
          ? { kind: 'withdraw', patientCode: mapped.patientCode }
          : { kind: 'nothing' };
      }
      const { record } = mapped;
      const digest = deps.digester.ofRecord(record);
      if (!always && held && (held.digest === digest || held.readSequence > readSequence)) return { kind: 'nothing' };
      const refused = refusals.get(record.patientCode);
      if (refused?.digest === digest) {
        if (!counted) countOne(tally.refusedByServer, refused.code);
        return always ? { kind: 'withdraw', patientCode: record.patientCode } : { kind: 'nothing' };
      }
      return { kind: 'send', change: { basics: record, json: deps.digester.jsonOf(record), digest, readSequence } };
    },
  };
}
