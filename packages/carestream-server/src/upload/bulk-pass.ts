import { codeOf, retry, type Backoff, type RetryOptions } from '../runtime/index.ts';
import { createBatchSender } from './batch-sender.ts';
import { createJudge } from './judge.ts';
import { localDateOf } from './local-date.ts';
import type { Pacing, ReadDeps } from './pages.ts';
import { proveParity } from './parity.ts';
import type { UploadDeps } from './ports.ts';
import { scanPractice, type PassParts } from './scan.ts';
import { restartTally, type Tally } from './tally.ts';

/** Options of a pass. */
export interface PassOptions {
  readonly pacing: Pacing;
  /** The pauses while Flynotes is away. A pass waits for it as long as it is wanted. */
  readonly backoff: Backoff;
  readonly massRemovalAfterMs: number;
  /** Called when a pass begins to read: whoever asks for one from then on may know of changes that it misses. */
  readonly onReading: () => void;
}

/** Flynotes no longer goes on with this pass; a new one finds in the ledger what had been acknowledged. */
const lostPassCodes: ReadonlySet<string> = new Set(['PASS_UNKNOWN', 'PASS_ENDED', 'BATCH_CONFLICT']);

/**
 * One pass over all patients: what is new, changed or gone travels, and then both sides prove that they hold the same.
 * @throws AgentError PARITY_FAILED, REMOVALS_HELD_BACK, or what reading R4 or Flynotes' refusals throw
 */
export async function runPass(
  deps: UploadDeps,
  context: { readonly tally: Tally; readonly options: PassOptions },
  signal: AbortSignal,
): Promise<void> {
  try {
    await tryPass(deps, context, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!lostPassCodes.has(codeOf(error))) throw error;
    deps.log.emit('warning', { code: codeOf(error), area: 'upload' });
    restartTally(context.tally);
    await tryPass(deps, context, signal);
  }
}

async function tryPass(
  deps: UploadDeps,
  { tally, options }: { readonly tally: Tally; readonly options: PassOptions },
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  const retryOptions: RetryOptions = {
    backoff: options.backoff,
    tries: Number.POSITIVE_INFINITY,
    onFailure(error) {
      failures += 1;
      // The first, the second, the fourth: a day without Flynotes is some ten lines, not a thousand.
      if (Number.isInteger(Math.log2(failures))) {
        deps.log.emit('warning', { code: codeOf(error), area: 'upload', count: failures });
      }
    },
  };
  const pass = await retry(
    () => deps.flynotes.beginPass({ reason: tally.reason }, signal),
    { clock: deps.clock, options: retryOptions },
    signal,
  );
  tally.passId = pass.passId;
  deps.log.emit('pass.started', { passId: pass.passId, reason: tally.reason, resumed: pass.resumed });

  const read: ReadDeps = {
    practice: deps.practice,
    clock: deps.clock,
    nextReadSequence: () => deps.state.nextReadSequence(),
  };
  // Whatever ends the pass ends its batches too: none goes on behind the back of the next one.
  const left = new AbortController();
  const whileWanted = AbortSignal.any([signal, left.signal]);
  const sender = createBatchSender(
    deps,
    { passId: pass.passId, firstBatch: pass.nextBatch, tally, retryOptions },
    whileWanted,
  );
  const parts: PassParts = {
    deps,
    read,
    pacing: options.pacing,
    judge: createJudge(deps, tally, localDateOf(deps.clock.now(), deps.timeZone)),
    sender,
    tally,
    massRemovalAfterMs: options.massRemovalAfterMs,
  };
  options.onReading();
  try {
    await scanPractice(parts, signal);
    await sender.flush();
    await proveParity(parts, { passId: pass.passId, retryOptions }, signal);
  } finally {
    left.abort(new Error('the pass has ended'));
    await sender.settled();
  }
}
