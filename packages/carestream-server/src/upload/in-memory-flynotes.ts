import {
  batchRequestSchema,
  bucketSumHex,
  createBucketSums,
  parityRoundsMost,
  type BatchAnswer,
  type BatchRequest,
  type BasicRecord,
  type CompleteAnswer,
  type CompleteRequest,
  type Digester,
  type FullRecord,
} from '../contract/index.ts';
import { AgentError } from '../runtime/index.ts';
import type { UploadDeps } from './ports.ts';

/** What the double holds of a patient. */
export interface HeldPatient {
  record: BasicRecord;
  full: FullRecord | null;
  digest: string;
  readSequence: number;
}

/** One call as the double saw it. */
export interface SeenCall {
  readonly name: 'beginPass' | 'sendBatch' | 'completePass' | 'putPatient';
  readonly batch?: BatchRequest;
  readonly idempotencyKey?: string;
  readonly complete?: CompleteRequest;
  readonly patientCode?: number;
}

/** Flynotes within the process, for tests: order, idempotency, per-row refusal and parity as the contract has them. */
export interface InMemoryFlynotes {
  readonly port: UploadDeps['flynotes'];
  readonly held: Map<number, HeldPatient>;
  /** Its own; a test may give it another key or form. */
  readonly digester: Digester;
  readonly calls: SeenCall[];
  /** Patients that are refused, with the code. */
  readonly refuse: Map<number, string>;
  /** An operator has confirmed that most patients are to be removed. */
  removalsConfirmed: boolean;
  /** May throw: before the effect, as if the request was lost; after it, as if the answer was. */
  hook: (call: SeenCall, when: 'before' | 'after', signal: AbortSignal) => void | Promise<void>;
  /** Ends the open pass, as an expiry would. */
  expirePass(): void;
  sentPatients(): number[];
}

interface OpenPass {
  readonly id: string;
  nextBatch: number;
  readonly answers: Map<number, { key: string; answer: BatchAnswer }>;
  readonly got: Map<number, Set<number>>;
  open: boolean;
}

/** @see {@link InMemoryFlynotes} */
export function createInMemoryFlynotes(given: Digester): InMemoryFlynotes {
  const digester = { ...given };
  const held = new Map<number, HeldPatient>();
  const refuse = new Map<number, string>();
  const calls: SeenCall[] = [];
  let pass: OpenPass | null = null;
  let passes = 0;

  const double: InMemoryFlynotes = {
    held,
    digester,
    calls,
    refuse,
    removalsConfirmed: false,
    hook: () => undefined,
    expirePass() {
      if (pass) pass.open = false;
    },
    sentPatients: () =>
      calls.flatMap(({ batch }) => batch?.patients.map(({ basics }) => Number(basics.patientCode)) ?? []),
    port: {
      sentBytes: () => 0,
      beginPass: (_request, signal) =>
        around({ name: 'beginPass' }, signal, () => {
          const resumed = pass?.open === true;
          if (!resumed) {
            pass = { id: `pass-${++passes}`, nextBatch: 0, answers: new Map(), got: new Map(), open: true };
          }
          const { id, nextBatch } = pass as OpenPass;
          return {
            passId: id,
            resumed,
            nextBatch,
            expiresAt: '2030-01-01T00:00:00Z',
            patientsHeld: held.size,
            ...(double.removalsConfirmed ? { removalsConfirmed: true } : {}),
            contentCodings: ['gzip' as const],
          };
        }),
      sendBatch: (passId, body, { idempotencyKey }, signal) => {
        const seen = batchRequestSchema.parse(JSON.parse(Buffer.from(body).toString()));
        return around({ name: 'sendBatch', batch: seen, idempotencyKey }, signal, () =>
          ingest(openPass(passId), seen, idempotencyKey),
        );
      },
      completePass: (passId, request, signal) =>
        around({ name: 'completePass', complete: request }, signal, () => complete(openPass(passId), request)),
      putPatient: (patientCode, upload, signal) =>
        around({ name: 'putPatient', patientCode }, signal, () => {
          const code = refuse.get(patientCode);
          if (code !== undefined) throw new AgentError('RECORD_INVALID');
          const before = held.get(patientCode);
          if (before && before.readSequence >= upload.readSequence) return { outcome: 'stale', digest: before.digest };
          const { basics } = upload.record;
          const digest = digester.ofRecord(basics);
          held.set(patientCode, { record: basics, full: upload.record, digest, readSequence: upload.readSequence });
          return { outcome: 'stored', digest };
        }),
    },
  };
  return double;

  async function around<Answer>(call: SeenCall, signal: AbortSignal, effect: () => Answer): Promise<Answer> {
    signal.throwIfAborted();
    await double.hook(call, 'before', signal);
    calls.push(call);
    const answer = effect();
    await double.hook(call, 'after', signal);
    signal.throwIfAborted();
    return answer;
  }

  function openPass(passId: string): OpenPass {
    if (pass?.id !== passId) throw new AgentError('PASS_UNKNOWN');
    if (!pass.open) throw new AgentError('PASS_ENDED');
    return pass;
  }

  function ingest(current: OpenPass, batch: BatchRequest, key: string): BatchAnswer {
    const known = current.answers.get(batch.n);
    if (known && known.key !== key) throw new AgentError('BATCH_CONFLICT');
    if (known) return known.answer;
    const answer: BatchAnswer = { changed: 0, unchanged: 0, stale: 0, removed: 0, refused: [] };
    const got = current.got.get(batch.round) ?? new Set();
    current.got.set(batch.round, got);
    for (const [index, { basics, readSequence }] of batch.patients.entries()) {
      const code = refuse.get(basics.patientCode);
      if (code !== undefined) {
        answer.refused.push({ patientCode: basics.patientCode, index, code, fields: [] });
        // What was held before counts no longer.
        if ((held.get(basics.patientCode)?.readSequence ?? Infinity) < readSequence) held.delete(basics.patientCode);
        continue;
      }
      got.add(basics.patientCode);
      const digest = digester.ofRecord(basics);
      const before = held.get(basics.patientCode);
      if (before && before.readSequence >= readSequence) answer.stale += 1;
      else {
        if (before?.digest === digest) answer.unchanged += 1;
        else answer.changed += 1;
        held.set(basics.patientCode, { record: basics, full: before?.full ?? null, digest, readSequence });
      }
    }
    for (const { patientCode, readSequence } of batch.removals) {
      const before = held.get(patientCode);
      if (before && before.readSequence < readSequence) {
        held.delete(patientCode);
        answer.removed += 1;
      }
    }
    current.nextBatch = batch.n + 1;
    current.answers.set(batch.n, { key, answer });
    return answer;
  }

  function complete(current: OpenPass, request: CompleteRequest): CompleteAnswer {
    for (const bucket of request.resent ?? []) {
      for (const code of held.keys()) {
        const got = current.got.get(request.round)?.has(code) ?? false;
        if (digester.bucketOf(code) === bucket && !got) held.delete(code);
      }
    }
    const sums = createBucketSums();
    for (const [code, { digest }] of held) sums.add(digester.bucketOf(code), digest);
    const root = digester.rootOf(sums.sums);
    if (sums.patients === request.patients && root === request.root) {
      current.open = false;
      return { outcome: 'equal', patients: sums.patients, root, at: '2026-01-05T08:00:00Z' };
    }
    if (!request.buckets) return { outcome: 'send-digests' };
    if (request.round >= parityRoundsMost) {
      current.open = false;
      return { outcome: 'failed', code: 'PARITY_FAILED' };
    }
    const ours = sums.sums.map(bucketSumHex);
    const buckets = request.buckets.flatMap((sum, bucket) => (sum === ours[bucket] ? [] : [bucket]));
    return { outcome: 'send-buckets', buckets, round: request.round + 1 };
  }
}
