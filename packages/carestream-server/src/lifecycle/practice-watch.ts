import { AgentError, pause, pauseAfter, within, type Clock } from '../runtime/index.ts';
import type { Episodes } from '../telemetry/index.ts';
import type { PracticePort } from './ports.ts';

/** Knows whether R4's database answers. The connection mends itself; this only looks and tells. */
export interface PracticeWatch {
  healthy(): boolean;
  /** Something was read. */
  worked(): void;
  /** Looks until the signal: regularly, and with growing pauses while the database is away. */
  run(signal: AbortSignal): Promise<void>;
}

/** What a watch needs. */
export interface PracticeWatchDeps {
  readonly clock: Clock;
  readonly episodes: Episodes;
  readonly practice: Pick<PracticePort, 'ping'>;
  onChange(): void;
}

/** Options of {@link createPracticeWatch}. */
export interface PracticeWatchOptions {
  readonly pingEveryMs: number;
  readonly pingWithinMs: number;
  readonly retryFirstMs: number;
}

/** @see {@link PracticeWatch} */
export function createPracticeWatch(deps: PracticeWatchDeps, options: PracticeWatchOptions): PracticeWatch {
  const { clock, episodes } = deps;
  let healthy = true;
  const backoff = { firstMs: options.retryFirstMs, mostMs: options.pingEveryMs, jitter: 0.3 };

  const setHealthy = (value: boolean): void => {
    if (healthy === value) return;
    healthy = value;
    deps.onChange();
  };

  const worked = (): void => {
    episodes.worked('practice');
    setHealthy(true);
  };

  /** Bounded by our own time: a driver's time-out may never come. */
  const ping = async (signal: AbortSignal): Promise<void> => {
    const late = new AbortController();
    const asked = deps.practice.ping(AbortSignal.any([signal, late.signal]));
    if ((await within(clock, options.pingWithinMs, asked)) === 'done') return asked;
    late.abort(new AgentError('PRACTICE_TIMEOUT'));
    await within(clock, 1_000, asked);
    throw late.signal.reason;
  };

  return {
    healthy: () => healthy,
    worked,
    async run(signal) {
      let failures = 0;
      for (;;) {
        const pauseMs = failures === 0 ? options.pingEveryMs : pauseAfter(failures, backoff);
        if ((await pause(clock, pauseMs, signal)) === 'aborted') return;
        try {
          await ping(signal);
          failures = 0;
          worked();
        } catch (error) {
          if (signal.aborted) return;
          failures += 1;
          episodes.failed('practice', error);
          setHealthy(false);
        }
      }
    },
  };
}
