import {
  bucketSumHex,
  errorTable,
  parityRoundsMost,
  type CompleteAnswer,
  type CompleteRequest,
  type ErrorCode,
} from '../contract/index.ts';
import { AgentError, retry, type RetryOptions } from '../runtime/index.ts';
import { createAccountSums, type AccountSums } from './account-sums.ts';
import type { PassParts } from './pass-parts.ts';
import { tellBuckets } from './tell-by-key.ts';

/** After so many comparisons that a patient spoiled, the next one holds the others up for a moment, */
const spoiledMost = 3;
/** no longer than this: enough for one request to be there before they are. */
const holdMs = 5;
/** Where patients are being put without a gap, a comparison is made among them. */
const calmMostMs = 2_000;

/**
 * Proves that both sides hold the same: count and root first; the buckets' sums if they differ; the differing buckets whole;
 * and again. Each side's sums come from what it holds itself; where the agent's ledger is no account of that, from what it read in R4.
 *
 * Patients are put meanwhile, and Flynotes may have a record that is not noted here yet. A difference in their buckets says nothing, and
 * buckets sent whole would not mend it: it is looked for again, as often as it takes (ADR 22). Anywhere else a difference is one.
 * @throws AgentError PARITY_FAILED when the rounds are used up, REMOVALS_HELD_BACK when Flynotes will not lose that many patients
 */
export async function proveParity(
  parts: PassParts,
  options: { readonly passId: string; readonly retryOptions: RetryOptions },
  signal: AbortSignal,
): Promise<void> {
  const { deps, tally, account } = parts;
  const { digester, clock, puts } = deps;
  const sumUp = () => createAccountSums({ account, digester, clock, puts }, signal);
  let question: Question = { round: 0, withSums: false, resent: null };
  let spoiled = 0;
  let askedMs = 0;
  let sums = await sumUp();

  /** Gives Flynotes as long to rest as it was at work, and the patients their turn. */
  const untilCalm = async (holds: boolean): Promise<() => void> => {
    if (askedMs > 0) await clock.sleep(askedMs, signal);
    return puts.calm({ waitMostMs: calmMostMs, holdMs: holds ? holdMs : 0 }, signal);
  };

  try {
    for (;;) {
      const { round } = question;
      // In the last round Flynotes looks once, and a difference ends the pass.
      const isLast = round === parityRoundsMost;
      const goOn = isLast || spoiled > 0 ? await untilCalm(isLast || spoiled >= spoiledMost) : null;
      const touched = sums.attend();
      const request = requestFor(parts, sums, question);
      const startedMs = clock.monotonic();
      const answer: CompleteAnswer = await retry(
        () => deps.flynotes.completePass(options.passId, request, signal),
        { clock, options: options.retryOptions },
        signal,
      ).finally(goOn);
      askedMs = clock.monotonic() - startedMs;
      switch (answer.outcome) {
        case 'equal':
          // Whoever calls other figures equal has not compared these.
          if (answer.patients !== request.patients || answer.root !== request.root) {
            throw new AgentError('PARITY_FAILED', { details: { reason: 'equal-to-others', rounds: round } });
          }
          tally.adopted += await account.adopt(new Set(), signal);
          account.settle();
          return;
        case 'failed':
          throw new AgentError(codeOfFailure(answer.code), { details: { flynotesCode: answer.code, rounds: round } });
        case 'send-digests':
          // Asked for twice in one round, they would be asked for for ever.
          if (question.withSums) {
            throw new AgentError('PARITY_FAILED', { details: { reason: 'sums-asked-again', rounds: round } });
          }
          question = { round, withSums: true, resent: null };
          break;
        case 'send-buckets':
          // Under another key everything differs, and telling it under this one would mend nothing.
          if (parts.isKeyOutdated()) {
            throw new AgentError('PARITY_FAILED', { details: { reason: 'digest-key-changed', rounds: round } });
          }
          if (answer.round <= round || answer.round > parityRoundsMost) {
            throw new AgentError('PARITY_FAILED', { details: { reason: 'rounds-used-up', rounds: round } });
          }
          if (answer.buckets.some((bucket) => touched().has(bucket))) {
            spoiled += 1;
            question = { round, withSums: true, resent: null };
            break;
          }
          tally.rounds = answer.round;
          sums.close();
          await heal(parts, answer, signal);
          sums = await sumUp();
          question = { round: answer.round, withSums: false, resent: answer.buckets };
          break;
      }
    }
  } finally {
    sums.close();
  }
}

/** Sends the differing buckets whole; what lies outside them is held. */
async function heal(
  parts: PassParts,
  { round, buckets }: Extract<CompleteAnswer, { outcome: 'send-buckets' }>,
  signal: AbortSignal,
): Promise<void> {
  const { account, sender, tally } = parts;
  sender.startRound(round);
  tally.adopted += await account.adopt(new Set(buckets), signal);
  await tellBuckets(parts, buckets, signal);
  await sender.flush();
  account.settle();
}

/** What Flynotes is asked about next. */
interface Question {
  readonly round: number;
  /** The buckets' sums were asked for. */
  readonly withSums: boolean;
  /** The buckets that were just sent whole. */
  readonly resent: readonly number[] | null;
}

function requestFor(parts: PassParts, { patients, sums }: AccountSums, question: Question): CompleteRequest {
  parts.tally.patients = patients;
  return {
    patients,
    root: parts.deps.digester.rootOf(sums),
    round: question.round,
    ...(question.withSums ? { buckets: sums.map(bucketSumHex) } : {}),
    ...(question.resent ? { resent: [...question.resent] } : {}),
    figures: figuresFor(parts),
  };
}

function figuresFor({ tally, deps, account }: PassParts): NonNullable<CompleteRequest['figures']> {
  return {
    pages: tally.pages,
    rows: tally.rows,
    refusedByAgent: { ...tally.refusedByAgent },
    rules: { ...tally.rules },
    adopted: tally.adopted + account.countGathered(),
    retold: tally.retold,
    elapsedMs: Math.max(0, deps.clock.monotonic() - tally.startedMs),
  };
}

/** Flynotes' own reason, where it is one of the error table. */
function codeOfFailure(code: string): ErrorCode {
  return Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'PARITY_FAILED';
}
