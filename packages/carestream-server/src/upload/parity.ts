import { bucketSumHex, parityRoundsMost, type CompleteAnswer, type CompleteRequest } from '../contract/index.ts';
import { AgentError, retry, type RetryOptions } from '../runtime/index.ts';
import { sumLedger } from './ledger-sums.ts';
import { tellBuckets, type PassParts } from './scan.ts';

/**
 * Proves that both sides hold the same: count and root first; the buckets' sums if they differ; the differing buckets whole;
 * and again. Each side's sums come from what it holds itself.
 * @throws AgentError PARITY_FAILED when the rounds are used up
 */
export async function proveParity(
  parts: PassParts,
  options: { readonly passId: string; readonly retryOptions: RetryOptions },
  signal: AbortSignal,
): Promise<void> {
  const { deps, tally } = parts;
  let round = 0;
  let resent: readonly number[] | null = null;
  let withSums = false;
  for (;;) {
    const sums = await sumLedger(deps, signal);
    tally.patients = sums.patients;
    const request: CompleteRequest = {
      patients: sums.patients,
      root: deps.digester.rootOf(sums.sums),
      round,
      ...(withSums ? { buckets: sums.sums.map(bucketSumHex) } : {}),
      ...(resent ? { resent: [...resent] } : {}),
      figures: figuresFor(parts),
    };
    const answer: CompleteAnswer = await retry(
      () => deps.flynotes.completePass(options.passId, request, signal),
      { clock: deps.clock, options: options.retryOptions },
      signal,
    );
    switch (answer.outcome) {
      case 'equal':
        return;
      case 'failed':
        throw new AgentError('PARITY_FAILED', { details: { flynotesCode: answer.code, rounds: round } });
      case 'send-digests':
        // Asked for twice in one round, they would be asked for for ever.
        if (withSums) throw new AgentError('PARITY_FAILED', { details: { reason: 'sums-asked-again', rounds: round } });
        withSums = true;
        resent = null;
        break;
      case 'send-buckets':
        if (answer.round <= round || answer.round > parityRoundsMost) {
          throw new AgentError('PARITY_FAILED', { details: { reason: 'rounds-used-up', rounds: round } });
        }
        ({ round } = answer);
        tally.rounds = round;
        parts.sender.startRound(round);
        await tellBuckets(parts, answer.buckets, signal);
        await parts.sender.flush();
        resent = answer.buckets;
        withSums = false;
        break;
    }
  }
}

function figuresFor({ tally, deps }: PassParts): NonNullable<CompleteRequest['figures']> {
  return {
    pages: tally.pages,
    rows: tally.rows,
    refusedByAgent: { ...tally.refusedByAgent },
    rules: { ...tally.rules },
    elapsedMs: Math.max(0, deps.clock.monotonic() - tally.startedMs),
  };
}
