import type { Database } from '../database/index.ts';
import { eventChannel } from './append-event.ts';

/** Tells readers of the stream that it is worth looking. The truth is the table: a lost signal only costs a second. */
export interface EventSignal extends AsyncDisposable {
  /** Resolves at the next signal, after `mostMs`, or when aborted. */
  wait(mostMs: number, signal: AbortSignal): Promise<void>;
}

/** @see {@link EventSignal} */
export async function createEventSignal(database: Database): Promise<EventSignal> {
  let next = Promise.withResolvers<void>();
  const stop = await database.listen(eventChannel, () => {
    next.resolve();
    next = Promise.withResolvers<void>();
  });
  return {
    async wait(mostMs, signal) {
      if (signal.aborted) return;
      const late = Promise.withResolvers<void>();
      const give = (): void => late.resolve();
      const timer = setTimeout(give, mostMs);
      signal.addEventListener('abort', give);
      await Promise.race([next.promise, late.promise]);
      clearTimeout(timer);
      signal.removeEventListener('abort', give);
    },
    [Symbol.asyncDispose]: stop,
  };
}
