import type { PassFigures } from '../contract/index.ts';
import { codeOf, type Backoff } from '../runtime/index.ts';
import { runPass } from './bulk-pass.ts';
import type { Pace } from './pages.ts';
import type { PassReason, UploadDeps } from './ports.ts';
import { createSharedWork, waitForEnd, type SharedWork } from './shared-work.ts';
import { createTally, figuresOf, total, type Tally } from './tally.ts';

/** Passes over all patients: one at a time, joined by whoever asks. */
export interface BulkUploads {
  /**
   * Waits for a pass that began to read R4 after this was called; for the hourly one, the running pass will do. However many ask
   * while one runs, at most one follows it.
   * @throws AgentError with the code that the pass failed with; it has been reported then
   */
  request(reason: PassReason, signal: AbortSignal): Promise<PassFigures>;
  /** The figures of the running pass so far, or null. */
  current(): PassFigures | null;
  /** The figures of the pass that ended last, also of an earlier process. */
  last(): PassFigures | null;
  /** When both sides were last proved equal. */
  lastEqualAt(): string | null;
}

/** Options of {@link createBulkUploads}. */
export interface BulkOptions {
  readonly pace?: Partial<Pace>;
  readonly backoff?: Backoff;
  /** How long after an earlier try began to read a pass goes on with it; half an hour unless told otherwise. */
  readonly resumeWithinMs?: number;
}

/** Unless told otherwise. Only a pass that nobody asked for is paced. */
export const bulkPace: Pace = { pageRows: 2_000, pauseRatio: 0.5, pauseMostMs: 30_000 };
const resumeWithinMs = 1_800_000;
const bulkBackoff: Backoff = { firstMs: 1_000, mostMs: 60_000, jitter: 0.5 };

/** Keys of the notes that passes leave. */
export const passNotes = { lastPass: 'last-pass', lastEqualAt: 'last-equal-at' } as const;

interface Running {
  readonly tally: Tally;
  readonly work: SharedWork<PassFigures>;
  /** Aborted when somebody waits for this pass, or for its end. */
  readonly hurry: AbortController;
  /** True from the first read on. */
  reading: boolean;
}

/** @see {@link BulkUploads} */
export function createBulkUploads(deps: UploadDeps, options: BulkOptions = {}): BulkUploads {
  const pace = { ...bulkPace, ...options.pace };
  const backoff = options.backoff ?? bulkBackoff;
  let running: Running | null = null;
  let following: Running | null = null;

  /** @param before - the pass to let end first */
  function start(reason: PassReason, before: Running | null): Running {
    const tally = createTally(reason, deps.clock);
    const started: Running = {
      tally,
      hurry: new AbortController(),
      reading: false,
      work: createSharedWork(async (signal) => {
        await waitForEnd(before?.work, signal);
        if (following === started) following = null;
        try {
          signal.throwIfAborted();
          running = started;
          return await run(started, signal);
        } finally {
          // Not before: who waited for another pass and left has not been the running one.
          if (running === started) running = null;
        }
      }),
    };
    return started;
  }

  async function run(pass: Running, signal: AbortSignal): Promise<PassFigures> {
    const { tally } = pass;
    const sentBefore = deps.flynotes.sentBytes();
    const pacing = { pace, hurry: pass.hurry.signal };
    const onReading = () => {
      pass.reading = true;
    };
    try {
      await runPass(deps, { tally, options: { resumeWithinMs, ...options, pacing, backoff, onReading } }, signal);
    } catch (error) {
      if (!signal.aborted) reportFailure(deps, tally, error);
      throw error;
    }
    return reportSuccess(deps, tally, deps.flynotes.sentBytes() - sentBefore);
  }

  return {
    async request(reason, signal) {
      signal.throwIfAborted();
      const fits = running && !running.work.abandoned && (!running.reading || reason === 'scheduled');
      // Whoever waits, waits for the running pass in any case: for its result, or for its end.
      if (reason === 'requested') running?.hurry.abort();
      if (running && fits) return running.work.join(signal);
      if (following?.work.abandoned) following = null;
      if (running) following ??= start(reason, running);
      // Between a pass's end and its follower's beginning neither runs; the follower has not read anything yet.
      const next = following ?? (running = start(reason, null));
      if (reason === 'requested') next.hurry.abort();
      return next.work.join(signal);
    },
    current: () => (running ? figuresOf(running.tally, deps.clock) : null),
    last() {
      const noted = deps.state.notes.get(passNotes.lastPass);
      return noted === null ? null : (JSON.parse(noted) as PassFigures);
    },
    lastEqualAt: () => deps.state.notes.get(passNotes.lastEqualAt),
  };
}

function reportSuccess(deps: UploadDeps, tally: Tally, sentBytes: number): PassFigures {
  const figures = figuresOf(tally, deps.clock, { outcome: 'equal' });
  noteDown(deps, figures);
  for (const counts of [figures.refusedByAgent, figures.refusedByServer]) {
    for (const [code, count] of Object.entries(counts)) {
      deps.log.emit('pass.rows-refused', { passId: figures.passId ?? undefined, code, count });
    }
  }
  deps.log.emit('pass.completed', {
    passId: figures.passId ?? undefined,
    reason: figures.reason,
    rows: figures.rows,
    patients: figures.patients,
    sent: figures.sent,
    changed: figures.changed,
    removed: figures.removed,
    refusedByAgent: total(figures.refusedByAgent) > 0 ? figures.refusedByAgent : undefined,
    refusedByServer: total(figures.refusedByServer) > 0 ? figures.refusedByServer : undefined,
    rules: figures.rules,
    rounds: tally.rounds,
    retold: tally.retold,
    healed: tally.healed,
    adopted: tally.adopted,
    resumed: tally.resumed,
    elapsedMs: deps.clock.monotonic() - tally.startedMs,
    readMs: figures.readMs,
    sentBytes,
  });
  return figures;
}

function reportFailure(deps: UploadDeps, tally: Tally, error: unknown): void {
  const code = codeOf(error);
  const figures = figuresOf(tally, deps.clock, { outcome: 'failed', code });
  deps.log.emit('pass.failed', { passId: figures.passId ?? undefined, reason: figures.reason, code });
  deps.log.error(error, 'upload');
  noteDown(deps, figures);
}

/** A full disk changes nothing about how the pass ended. */
function noteDown({ state, log }: UploadDeps, figures: PassFigures): void {
  try {
    state.notes.set(passNotes.lastPass, JSON.stringify(figures));
    if (figures.outcome === 'equal' && figures.endedAt) state.notes.set(passNotes.lastEqualAt, figures.endedAt);
  } catch (error) {
    log.error(error, 'upload');
  }
}
