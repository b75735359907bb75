import type { Database } from '../database/index.ts';
import { eventChannel } from './append-event.ts';

/** Tells readers of the stream that it is worth looking. The truth is the table: a lost signal only costs a second. */
export interface EventSignal extends AsyncDisposable {
  /** Resolves at the next signal, after `mostMs`, or when aborted. */
  wait(mostMs: number, signal: AbortSignal): Promise<void>;
}

/** @see {@link EventSignal} */
export async function createEventSignal(database: Database): Promise<EventSignal> {
  const waiting = new Set<() => void>();
  const stop = await database.listen(eventChannel, () => {
    for (const wake of waiting) wake();
  });
  return {
    wait: (mostMs, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        // Each waiter leaves by itself: a race with a promise that lasts would keep something of every wait that ended.
        const wake = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', wake);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, mostMs);
        signal.addEventListener('abort', wake);
        waiting.add(wake);
      }),
    [Symbol.asyncDispose]: stop,
  };
}
