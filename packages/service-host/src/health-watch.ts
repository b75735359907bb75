import type { HostTimes } from './times.ts';

/** What is known of one process's health; all times are of the monotonic clock. */
export interface HealthWatch {
  tell(healthy: boolean, checks: Readonly<Record<string, boolean>>, now: number): void;
  /** Health that nobody has confirmed for long is over. To be called before the others. */
  look(now: number): void;
  /** Healthy without a break until now, in ms; null when it is not. */
  heldMs(now: number): number | null;
  /** The longest that health ever held. */
  longestMs(now: number): number;
  /** Told anything at all, and then nothing for too long: the process hangs. */
  hangs(now: number): boolean;
  readonly everHealthy: boolean;
  /** How often health was lost. */
  readonly losses: number;
  /** When health was lost, or the start. */
  readonly unhealthySince: number;
  /** When Flynotes was last known to be reached; null: never. */
  readonly heardAt: number | null;
  /** The checks that are not true: `database, queue`. */
  missing(): string;
}

/** @see {@link HealthWatch} */
export function createHealthWatch(startedAt: number, times: Pick<HostTimes, 'staleMs' | 'silentMostMs'>): HealthWatch {
  let since: number | null = null;
  let unhealthySince = startedAt;
  let toldAt: number | null = null;
  let longest = 0;
  let losses = 0;
  let everHealthy = false;
  let heardAt: number | null = null;
  let last: Readonly<Record<string, boolean>> | null = null;

  const lose = (at: number): void => {
    if (since === null) return;
    longest = Math.max(longest, at - since);
    since = null;
    unhealthySince = at;
    losses += 1;
  };

  return {
    tell(healthy, checks, now) {
      toldAt = now;
      last = checks;
      if (checks['licence'] === true) heardAt = now;
      if (!healthy) return lose(now);
      everHealthy = true;
      since ??= now;
    },
    look(now) {
      if (toldAt !== null && now - toldAt > times.staleMs) lose(toldAt);
    },
    heldMs: (now) => (since === null ? null : now - since),
    longestMs: (now) => Math.max(longest, since === null ? 0 : now - since),
    hangs: (now) => toldAt !== null && now - toldAt > times.silentMostMs,
    get everHealthy() {
      return everHealthy;
    },
    get losses() {
      return losses;
    },
    get unhealthySince() {
      return unhealthySince;
    },
    get heardAt() {
      return heardAt;
    },
    missing() {
      if (last === null) return 'no word';
      const names = Object.entries(last).flatMap(([name, fine]) => (fine ? [] : [name]));
      return names.length === 0 ? 'silent' : names.join(', ');
    },
  };
}
