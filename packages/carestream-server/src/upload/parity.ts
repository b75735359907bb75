import {
  bucketSumHex,
  errorTable,
  parityRoundsMost,
  type CompleteAnswer,
  type CompleteRequest,
  type ErrorCode,
} from '../contract/index.ts';
import { AgentError, retry, type RetryOptions } from '../runtime/index.ts';
import { sumAccount } from './ledger-sums.ts';
import type { PassParts } from './pass-parts.ts';
import { tellBuckets } from './tell-by-key.ts';

/**
 * How often sums are compared again because a patient was put meanwhile: such a difference is none that buckets sent whole would mend,
 * and at a busy reception it would use up the rounds.
 */
const againMost = 20;

/**
 * Proves that both sides hold the same: count and root first; the buckets' sums if they differ; the differing buckets whole;
 * and again. Each side's sums come from what it holds itself; where the agent's ledger is no account of that, from what it read in R4.
 * @throws AgentError PARITY_FAILED when the rounds are used up, REMOVALS_HELD_BACK when Flynotes will not lose that many patients
 */
export async function proveParity(
  parts: PassParts,
  options: { readonly passId: string; readonly retryOptions: RetryOptions },
  signal: AbortSignal,
): Promise<void> {
  const { deps, tally, account } = parts;
  const { digester, clock } = deps;
  let round = 0;
  let resent: readonly number[] | null = null;
  let withSums = false;
  let again = 0;
  for (;;) {
    const revision = deps.state.ledger.revision();
    const sums = await sumAccount({ account, digester, clock }, signal);
    tally.patients = sums.patients;
    const request: CompleteRequest = {
      patients: sums.patients,
      root: digester.rootOf(sums.sums),
      round,
      ...(withSums ? { buckets: sums.sums.map(bucketSumHex) } : {}),
      ...(resent ? { resent: [...resent] } : {}),
      figures: figuresFor(parts),
    };
    const answer: CompleteAnswer = await retry(
      () => deps.flynotes.completePass(options.passId, request, signal),
      { clock, options: options.retryOptions },
      signal,
    );
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
        if (withSums) throw new AgentError('PARITY_FAILED', { details: { reason: 'sums-asked-again', rounds: round } });
        withSums = true;
        resent = null;
        break;
      case 'send-buckets':
        if (deps.state.ledger.revision() !== revision && again < againMost) {
          again += 1;
          break;
        }
        // Under another key everything differs, and telling it under this one would mend nothing.
        if (parts.isKeyOutdated()) {
          throw new AgentError('PARITY_FAILED', { details: { reason: 'digest-key-changed', rounds: round } });
        }
        if (answer.round <= round || answer.round > parityRoundsMost) {
          throw new AgentError('PARITY_FAILED', { details: { reason: 'rounds-used-up', rounds: round } });
        }
        ({ round } = answer);
        tally.rounds = round;
        parts.sender.startRound(round);
        tally.adopted += await account.adopt(new Set(answer.buckets), signal);
        await tellBuckets(parts, answer.buckets, signal);
        await parts.sender.flush();
        account.settle();
        resent = answer.buckets;
        withSums = false;
        break;
    }
  }
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
