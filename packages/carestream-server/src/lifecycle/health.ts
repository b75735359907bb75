import type { HealthChecks } from '../contract/index.ts';
import { pause, type Clock } from '../runtime/index.ts';

/** Tells the host how things stand: at each change, and regularly. */
export interface Health {
  /** Looks at the checks again and writes them when one has changed. */
  look(): void;
  run(signal: AbortSignal): Promise<void>;
}

/** What health needs. */
export interface HealthDeps {
  readonly clock: Clock;
  checks(): HealthChecks;
  write(checks: HealthChecks): void;
}

/** @see {@link Health} */
export function createHealth(deps: HealthDeps, everyMs: number): Health {
  let written: HealthChecks | null = null;
  const write = (checks: HealthChecks): void => {
    written = checks;
    deps.write(checks);
  };
  return {
    look() {
      const checks = deps.checks();
      const before = written;
      const names = Object.keys(checks) as (keyof HealthChecks)[];
      if (before === null || names.some((name) => before[name] !== checks[name])) write(checks);
    },
    async run(signal) {
      write(deps.checks());
      while ((await pause(deps.clock, everyMs, signal)) === 'over') write(deps.checks());
    },
  };
}
