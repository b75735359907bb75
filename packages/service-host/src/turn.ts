import type { HealthWatch } from './health-watch.ts';
import { growing, type HostTimes } from './times.ts';

/** How often a candidate may lose its health before stable has its turn. */
const lossesMost = 3;

/** What a look at the running process leads to. */
export type Verdict =
  | { readonly verdict: 'go-on'; readonly lookAgainMs: number }
  /** The candidate is proven. */
  | { readonly verdict: 'promote' }
  /** Enough of the candidate. */
  | { readonly verdict: 'turn-over'; readonly reason: string }
  /** Stable, in its turn, was healthy for as long as a candidate has to be. */
  | { readonly verdict: 'did-well' }
  /** Stable, in its turn, was not. */
  | { readonly verdict: 'no-better' }
  /** It hangs. */
  | { readonly verdict: 'restart' }
  /** See whether a try can be written down by now. */
  | { readonly verdict: 'try-writing' };

/** One side's turn in a candidate's trial; it may go over several launches. */
export interface Turn {
  /** Turns about the same go on over a crash and a pause. */
  readonly about: string;
  /** Why stable runs: it always does, it is compared with a candidate, or a try of the candidate could not be written down. */
  readonly kind: 'alone' | 'trial' | 'comparison' | 'unwritten';
  readonly startedAt: number;
  /** Stable's turn, when it does no better. */
  readonly lastsMs: number;
  /** Since when the candidate has not been healthy, over all its launches in this turn. */
  unhealthySince: number;
  losses: number;
}

/** Looks at a process that runs. */
export function judge(turn: Turn, watch: HealthWatch, now: number, times: HostTimes): Verdict {
  watch.look(now);
  const heldMs = watch.heldMs(now);
  const goOn = (...inMs: number[]): Verdict => ({ verdict: 'go-on', lookAgainMs: Math.max(5, Math.min(...inMs)) });
  const held = heldMs !== null && heldMs >= times.soakMs;
  switch (turn.kind) {
    case 'trial': {
      if (held) return { verdict: 'promote' };
      if (heldMs !== null) return goOn(times.soakMs - heldMs, times.staleMs);
      const losses = turn.losses + watch.losses;
      if (losses >= lossesMost)
        return { verdict: 'turn-over', reason: `lost its health ${losses} times: ${watch.missing()}` };
      const unhealthyMs = now - (watch.everHealthy ? watch.unhealthySince : turn.unhealthySince);
      if (unhealthyMs >= times.unhealthyMostMs) {
        const word = turn.losses > 0 || watch.everHealthy ? 'lost its health' : 'never healthy';
        return { verdict: 'turn-over', reason: `${word}: ${watch.missing()}` };
      }
      return goOn(times.unhealthyMostMs - unhealthyMs);
    }
    case 'comparison': {
      if (held) return { verdict: 'did-well' };
      if (heldMs !== null) return goOn(times.soakMs - heldMs, times.staleMs);
      const leftMs = turn.lastsMs - (now - turn.startedAt);
      return leftMs <= 0 ? { verdict: 'no-better' } : goOn(leftMs);
    }
    case 'unwritten':
      if (now - turn.startedAt >= turn.lastsMs) return { verdict: 'try-writing' };
      return watch.hangs(now)
        ? { verdict: 'restart' }
        : goOn(turn.lastsMs - (now - turn.startedAt), times.silentMostMs);
    case 'alone':
      return watch.hangs(now) ? { verdict: 'restart' } : goOn(times.silentMostMs);
  }
}

/** How long stable's turn lasts when it does no better: longer each time, as the world is broken. */
export function turnLengthMs(alternations: number, times: HostTimes): number {
  return growing(times.turnFirstMs, times.turnMostMs, alternations + 1);
}
