import { codeOf, retry, type Backoff, type RetryOptions } from '../runtime/index.ts';
import { createAccount } from './account.ts';
import { createBatchSender } from './batch-sender.ts';
import { createJudge } from './judge.ts';
import { localDateOf } from './local-date.ts';
import type { Pacing, ReadDeps } from './pages.ts';
import { proveParity } from './parity.ts';
import type { PassParts } from './pass-parts.ts';
import { createPassCalls } from './pass-calls.ts';
import type { UploadDeps } from './ports.ts';
import { createResumePoints } from './resume-point.ts';
import { scanPractice } from './scan.ts';
import { restartTally, type Tally } from './tally.ts';

/** Options of a pass. */
export interface PassOptions {
  readonly pacing: Pacing;
  /** The pauses while Flynotes is away. A pass waits for it as long as it is wanted. */
  readonly backoff: Backoff;
  /** How long after an earlier try began to read, its finished pages are not read again. */
  readonly resumeWithinMs: number;
  /** Called when a pass begins to read: whoever asks for one from then on may know of changes that it misses. */
  readonly onReading: () => void;
}

interface PassContext {
  readonly tally: Tally;
  readonly options: PassOptions;
}

/** Flynotes no longer goes on with this pass; a new one finds in the ledger what had been acknowledged. */
const lostPassCodes: ReadonlySet<string> = new Set(['PASS_UNKNOWN', 'PASS_ENDED', 'BATCH_CONFLICT']);

/**
 * One pass over all patients: what is new, changed or gone travels, and then both sides prove that they hold the same.
 * @throws AgentError PARITY_FAILED, REMOVALS_HELD_BACK, FLYNOTES_KEEPS_FAILING, or what reading R4 or Flynotes' refusals throw
 */
export async function runPass(deps: UploadDeps, context: PassContext, signal: AbortSignal): Promise<void> {
  const { keyId } = deps.digester;
  try {
    await tryPass(deps, context, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!lostPassCodes.has(codeOf(error)) && deps.digester.keyId === keyId) throw error;
    deps.log.emit('warning', { code: codeOf(error), area: 'upload' });
    restartTally(context.tally);
    await tryPass(deps, context, signal);
  }
}

async function tryPass(given: UploadDeps, { tally, options }: PassContext, signal: AbortSignal): Promise<void> {
  // One key and one server's patience for the whole pass, whatever the licence answers meanwhile.
  const deps: UploadDeps = { ...given, flynotes: { ...given.flynotes, ...createPassCalls(given.flynotes) } };
  prepareState(deps);
  const retryOptions = retryOptionsOf(deps, options.backoff);
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
  const account = createAccount(deps, pass.patientsHeld);
  const form = [deps.digester.keyId, deps.readingForm?.() ?? '', account.uncertain ? 'uncertain' : 'known'].join(' ');
  const resume = createResumePoints(
    { notes: deps.state.notes, clock: deps.clock },
    { passId: pass.passId, form, withinMs: options.resumeWithinMs },
  );
  const parts: PassParts = {
    deps,
    read,
    pacing: options.pacing,
    judge: createJudge(deps, tally, localDateOf(deps.clock.now(), deps.timeZone)),
    sender,
    tally,
    account,
    resume,
    isKeyOutdated: () => given.digester.keyId !== deps.digester.keyId,
    patientsHeld: pass.patientsHeld,
    removalsConfirmed: pass.removalsConfirmed === true,
  };
  // Whoever waits may have typed something in below the point up to which was read.
  const from = resume.begin(tally.reason === 'scheduled' && !options.pacing.hurry.aborted);
  options.onReading();
  try {
    await scanPractice(parts, from, signal);
    await sender.flush();
    await proveParity(parts, { passId: pass.passId, retryOptions }, signal);
  } finally {
    left.abort(new Error('the pass has ended'));
    await sender.settled();
  }
}

/** What was kept under another key, or refused by another judge, says nothing any more. */
function prepareState({ state, digester, log, refusalJudge }: UploadDeps): void {
  if (state.ledger.useDigestKey(digester.keyId)) log.emit('warning', { area: 'upload', name: 'digest-key' });
  if (refusalJudge) state.refusals.useJudge(refusalJudge());
}

function retryOptionsOf({ log }: UploadDeps, backoff: Backoff): RetryOptions {
  let failures = 0;
  return {
    backoff,
    tries: Number.POSITIVE_INFINITY,
    onFailure(error) {
      failures += 1;
      // The first, the second, the fourth: a day without Flynotes is some ten lines, not a thousand.
      if (Number.isInteger(Math.log2(failures))) {
        log.emit('warning', { code: codeOf(error), area: 'upload', count: failures });
      }
    },
  };
}
