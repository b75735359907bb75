import { exitRuleOf } from './agent-interface.ts';
import { growing, type HostTimes } from './times.ts';

/** Counts what makes pauses grow. */
export interface Pauses {
  /** How long to wait after an exit before the next start. */
  after(exit: {
    exitCode: number | null;
    staged: boolean;
    livedMs: number;
    healthyMs: number;
    everHealthy: boolean;
  }): number;
  /** There was nothing to run. */
  afterNothing(): number;
  /** Another release has its turn: it begins with a clean sheet. */
  reset(): void;
}

/** The table of exit codes as pauses. */
export function createPauses(times: HostTimes): Pauses {
  let crashes = 0;
  let quick = 0;
  let nothing = 0;
  return {
    after({ exitCode, staged, livedMs, healthyMs, everHealthy }) {
      nothing = 0;
      if (healthyMs >= times.healthyResetMs) crashes = 0;
      if (everHealthy || livedMs >= times.quickMs) quick = 0;
      if (staged) return 0;
      switch (exitRuleOf(exitCode)) {
        case 'at-once':
        case 'staged':
          // At once, but not for ever: who ends before having done anything, again and again, gets pauses like a crash.
          if (everHealthy || livedMs >= times.quickMs) return 0;
          quick += 1;
          return quick === 1 ? 0 : growing(times.growFirstMs, times.growMostMs, quick - 1);
        case 'wait':
          return times.waitMs;
        case 'grow':
          crashes += 1;
          return growing(times.growFirstMs, times.growMostMs, crashes);
      }
    },
    afterNothing() {
      nothing += 1;
      return growing(times.growFirstMs, times.waitMs, nothing);
    },
    reset() {
      crashes = 0;
      quick = 0;
    },
  };
}
