import type { LicenceAnswer } from '../contract/index.ts';
import { AgentError, isAgentError, within, type Clock } from '../runtime/index.ts';
import type { EndReason } from './end-reason.ts';
import type { PracticeOpener, PracticePort } from './ports.ts';

/** Step 1: both ends were reached, or what stood in the way of each. */
export type ScopeResult<Practice> =
  | {
      readonly outcome: 'open';
      readonly practice: Practice;
      readonly answer: LicenceAnswer;
      readonly nonce: string;
    }
  | { readonly outcome: 'closed'; readonly failures: readonly { readonly area: string; readonly error: unknown }[] };

/** What opening the scope needs. */
export interface ScopeDeps<Practice extends PracticePort> {
  readonly clock: Clock;
  readonly practice: PracticeOpener<Practice>;
  licence(nonce: string, signal: AbortSignal): Promise<LicenceAnswer>;
  newNonce(): string;
  /** Called as soon as the answer is there, so that a failure of the database can be reported. */
  onLicence(answer: LicenceAnswer): void;
}

/** Tries SQL Server and Flynotes at the same time, each to its own end: the failure of one never hides that of the other. */
export async function openScope<Practice extends PracticePort>(
  deps: ScopeDeps<Practice>,
  withinMs: number,
  signal: AbortSignal,
): Promise<ScopeResult<Practice>> {
  const nonce = deps.newNonce();
  const timeUp = new AbortController();
  const trying = AbortSignal.any([signal, timeUp.signal]);
  const attempts = Promise.allSettled([
    startOf(() => deps.practice.open(trying)),
    startOf(async () => {
      const answer = await deps.licence(nonce, trying);
      deps.onLicence(answer);
      return answer;
    }),
  ]);
  if ((await within(deps.clock, withinMs, attempts)) === 'late') timeUp.abort(new Error('opening took too long'));
  const [practice, answer] = await attempts;
  if (practice.status === 'fulfilled' && answer.status === 'fulfilled' && !signal.aborted) {
    return { outcome: 'open', practice: practice.value, answer: answer.value, nonce };
  }
  const failures: { area: string; error: unknown }[] = [];
  const late = (error: unknown, code: 'PRACTICE_TIMEOUT' | 'FLYNOTES_TIMEOUT'): unknown =>
    timeUp.signal.aborted && !isAgentError(error) ? new AgentError(code, { cause: error }) : error;
  if (practice.status === 'rejected')
    failures.push({ area: 'practice', error: late(practice.reason, 'PRACTICE_TIMEOUT') });
  else await practice.value[Symbol.asyncDispose]();
  if (answer.status === 'rejected') failures.push({ area: 'licence', error: late(answer.reason, 'FLYNOTES_TIMEOUT') });
  return { outcome: 'closed', failures };
}

/** What throws before its first await fails like the rest. */
async function startOf<Result>(start: () => Promise<Result>): Promise<Result> {
  return start();
}

/** Whether another try may help by itself, or a person must change something first. */
export function endReasonOf(failures: readonly { readonly error: unknown }[]): EndReason {
  const kinds = failures.map(({ error }): EndReason => {
    if (!isAgentError(error)) return 'crashed';
    const mayPass = error.disposition === 'transient' || error.disposition === 'ambiguous';
    return mayPass ? 'unreachable' : 'configuration';
  });
  // As long as one end is configured wrongly, trying more often is of no use.
  if (kinds.includes('configuration')) return 'configuration';
  return kinds.includes('crashed') ? 'crashed' : 'unreachable';
}
