import { isAgentError, pauseAfter, untilAborted, within, type Backoff, type Clock } from '../runtime/index.ts';
import type { ReportKind, Reports } from './reports.ts';

/** How one delivery ended. Throwing means: try again later. */
export type Delivery =
  | { readonly outcome: 'delivered' }
  /** The receiver will never take it. */
  | { readonly outcome: 'refused'; readonly status: number }
  /** Nobody to deliver to is known yet. */
  | { readonly outcome: 'not-yet' };

/** Carries reports of one kind to their receiver, one by one and in order. */
export interface ReportDrain {
  /** Delivers until the signal; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Something changed (a token came): look again now. */
  wake(): void;
  /** Delivers what waits without any pause; ends at the first failure, when nothing is left, or after `withinMs`. */
  flush(withinMs: number): Promise<void>;
}

/** What a drain needs. */
export interface ReportDrainDeps {
  readonly clock: Clock;
  readonly reports: Reports;
  deliver(payloadJson: string, signal: AbortSignal): Promise<Delivery>;
  /** Called after each attempt that settled something. */
  onSettled?(delivery: Delivery, payloadJson: string): void;
  /** Called after each attempt that did not. */
  onFailed?(error: unknown): void;
}

/** Options of {@link createReportDrain}. */
export interface ReportDrainOptions {
  readonly kind: ReportKind;
  readonly backoff: Backoff;
}

type PassEnd = 'empty' | 'not-yet' | { readonly failed: unknown };

/** @see {@link ReportDrain} */
export function createReportDrain(deps: ReportDrainDeps, options: ReportDrainOptions): ReportDrain {
  const { clock, reports } = deps;
  let waker: (() => void) | undefined;
  let failures = 0;
  /** The last pass: `run` and `flush` never deliver the same report twice at once. */
  let before: Promise<unknown> = Promise.resolve();
  /** Settled already, though the outbox could not be told. */
  const settledIds = new Set<number>();

  const settle = (id: number): void => {
    settledIds.add(id);
    try {
      reports.delete([...settledIds]);
      settledIds.clear();
    } catch {
      // A full disk. It is told with the next one.
    }
  };

  const pass = async (signal: AbortSignal): Promise<PassEnd> => {
    for (;;) {
      const waiting = reports.next(options.kind, 20 + settledIds.size).filter(({ id }) => !settledIds.has(id));
      if (waiting.length === 0) return 'empty';
      for (const { id, payloadJson } of waiting) {
        if (signal.aborted) return { failed: signal.reason };
        let delivery: Delivery;
        try {
          delivery = await deps.deliver(payloadJson, signal);
        } catch (error) {
          if (!signal.aborted) deps.onFailed?.(error);
          return { failed: error };
        }
        if (delivery.outcome === 'not-yet') return 'not-yet';
        failures = 0;
        settle(id);
        deps.onSettled?.(delivery, payloadJson);
      }
    }
  };

  const passOnce = async (signal: AbortSignal): Promise<PassEnd> => {
    // One after the other: whoever comes while one is under way waits for all that came before.
    const turn = before.then(() => pass(signal));
    before = turn.catch(() => undefined);
    return turn;
  };

  reports.onAdded((kind) => {
    // While a receiver is away, more reports are no reason to try it sooner.
    if (kind === options.kind && failures === 0) waker?.();
  });

  return {
    wake: () => waker?.(),
    async run(signal) {
      while (!signal.aborted) {
        let woken = false;
        const wakened = new Promise<void>((resolve) => {
          waker = () => {
            woken = true;
            resolve();
          };
        });
        const end = await passOnce(signal);
        if (signal.aborted) return;
        if (typeof end === 'object') {
          failures += 1;
          const asked = isAgentError(end.failed) ? (end.failed.retryAfterMs ?? 0) : 0;
          await pauseOrWake(clock, Math.max(asked, pauseAfter(failures, options.backoff)), wakened, signal);
        } else if (!woken) {
          await untilAborted(signal, wakened);
        }
      }
    },
    async flush(withinMs) {
      const enough = new AbortController();
      if ((await within(clock, withinMs, passOnce(enough.signal))) === 'late') {
        enough.abort(new Error('the time for the last reports is over'));
      }
    },
  };
}

async function pauseOrWake(clock: Clock, ms: number, wakened: Promise<void>, signal: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const pause = clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
  await Promise.race([pause, wakened]);
  woken.abort();
  await pause;
}
