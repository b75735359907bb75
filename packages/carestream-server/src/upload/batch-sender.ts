import { hash } from 'node:crypto';
import { batchPatientsMost, type BatchAnswer, type Removal } from '../contract/index.ts';
import { isAgentError, retry, type AgentError, type RetryOptions } from '../runtime/index.ts';
import type { LedgerEntry } from '../state/index.ts';
import { createBatchBody, type BatchBody, type Change } from './batch-body.ts';
import type { UploadDeps } from './ports.ts';
import { countOne, type Tally } from './tally.ts';

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

/** What goes into one batch: some of a body's patients, and removals. */
interface Portion {
  readonly body: BatchBody;
  readonly from: number;
  readonly to: number;
  readonly removals: readonly Removal[];
}

const changesOf = ({ body, from, to }: Portion): readonly LedgerEntry[] => body.changes.slice(from, to);
const rowsOf = ({ from, to, removals }: Portion): number => to - from + removals.length;

/** @see {@link BatchSender} */
export function createBatchSender(deps: SenderDeps, options: SenderOptions, signal: AbortSignal): BatchSender {
  const { passId, tally } = options;
  let nextBatch = options.firstBatch;
  let round = 0;
  let rowsMost = batchPatientsMost;
  const tooLarge = new Set<number>();
  /** One fills while the other is under way. */
  let filling = createBatchBody();
  let spare = createBatchBody();
  let removals: Removal[] = [];
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
    const all: Portion = { body: filling, from: 0, to: filling.changes.length, removals };
    spare.clear();
    [filling, spare] = [spare, filling];
    removals = [];
    underWay = deliverInTurn(all);
    // Its failure is met by the next send or flush; until then it must not count as unhandled.
    underWay.catch(() => undefined);
  }

  /** As many at a time as may go into one batch now, which may be fewer than when they were gathered. */
  async function deliverInTurn({ body, to, removals: told }: Portion): Promise<void> {
    let from = 0;
    let toldFrom = 0;
    while (from < to || toldFrom < told.length) {
      const rows = rowsNow();
      const end = Math.min(to, from + rows);
      const toldEnd = Math.min(told.length, toldFrom + rows - (end - from));
      await deliver({ body, from, to: end, removals: told.slice(toldFrom, toldEnd) });
      [from, toldFrom] = [end, toldEnd];
    }
  }

  async function deliver(portion: Portion): Promise<void> {
    const { body, from, to } = portion;
    const inRound = round;
    const bytes = body.bytesOf({ n: nextBatch, round, removals: portion.removals }, from, to);
    const idempotencyKey = `${passId}:${nextBatch}:${contentHashOf(round, portion)}`;
    let answer: BatchAnswer;
    try {
      answer = await retry(
        () => deps.flynotes.sendBatch(passId, bytes, { idempotencyKey }, signal),
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
    if (inRound > 0) {
      tally.retold += rowsOf(portion);
      tally.healed += answer.changed + answer.removed;
    }
    countAcknowledged(rowsOf(portion));
  }

  /** Something on the way takes no body of this size. It was not stored, so its number is still free. */
  async function deliverLess(portion: Portion, error: AgentError): Promise<void> {
    const { body, from, to, removals: told } = portion;
    const rows = rowsOf(portion);
    if (rows <= 1) {
      const alone = body.changes[from];
      if (from === to || !alone || tooLarge.size >= tooLargeMost) throw error;
      leaveOut(alone, error.code);
      countAcknowledged(1);
      // It was this patient, not the batches.
      rowsMost = batchPatientsMost;
      return;
    }
    rowsMost = Math.max(1, Math.min(rowsMost, Math.ceil(rows / 2)));
    const middle = from + Math.ceil((to - from) / 2);
    const middleTold = Math.floor(told.length / 2);
    await deliver({ body, from, to: middle, removals: told.slice(0, middleTold) });
    await deliver({ body, from: middle, to, removals: told.slice(middleTold) });
  }

  /**
   * Nobody at Flynotes has judged the record, so each pass tries again, and what is held of the patient stays as it is; only a bucket
   * that is told whole cannot have it.
   */
  function leaveOut({ patientCode, readSequence }: LedgerEntry, code: string): void {
    if (!tooLarge.has(patientCode)) countOne(tally.refusedByServer, code);
    tooLarge.add(patientCode);
    if (round > 0) deps.state.ledger.remove([{ patientCode, readSequence }]);
  }

  const rowsNow = () => Math.max(1, Math.min(rowsMost, deps.batchRowsMost?.() ?? rowsMost));
  const gathered = () => filling.changes.length + removals.length;
  const isFull = () => gathered() >= rowsNow();

  return {
    send(change) {
      filling.add(change);
      handedOver += 1;
      return isFull() ? dispatch() : undefined;
    },
    async remove({ patientCode, readSequence }) {
      removals.push({ patientCode: patientCode as Removal['patientCode'], readSequence });
      handedOver += 1;
      if (isFull()) await dispatch();
    },
    async flush() {
      if (gathered() > 0) await dispatch();
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
  portion: Portion,
  { answer, tally }: { readonly answer: BatchAnswer; readonly tally: Tally },
): void {
  const changes = changesOf(portion);
  tally.sent += changes.length;
  tally.changed += answer.changed;
  tally.removed += answer.removed;
  const refused = new Map(answer.refused.map((refusal) => [refusal.index, refusal]));
  const accepted = refused.size === 0 ? changes : changes.filter((_, index) => !refused.has(index));
  state.ledger.putAcknowledged(accepted);
  state.ledger.remove(portion.removals);
  state.refusals.remove(accepted.map(({ patientCode }) => patientCode));
  for (const [index, { code }] of refused) {
    const change = changes[index];
    if (change) refuse(state, change, { code, tally });
  }
}

/** Flynotes keeps what it held before readable, but out of the count: on neither side does the patient count any more. */
function refuse(
  { ledger, refusals }: SenderDeps['state'],
  { patientCode, digest, readSequence }: LedgerEntry,
  { code, tally }: { readonly code: string; readonly tally: Tally },
): void {
  countOne(tally.refusedByServer, code);
  refusals.put([{ patientCode, digest, code }]);
  ledger.remove([{ patientCode, readSequence }]);
}

/** Names a batch's content: digests stand for records, patient's number included, so that half a megabyte need not be hashed again. */
function contentHashOf(round: number, portion: Portion): string {
  const content = [`round ${round}`];
  let last: number | undefined;
  for (const { readSequence, digest } of changesOf(portion)) {
    // All rows of a page bear the same number.
    if (readSequence !== last) content.push(`read ${readSequence}`);
    last = readSequence;
    content.push(digest);
  }
  for (const { patientCode, readSequence } of portion.removals) content.push(`${patientCode} ${readSequence} removed`);
  return hash('sha256', content.join('\n'), 'hex').slice(0, 32);
}
