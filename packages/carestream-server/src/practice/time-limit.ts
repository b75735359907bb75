import { AgentError, type Clock } from '../runtime/index.ts';

/** How long something may take, and what it is when it takes longer. */
export interface TimeLimit {
  readonly clock: Clock;
  readonly mostMs: number;
  readonly late: () => AgentError;
}

/**
 * What `work` becomes, unless it takes too long or the signal comes first. The work itself goes on; whoever calls ends it.
 * @throws the limit's error, the signal's reason, or what the work throws
 */
export async function withinTime<Result>(
  work: Promise<Result>,
  limit: TimeLimit,
  signal: AbortSignal,
): Promise<Result> {
  const watch = new AbortController();
  const stop = (): void => watch.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const late = limit.clock.sleep(limit.mostMs, watch.signal).then(
    () => {
      throw limit.late();
    },
    // A clock wraps the reason into an error of its own.
    () => {
      throw signal.reason;
    },
  );
  for (const each of [work, late]) each.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    signal.removeEventListener('abort', stop);
    watch.abort();
  }
}

/** What `work` becomes, unless the signal comes first. */
export async function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
