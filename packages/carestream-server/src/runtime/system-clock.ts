import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/** Timers take a 32-bit number of milliseconds; longer ones would fire at once. */
const longestTimerMs = 2_147_483_647;

/** The machine's own clock. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      if (ms <= 0) {
        await nextTurn();
        signal?.throwIfAborted();
        return;
      }
      try {
        await wait(Math.min(ms, longestTimerMs), undefined, signal ? { signal } : {});
      } catch (error) {
        // Node wraps the reason in an AbortError of its own; whoever aborted wants to see the reason.
        signal?.throwIfAborted();
        throw error;
      }
    },
  };
}
