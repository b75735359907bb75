/** Where time comes from. `now` may jump when someone sets the clock; `monotonic` never does, so durations are measured with it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Milliseconds since some fixed moment; only differences mean anything. */
  monotonic(): number;
  /**
   * Resolves after `ms`; rejects with the signal's reason when aborted. 0 lets whatever is ready run first, without the
   * millisecond that a timer takes at least.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The instant of `clock.now()` as RFC 3339 text. */
export function instantOf(clock: Pick<Clock, 'now'>): string {
  return new Date(clock.now()).toISOString();
}
