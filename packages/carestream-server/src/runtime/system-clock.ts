import { setTimeout as wait } from 'node:timers/promises';
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
      try {
        await wait(Math.min(Math.max(0, ms), longestTimerMs), undefined, signal ? { signal } : {});
      } catch (error) {
        // Node wraps the reason in an AbortError of its own; whoever aborted wants to see the reason.
        signal?.throwIfAborted();
        throw error;
      }
    },
  };
}
