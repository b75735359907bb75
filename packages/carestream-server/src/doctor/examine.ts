import type { AgentError } from '../runtime/index.ts';
import { checkNames, type Check, type CheckResult } from './check.ts';
import { createDiskCheck } from './checks/disk.ts';
import {
  createClockCheck,
  createDnsCheck,
  createFlynotesTlsCheck,
  createLicenceCheck,
  createProxyCheck,
  createQueueCheck,
  createRegistryCheck,
} from './checks/flynotes.ts';
import { createOpeningChecks, createWriteCheck } from './checks/practice.ts';
import { createRollbarCheck } from './checks/rollbar.ts';
import { createSampleCheck } from './checks/sample.ts';
import { failedBy, notChecked, passed } from './finding.ts';
import type { DoctorPorts, Findings } from './ports.ts';
import { runChecks } from './run-checks.ts';

/** A whole examination. */
export interface Examination {
  readonly checks: readonly CheckResult[];
  /** 0: all is well; 1: there are warnings; 2: something failed. */
  readonly exitCode: 0 | 1 | 2;
}

/** How long the catalogue waits for what the licence says about it. */
const overridesMostMs = 12_000;
const wholeMostMs = 58_000;

/** Looks at every layer between the configuration and Rollbar, each as far as the layers below it allow. Never throws. */
export async function examine(
  ports: DoctorPorts,
  onResult: (result: CheckResult) => void = () => undefined,
): Promise<Examination> {
  const { clock } = ports;
  const findings: Findings = {};
  const done: CheckResult[] = [];
  const stop = new AbortController();
  const licenceSettled = Promise.withResolvers<void>();
  const overrides = async () => {
    const enough = new AbortController();
    await Promise.race([licenceSettled.promise, clock.sleep(overridesMostMs, enough.signal).catch(() => undefined)]);
    enough.abort();
    return findings.licence?.schemaOverrides ?? {};
  };
  const tally = () => ({
    passed: done.filter(({ status }) => status === 'pass').length,
    warned: done.filter(({ status }) => status === 'warn').length,
    failed: done.filter(({ status }) => status === 'fail').length,
  });
  const config: Check = {
    name: 'config',
    needs: [],
    mostMs: 1_000,
    late: 'CONFIG_FIELD_INVALID',
    run: async () => passed('The configuration is complete.'),
  };
  const checks = [
    config,
    createClockCheck(ports, findings),
    createDiskCheck(ports),
    createDnsCheck(ports),
    createProxyCheck(ports),
    createFlynotesTlsCheck(ports, findings),
    createLicenceCheck(ports, findings),
    createRegistryCheck(ports, findings),
    ...createOpeningChecks(ports, findings, overrides),
    createWriteCheck(ports, findings),
    createSampleCheck(ports, findings),
    createQueueCheck(ports, findings),
    createRollbarCheck(ports, findings, tally),
  ].toSorted((a, b) => checkNames.indexOf(a.name) - checkNames.indexOf(b.name));

  const whole = new AbortController();
  const limit = clock.sleep(wholeMostMs, whole.signal).then(
    () => stop.abort(new Error('the examination took too long')),
    () => undefined,
  );
  try {
    const results = await runChecks(clock, checks, stop.signal, {
      onResult,
      onEnded(result) {
        done.push(result);
        if (result.name === 'licence') licenceSettled.resolve();
      },
    });
    return { checks: results, exitCode: exitCodeOf(results) };
  } finally {
    whole.abort();
    await limit;
    await closeQuietly(findings);
  }
}

async function closeQuietly({ practice }: Findings): Promise<void> {
  try {
    await practice?.reader[Symbol.asyncDispose]();
  } catch {
    // The examination is over; the process ends.
  }
}

/** What is said of a configuration that cannot be used: everything that is wrong with it, and nothing else. */
export function examineBroken(failures: readonly AgentError[]): Examination {
  const first = failedBy(failures[0]);
  const found = failures.map((failure) => failedBy(failure).found).join('\n');
  const checks = checkNames.map((name): CheckResult => {
    if (name === 'config') return { name, ms: 0, ...first, found };
    return { name, ms: 0, ...notChecked('Not checked, because config failed.') };
  });
  return { checks, exitCode: 2 };
}

function exitCodeOf(results: readonly CheckResult[]): 0 | 1 | 2 {
  const has = (status: CheckResult['status']): boolean => results.some((result) => result.status === status);
  if (has('fail')) return 2;
  return has('warn') ? 1 : 0;
}
