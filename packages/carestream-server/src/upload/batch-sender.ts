import { hash } from 'node:crypto';
import {
  batchPatientsMost,
  type BasicRecord,
  type BatchAnswer,
  type BatchRequest,
  type Removal,
} from '../contract/index.ts';
import { isAgentError, retry, type AgentError, type RetryOptions } from '../runtime/index.ts';
import type { UploadDeps } from './ports.ts';
import { countOne, type Tally } from './tally.ts';

/** A patient to be sent. */
export interface Change {
  readonly basics: BasicRecord;
  /** The record as it travels. */
  readonly json: string;
  readonly digest: string;
  readonly readSequence: number;
}

/** A patient whom Flynotes is no longer to hold. */
export interface PatientRemoval {
  readonly patientCode: number;
  readonly readSequence: number;
}

/** Sends what changed in batches, one under way while the next fills; notes in the ledger what was acknowledged, and only that. */
export interface BatchSender {
  /** A promise where whoever sends more has to wait for room first: a thousand times that would cost more than it is worth. */
  send(change: Change): Promise<void> | undefined;
  remove(removal: PatientRemoval): Promise<void>;
  /** Resolves when everything has been acknowledged. */
  flush(): Promise<void>;
  /** Resolves when nothing is under way any more, however that ended. */
  settled(): Promise<void>;
  /**
   * Calls back once everything that was handed over before has been acknowledged: at once where nothing is left. Of several marks that
   * are reached together, the last alone calls.
   */
  mark(reached: () => void): void;
  /** What follows belongs to this round of healing. */
  startRound(round: number): void;
}

/** What a sender needs besides its dependencies. */
export interface SenderOptions {
  readonly passId: string;
  readonly firstBatch: number;
  readonly tally: Tally;
  readonly retryOptions: RetryOptions;
}

type SenderDeps = Pick<UploadDeps, 'flynotes' | 'clock' | 'batchRowsMost'> & {
  readonly state: Pick<UploadDeps['state'], 'ledger' | 'refusals'>;
};

/** So many patients who are too large all alone: what refuses them would refuse anybody, and the pass is given up. */
const tooLargeMost = 10;

/** What goes into one batch. */
interface Portion {
  readonly changes: readonly Change[];
  readonly removals: readonly Removal[];
}

/** @see {@link BatchSender} */
export function createBatchSender(deps: SenderDeps, options: SenderOptions, signal: AbortSignal): BatchSender {
  const { passId, tally } = options;
  let nextBatch = options.firstBatch;
  let round = 0;
  let rowsMost = batchPatientsMost;
  const tooLarge = new Set<number>();
  const changes: Change[] = [];
  const removals: Removal[] = [];
  let underWay: Promise<void> = Promise.resolve();
  /** Rows handed over, rows acknowledged, and what waits for the second to reach the first. */
  let [handedOver, acknowledged] = [0, 0];
  const marks: { readonly at: number; readonly reached: () => void }[] = [];

  function countAcknowledged(rows: number): void {
    acknowledged += rows;
    let last: (() => void) | undefined;
    while ((marks[0]?.at ?? Infinity) <= acknowledged) last = marks.shift()?.reached;
    last?.();
  }

  async function dispatch(): Promise<void> {
    await underWay;
    const rows = rowsNow();
    const portion = { changes: changes.splice(0, rows), removals: [] as Removal[] };
    portion.removals.push(...removals.splice(0, rows - portion.changes.length));
    underWay = deliver(portion);
    // Its failure is met by the next send or flush; until then it must not count as unhandled.
    underWay.catch(() => undefined);
  }

  async function deliver(portion: Portion): Promise<void> {
    const batch: BatchRequest = {
      n: nextBatch,
      round,
      patients: portion.changes.map(({ basics, readSequence }) => ({ readSequence, basics })),
      removals: [...portion.removals],
    };
    const sending = {
      idempotencyKey: `${passId}:${batch.n}:${contentHashOf(round, portion)}`,
      patientsJson: portion.changes.map(({ json }) => json),
    };
    let answer: BatchAnswer;
    try {
      answer = await retry(
        () => deps.flynotes.sendBatch(passId, batch, sending, signal),
        { clock: deps.clock, options: options.retryOptions },
        signal,
      );
    } catch (error) {
      if (!isAgentError(error) || error.code !== 'REQUEST_TOO_LARGE') throw error;
      await deliverLess(portion, error);
      return;
    }
    nextBatch += 1;
    acknowledge(deps.state, portion, { answer, tally });
    if (batch.round > 0) {
      tally.retold += portion.changes.length + portion.removals.length;
      tally.healed += answer.changed + answer.removed;
    }
    countAcknowledged(portion.changes.length + portion.removals.length);
  }

  /** Something on the way takes no body of this size. It was not stored, so its number is still free. */
  async function deliverLess({ changes: sent, removals: told }: Portion, error: AgentError): Promise<void> {
    const rows = sent.length + told.length;
    const [alone] = sent;
    if (rows <= 1) {
      if (!alone || tooLarge.size >= tooLargeMost) throw error;
      leaveOut(alone, error.code);
      countAcknowledged(1);
      // It was this patient, not the batches.
      rowsMost = batchPatientsMost;
      return;
    }
    rowsMost = Math.max(1, Math.min(rowsMost, Math.ceil(rows / 2)));
    const middle = Math.ceil(sent.length / 2);
    const middleTold = Math.floor(told.length / 2);
    await deliver({ changes: sent.slice(0, middle), removals: told.slice(0, middleTold) });
    await deliver({ changes: sent.slice(middle), removals: told.slice(middleTold) });
  }

  /**
   * Nobody at Flynotes has judged the record, so each pass tries again, and what is held of the patient stays as it is; only a bucket
   * that is told whole cannot have it.
   */
  function leaveOut({ basics: { patientCode }, readSequence }: Change, code: string): void {
    if (!tooLarge.has(patientCode)) countOne(tally.refusedByServer, code);
    tooLarge.add(patientCode);
    if (round > 0) deps.state.ledger.remove([{ patientCode, readSequence }]);
  }

  const rowsNow = () => Math.max(1, Math.min(rowsMost, deps.batchRowsMost?.() ?? rowsMost));
  const isFull = () => changes.length + removals.length >= rowsNow();

  return {
    send(change) {
      changes.push(change);
      handedOver += 1;
      return isFull() ? dispatch() : undefined;
    },
    async remove({ patientCode, readSequence }) {
      removals.push({ patientCode: patientCode as Removal['patientCode'], readSequence });
      handedOver += 1;
      if (isFull()) await dispatch();
    },
    async flush() {
      while (changes.length + removals.length > 0) await dispatch();
      await underWay;
    },
    settled: () => underWay.catch(() => undefined),
    mark(reached) {
      marks.push({ at: handedOver, reached });
      countAcknowledged(0);
    },
    startRound(next) {
      round = next;
    },
  };
}

/** Notes what was acknowledged, and counts what was refused. */
function acknowledge(
  state: SenderDeps['state'],
  { changes, removals }: Portion,
  { answer, tally }: { readonly answer: BatchAnswer; readonly tally: Tally },
): void {
  tally.sent += changes.length;
  tally.changed += answer.changed;
  tally.removed += answer.removed;
  const refused = new Map(answer.refused.map((refusal) => [refusal.index, refusal]));
  const accepted = changes.filter((_, index) => !refused.has(index));
  state.ledger.putAcknowledged(
    accepted.map(({ basics, digest, readSequence }) => ({ patientCode: basics.patientCode, digest, readSequence })),
  );
  state.ledger.remove(removals);
  state.refusals.remove(accepted.map(({ basics }) => basics.patientCode));
  for (const [index, { code }] of refused) {
    const change = changes[index];
    if (change) refuse(state, change, { code, tally });
  }
}

/** Flynotes keeps what it held before readable, but out of the count: on neither side does the patient count any more. */
function refuse(
  { ledger, refusals }: SenderDeps['state'],
  { basics: { patientCode }, digest, readSequence }: Change,
  { code, tally }: { readonly code: string; readonly tally: Tally },
): void {
  countOne(tally.refusedByServer, code);
  refusals.put([{ patientCode, digest, code }]);
  ledger.remove([{ patientCode, readSequence }]);
}

/** Names a batch's content: digests stand for records, so that half a megabyte need not be hashed again. */
function contentHashOf(round: number, { changes, removals }: Portion): string {
  const parts = [
    `round ${round}`,
    ...changes.map(({ basics, digest, readSequence }) => `${basics.patientCode} ${readSequence} ${digest}`),
    ...removals.map(({ patientCode, readSequence }) => `${patientCode} ${readSequence} removed`),
  ];
  return hash('sha256', parts.join('\n'), 'hex').slice(0, 32);
}
