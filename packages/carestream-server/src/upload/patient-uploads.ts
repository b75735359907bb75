import type { FullRecord, Legs, PatientUploadAnswer } from '../contract/index.ts';
import { mapFullRecord, type RuleName } from '../records/index.ts';
import { AgentError, retry, type Backoff } from '../runtime/index.ts';
import { createLocalDates } from './local-date.ts';
import type { UploadDeps } from './ports.ts';
import type { RightOfWay } from './right-of-way.ts';
import { createSharedWork, waitForEnd, type SharedWork } from './shared-work.ts';

/** How one patient's upload ended. */
export interface PatientOutcome {
  /** `not-found`: R4 holds no such patient; nothing was sent. */
  readonly outcome: 'done' | 'not-found';
  /** `readMs`, `mappedMs`, `uploadedMs`; where something had to be tried again, all tries together. */
  readonly legs: Pick<Legs, 'readMs' | 'mappedMs' | 'uploadedMs'>;
}

/** Uploads of one patient's full record. */
export interface PatientUploads {
  /**
   * Reads one patient from R4 and puts the record to Flynotes. Asked for again before it has begun to read, it is done once for
   * all; asked for later, once more after it: what was typed in meanwhile is found.
   * @throws AgentError NAME_MISSING, PATIENT_CODE_INVALID, or what R4 or Flynotes fail with
   */
  sync(
    request: { readonly patientCode: number; readonly messageId?: string; readonly requestedAt?: string },
    signal: AbortSignal,
  ): Promise<PatientOutcome>;
}

/** Options of {@link createPatientUploads}. */
export interface PatientOptions {
  readonly backoff?: Backoff;
  readonly tries?: number;
  /** Taken while a patient is read and sent. */
  readonly rightOfWay?: Pick<RightOfWay, 'take'>;
}

const patientBackoff: Backoff = { firstMs: 200, mostMs: 3_000, jitter: 0.5 };
const patientTries = 5;
/** Nobody waits longer at a screen, and others wait behind; the message comes back by itself. */
const patientWaitMostMs = 5_000;
/** Something of a patient's history did not fit the contract and was cut: rare enough to be reported each time. */
const cutMarks: ReadonlySet<string> = new Set<RuleName>(['text-truncated', 'list-truncated']);

/** @see {@link PatientUploads} */
export function createPatientUploads(deps: UploadDeps, options: PatientOptions = {}): PatientUploads {
  const backoff = options.backoff ?? patientBackoff;
  const tries = options.tries ?? patientTries;
  const localDateOf = createLocalDates(deps.timeZone);
  /** The newest upload of each patient in flight. */
  const inFlight = new Map<number, { readonly work: SharedWork<PatientOutcome>; joinable: boolean }>();

  return {
    async sync({ patientCode, messageId }, signal) {
      signal.throwIfAborted();
      const before = inFlight.get(patientCode);
      if (before?.joinable && !before.work.abandoned) return before.work.join(signal);
      const entry = {
        joinable: true,
        work: createSharedWork(async (shared) => {
          // Whatever is asked for in this turn joins, and one patient is read once at a time.
          await waitForEnd(before?.work, shared);
          shared.throwIfAborted();
          entry.joinable = false;
          return syncOne(
            deps,
            { patientCode, messageId, backoff, tries, localDateOf, rightOfWay: options.rightOfWay },
            shared,
          );
        }),
      };
      inFlight.set(patientCode, entry);
      void entry.work.ended.then(() => {
        if (inFlight.get(patientCode) === entry) inFlight.delete(patientCode);
      });
      return entry.work.join(signal);
    },
  };
}

interface SyncOptions {
  readonly patientCode: number;
  readonly messageId: string | undefined;
  readonly backoff: Backoff;
  readonly tries: number;
  readonly localDateOf: (epochMs: number) => string;
  readonly rightOfWay: PatientOptions['rightOfWay'];
}

async function syncOne(deps: UploadDeps, options: SyncOptions, signal: AbortSignal): Promise<PatientOutcome> {
  const legs = { readMs: 0, mappedMs: 0, uploadedMs: 0 };
  /** Adds the time that a step takes to its leg. */
  const timed = async <Result>(leg: keyof typeof legs, step: () => Result | Promise<Result>): Promise<Result> => {
    const startedMs = deps.clock.monotonic();
    try {
      return await step();
    } finally {
      legs[leg] += deps.clock.monotonic() - startedMs;
    }
  };

  /** Each try reads R4 anew: a record is never kept for a later one. */
  const attempt = async (): Promise<PatientOutcome['outcome']> => {
    const readSequence = deps.state.nextReadSequence();
    const rows = await timed('readMs', () => deps.practice().readPatient(options.patientCode, signal));
    if (rows === null) return 'not-found';
    const today = options.localDateOf(deps.clock.now());
    const mapped = await timed('mappedMs', () => mapFullRecord(rows, { today, timeZone: deps.timeZone }));
    if (mapped.outcome === 'refused') throw new AgentError(mapped.code);
    const upload = {
      readSequence,
      ...(options.messageId === undefined ? {} : { messageId: options.messageId }),
      record: mapped.record,
    };
    const end = await timed('uploadedMs', () => deps.puts.begin(options.patientCode));
    try {
      const answer = await timed('uploadedMs', () => deps.flynotes.putPatient(options.patientCode, upload, signal));
      acknowledge(deps, mapped.record, { readSequence, answer });
    } finally {
      end();
    }
    for (const mark of mapped.record.marks ?? []) {
      if (cutMarks.has(mark)) deps.log.emit('warning', { area: 'upload', name: mark, count: 1 });
    }
    return 'done';
  };

  /** Between two tries nobody is held up. */
  const first = async (): Promise<PatientOutcome['outcome']> => {
    const leave = options.rightOfWay?.take();
    try {
      return await attempt();
    } finally {
      leave?.();
    }
  };

  const outcome = await retry(
    first,
    { clock: deps.clock, options: { backoff: options.backoff, tries: options.tries, waitMostMs: patientWaitMostMs } },
    signal,
  );
  return { outcome, legs };
}

/** A full record renews the basics too, and so the ledger; an answer `stale` says that something newer is held. */
function acknowledge(
  deps: UploadDeps,
  { basics }: FullRecord,
  { readSequence, answer }: { readonly readSequence: number; readonly answer: PatientUploadAnswer },
): void {
  if (answer.outcome === 'stale') return;
  const { ledger, refusals } = deps.state;
  const { patientCode } = basics;
  const digest = deps.digester.ofRecord(basics);
  try {
    // Where Flynotes made something else of it, the next pass sends it again, and parity judges.
    if (answer.digest === digest) ledger.putAcknowledged([{ patientCode, digest, readSequence }]);
    else ledger.remove([{ patientCode, readSequence }]);
    refusals.remove([patientCode]);
  } catch (error) {
    // The record has arrived, and the screen waits: a full disk costs no more than sending the basics once again.
    deps.log.error(error, 'upload');
  }
}
