/** Work that several askers wait for together. */
export interface SharedWork<Result> {
  /**
   * Waits for the result. An asker whose signal aborts leaves; the work is aborted when the last one has left, and then its end is
   * waited for, so that nothing goes on behind the back of whoever stops.
   */
  join(signal: AbortSignal): Promise<Result>;
  /** Settles when the work has ended, however; never rejects. */
  readonly ended: Promise<void>;
  /** True where everybody left before it ended: it can't be joined any more. */
  readonly abandoned: boolean;
}

/** Waits for earlier work to end, or for nobody wanting to wait any longer. */
export async function waitForEnd(earlier: SharedWork<unknown> | undefined, signal: AbortSignal): Promise<void> {
  if (!earlier) return;
  const aborted = Promise.withResolvers<void>();
  const abort = () => aborted.resolve();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([earlier.ended, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Starts the work at once. */
export function createSharedWork<Result>(work: (signal: AbortSignal) => Promise<Result>): SharedWork<Result> {
  const abort = new AbortController();
  let askers = 0;
  const result = work(abort.signal);
  const ended = result.then(
    () => undefined,
    () => undefined,
  );
  return {
    ended,
    get abandoned() {
      return abort.signal.aborted;
    },
    async join(signal) {
      signal.throwIfAborted();
      askers += 1;
      const left = Promise.withResolvers<never>();
      const leave = () => {
        askers -= 1;
        if (askers > 0) {
          left.reject(signal.reason);
          return;
        }
        abort.abort(signal.reason);
        void ended.then(() => left.reject(signal.reason));
      };
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await Promise.race([result, left.promise]);
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
  };
}
