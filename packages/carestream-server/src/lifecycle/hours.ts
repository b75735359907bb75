import { pause, pauseAfter, type Clock } from '../runtime/index.ts';
import type { LifeTimes } from './times.ts';

/** What happens each hour. */
export interface HoursDeps {
  readonly clock: Clock;
  /** One bulk upload; resolves to whether it is to be tried again before the next hour. */
  uploadAll(signal: AbortSignal): Promise<'settled' | 'again'>;
  /** Renews licence and credentials, and looks at the dictated version. */
  renew(): Promise<unknown>;
  onDayOver(): void;
}

/**
 * Steps 2 to 5: each hour the licence, the version and a bulk upload, until the day is over. A bulk upload never holds up the hour, nor
 * does a failure: both are tried again with growing pauses until the next hour begins. Durations are measured with the monotonic
 * clock, so that setting the wall clock makes no day longer.
 */
export async function keepHours(deps: HoursDeps, times: LifeTimes, signal: AbortSignal): Promise<void> {
  const startedAt = deps.clock.monotonic();
  const backoff = { firstMs: times.retryFirstMs, mostMs: times.retryMostMs, jitter: 0.3 };
  let uploading: Promise<void> | undefined;
  let renewing: Promise<boolean> | undefined;

  // A try that reaches over the turn of the hour goes on in the new one, whose own it is in the way of.
  let hourEndsMs = startedAt;

  /** Tries until it succeeds, the hour is over, or the agent ends. */
  const persist = async (attempt: () => Promise<boolean>): Promise<boolean> => {
    for (let failures = 0; ;) {
      if (await attempt()) return true;
      failures += 1;
      const pauseMs = pauseAfter(failures, backoff);
      if (deps.clock.monotonic() + pauseMs >= hourEndsMs) return false;
      if ((await pause(deps.clock, pauseMs, signal)) === 'aborted') return false;
    }
  };

  const tryRenewing = async (): Promise<boolean> => {
    try {
      await deps.renew();
      return true;
    } catch {
      // Told by whoever renews.
      return signal.aborted;
    }
  };

  const tryUploading = async (): Promise<boolean> => (await deps.uploadAll(signal)) === 'settled';

  for (let hour = 0; !signal.aborted; hour++) {
    hourEndsMs = startedAt + (hour + 1) * times.hourMs;
    if (hour > 0) {
      renewing ??= persist(tryRenewing).finally(() => {
        renewing = undefined;
      });
    }
    uploading ??= persist(tryUploading).then(() => {
      uploading = undefined;
    });
    const leftMs = Math.max(0, Math.min(hourEndsMs, startedAt + times.dayMs) - deps.clock.monotonic());
    if ((await pause(deps.clock, leftMs, signal)) === 'aborted') break;
    if (deps.clock.monotonic() - startedAt >= times.dayMs) deps.onDayOver();
  }
  await Promise.all([uploading, renewing]);
}
