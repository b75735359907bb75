import { hash } from 'node:crypto';
import {
  batchPatientsMost,
  type BasicRecord,
  type BatchAnswer,
  type BatchRequest,
  type Removal,
} from '../contract/index.ts';
import { retry, type RetryOptions } from '../runtime/index.ts';
import type { UploadDeps } from './ports.ts';
import { countOne, type Tally } from './tally.ts';

/** A patient to be sent. */
export interface Change {
  readonly basics: BasicRecord;
  readonly digest: string;
  readonly readSequence: number;
}

/** Sends what changed in batches, one under way while the next fills; notes in the ledger what was acknowledged, and only that. */
export interface BatchSender {
  /** Resolves when there is room for more. */
  send(change: Change): Promise<void>;
  remove(removal: { readonly patientCode: number; readonly readSequence: number }): Promise<void>;
  /** Resolves when everything has been acknowledged. */
  flush(): Promise<void>;
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

type SenderDeps = Pick<UploadDeps, 'flynotes' | 'clock'> & {
  readonly state: Pick<UploadDeps['state'], 'ledger' | 'refusals'>;
};

/** @see {@link BatchSender} */
export function createBatchSender(deps: SenderDeps, options: SenderOptions, signal: AbortSignal): BatchSender {
  const { ledger, refusals } = deps.state;
  const { passId, tally } = options;
  let nextBatch = options.firstBatch;
  let round = 0;
  const changes: Change[] = [];
  const removals: Removal[] = [];
  let underWay: Promise<void> = Promise.resolve();

  async function dispatch(): Promise<void> {
    await underWay;
    const sent = changes.splice(0, batchPatientsMost);
    const batch: BatchRequest = {
      n: nextBatch++,
      round,
      patients: sent.map(({ basics, readSequence }) => ({ readSequence, basics })),
      removals: removals.splice(0, batchPatientsMost - sent.length),
    };
    underWay = deliver(batch, sent);
    // Its failure is met by the next send or flush; until then it must not count as unhandled.
    underWay.catch(() => undefined);
  }

  async function deliver(batch: BatchRequest, sent: readonly Change[]): Promise<void> {
    const idempotencyKey = `${passId}:${batch.n}:${contentHashOf(batch, sent)}`;
    const answer = await retry(
      () => deps.flynotes.sendBatch(passId, batch, { idempotencyKey }, signal),
      { clock: deps.clock, options: options.retryOptions },
      signal,
    );
    acknowledge(batch, sent, answer);
  }

  function acknowledge(batch: BatchRequest, sent: readonly Change[], answer: BatchAnswer): void {
    tally.sent += sent.length;
    tally.changed += answer.changed;
    tally.removed += answer.removed;
    const refused = new Map(answer.refused.map((refusal) => [refusal.index, refusal]));
    const accepted = sent.filter((_, index) => !refused.has(index));
    ledger.putAcknowledged(
      accepted.map(({ basics, digest, readSequence }) => ({ patientCode: basics.patientCode, digest, readSequence })),
    );
    ledger.remove(batch.removals);
    refusals.remove(accepted.map(({ basics }) => basics.patientCode));
    for (const [index, { code }] of refused) {
      const change = sent[index];
      if (!change) continue;
      countOne(tally.refusedByServer, code);
      const { patientCode } = change.basics;
      refusals.put([{ patientCode, digest: change.digest, code }]);
      // Flynotes keeps what it held before readable, but out of the count: on neither side does it count any more.
      ledger.remove([{ patientCode, readSequence: change.readSequence }]);
    }
  }

  const isFull = () => changes.length + removals.length >= batchPatientsMost;

  return {
    async send(change) {
      changes.push(change);
      if (isFull()) await dispatch();
    },
    async remove({ patientCode, readSequence }) {
      removals.push({ patientCode: patientCode as Removal['patientCode'], readSequence });
      if (isFull()) await dispatch();
    },
    async flush() {
      while (changes.length + removals.length > 0) await dispatch();
      await underWay;
    },
    startRound(next) {
      round = next;
    },
  };
}

/** Names a batch's content: digests stand for records, so that half a megabyte need not be hashed again. */
function contentHashOf(batch: BatchRequest, sent: readonly Change[]): string {
  const parts = [
    `round ${batch.round}`,
    ...sent.map(({ basics, digest, readSequence }) => `${basics.patientCode} ${readSequence} ${digest}`),
    ...batch.removals.map(({ patientCode, readSequence }) => `${patientCode} ${readSequence} removed`),
  ];
  return hash('sha256', parts.join('\n'), 'hex').slice(0, 32);
}
