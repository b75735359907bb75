import { setImmediate as nextTurn } from 'node:timers/promises';

interface Sleeper {
  readonly dueMs: number;
  readonly order: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to go on: a day passes in milliseconds. */
export interface VirtualClock {
  now(): number;
  monotonic(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** How many sleeps are pending. */
  sleepers(): number;
  /** Lets time pass, waking every sleep in its turn; between two moments, whatever is ready runs. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock, as an administrator might; `monotonic` and sleeps do not notice. */
  setNow(epochMs: number): void;
  /** Lets time pass from one sleep to the next until the promise is settled. Fails when nothing sleeps and it is not. */
  runUntil<Result>(work: Promise<Result>): Promise<Result>;
}

/** Options of {@link createVirtualClock}. */
export interface VirtualClockOptions {
  /** Where the wall clock starts. */
  readonly nowMs?: number;
  /** How many turns of the event loop count as quiet. More where real I/O takes part. */
  readonly quietTurns?: number;
}

/** A {@link VirtualClock}; it fits the agent's Clock port. */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const quietTurns = options.quietTurns ?? 2;
  let monotonicMs = 0;
  let offsetMs = options.nowMs ?? Date.UTC(2026, 0, 5, 8);
  let order = 0;
  const pending = new Set<Sleeper>();

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < quietTurns; turn++) await nextTurn();
  };

  const next = (): Sleeper | undefined => {
    let first: Sleeper | undefined;
    for (const sleeper of pending) {
      if (!first || sleeper.dueMs < first.dueMs || (sleeper.dueMs === first.dueMs && sleeper.order < first.order)) {
        first = sleeper;
      }
    }
    return first;
  };

  /** Wakes everything that is due at the next moment, not later than `limitMs`; false when there is nothing. */
  const step = (limitMs: number): boolean => {
    const first = next();
    if (!first || first.dueMs > limitMs) return false;
    monotonicMs = Math.max(monotonicMs, first.dueMs);
    // Whoever is woken leaves the set, which a set's own iteration allows.
    for (const sleeper of pending) if (sleeper.dueMs <= monotonicMs) sleeper.wake();
    return true;
  };

  return {
    now: () => Math.floor(offsetMs + monotonicMs),
    monotonic: () => monotonicMs,
    sleepers: () => pending.size,
    setNow(epochMs) {
      offsetMs = epochMs - monotonicMs;
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const finish = (end: () => void) => {
          pending.delete(sleeper);
          signal?.removeEventListener('abort', onAbort);
          end();
        };
        const onAbort = () => finish(() => reject(signal?.reason as Error));
        const sleeper: Sleeper = { dueMs: monotonicMs + Math.max(0, ms), order: order++, wake: () => finish(resolve) };
        pending.add(sleeper);
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
    async advance(ms) {
      const limitMs = monotonicMs + ms;
      await settle();
      while (step(limitMs)) await settle();
      monotonicMs = limitMs;
      await settle();
    },
    async runUntil(work) {
      const end = { settled: false };
      const mark = () => {
        end.settled = true;
      };
      work.then(mark, mark);
      await settle();
      while (!end.settled) {
        if (!step(Number.POSITIVE_INFINITY)) {
          await settle();
          if (!end.settled && pending.size === 0) throw new Error('nothing sleeps, and the work is not done');
        }
        await settle();
      }
      return work;
    },
  };
}
