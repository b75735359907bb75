import { AgentError, type Clock } from '../runtime/index.ts';
import type { Check, CheckName, CheckResult, Finding } from './check.ts';
import { failed, failedBy, notChecked } from './finding.ts';

/** Who is told of results. */
export interface Listeners {
  /** Called for each as soon as it has ended. */
  onEnded?(result: CheckResult): void;
  /** Called for each in the order of the list, as soon as all before it have ended. */
  onResult?(result: CheckResult): void;
}

/**
 * Runs checks side by side: each begins as soon as what it needs has ended, and never waits for what it does not need. The whole
 * takes no longer than the longest chain of needs. Never throws.
 */
export async function runChecks(
  clock: Clock,
  checks: readonly Check[],
  signal: AbortSignal,
  listeners: Listeners = {},
): Promise<CheckResult[]> {
  const results = new Map<CheckName, Promise<CheckResult>>();
  /** What lies at the bottom of each check that was not made. */
  const roots = new Map<CheckName, CheckName>();
  const started = Promise.withResolvers<void>();

  const examine = async (check: Check): Promise<CheckResult> => {
    await started.promise;
    for (const name of check.after ?? []) await results.get(name);
    for (const need of check.needs) {
      const before = await results.get(need);
      if (before === undefined || before.status === 'pass' || before.status === 'warn') continue;
      const root = roots.get(need) ?? need;
      roots.set(check.name, root);
      const why = before.status === 'fail' || root !== need ? 'failed' : 'was not checked';
      return { name: check.name, ms: 0, ...notChecked(`Not checked, because ${root} ${why}.`) };
    }
    const startedMs = clock.monotonic();
    const finding = await bounded(clock, check, signal);
    return { name: check.name, ms: Math.round(clock.monotonic() - startedMs), ...finding };
  };

  const told = async (check: Check): Promise<CheckResult> => {
    const result = await examine(check);
    listeners.onEnded?.(result);
    return result;
  };

  for (const check of checks) results.set(check.name, told(check));
  started.resolve();
  const all: CheckResult[] = [];
  for (const check of checks) {
    const result = await results.get(check.name)!;
    all.push(result);
    listeners.onResult?.(result);
  }
  return all;
}

/** A check that is late is left behind: what it waits for has been told to end. */
async function bounded(clock: Clock, check: Check, signal: AbortSignal): Promise<Finding> {
  const ended = new AbortController();
  const trying = AbortSignal.any([signal, ended.signal]);
  const late = clock.sleep(check.mostMs, trying).then(
    () => true,
    () => signal.aborted,
  );
  const work = Promise.resolve()
    .then(() => check.run(trying))
    .catch((error: unknown) => failedBy(error));
  try {
    const first = await Promise.race([work, late]);
    if (first === false) return await work;
    if (first !== true) return first;
    return failed(check.late, { facts: `no answer within ${Math.round(check.mostMs / 1_000)} s` });
  } finally {
    ended.abort(new AgentError(check.late));
  }
}
