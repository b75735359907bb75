import type { Clock } from './clock.ts';
import { isAgentError } from './errors.ts';

/** Growing pauses: doubled each time from `firstMs` to `mostMs`, of which up to `jitter` (0 to 1) is random. */
export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
  readonly jitter: number;
}

/** How long to wait after the `failures`-th failure in a row (1 is the first), in milliseconds. */
export function pauseAfter(failures: number, backoff: Backoff, random: () => number = Math.random): number {
  const full = Math.min(backoff.mostMs, backoff.firstMs * 2 ** Math.min(failures - 1, 30));
  return full * (1 - backoff.jitter * random());
}

/** Options of {@link retry}. */
export interface RetryOptions {
  readonly backoff: Backoff;
  /** How often at most, the first try included. */
  readonly tries: number;
  /** Where the other side asks for a longer wait than this, its failure is thrown at once: somebody else can do the waiting. */
  readonly waitMostMs?: number;
  /** Called before each pause. */
  readonly onFailure?: (error: unknown, pauseMs: number) => void;
}

/**
 * Does something until it succeeds, as long as its failures are transient or ambiguous (then it must be idempotent).
 * @throws the last failure, or the signal's reason
 */
export async function retry<Result>(
  attempt: (tryNumber: number) => Promise<Result>,
  deps: { readonly clock: Clock; readonly options: RetryOptions },
  signal: AbortSignal,
): Promise<Result> {
  for (let tryNumber = 1; ; tryNumber++) {
    signal.throwIfAborted();
    try {
      return await attempt(tryNumber);
    } catch (error) {
      signal.throwIfAborted();
      const mayPass = isAgentError(error) && (error.disposition === 'transient' || error.disposition === 'ambiguous');
      if (!mayPass || tryNumber >= deps.options.tries) throw error;
      const askedMs = error.retryAfterMs ?? 0;
      if (askedMs > (deps.options.waitMostMs ?? Infinity)) throw error;
      const pauseMs = Math.max(pauseAfter(tryNumber, deps.options.backoff), askedMs);
      deps.options.onFailure?.(error, pauseMs);
      await deps.clock.sleep(pauseMs, signal);
    }
  }
}
