import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { check } from './check.ts';
import { provision } from './provision.ts';
import { root, run, say } from './steps.ts';

interface Suite {
  readonly name: string;
  readonly tests: string;
  /** Files at once, where more than two pay: processes that mostly wait for each other. */
  readonly workers?: number;
}

/** Suites in the order in which they run: what fails fastest comes first. */
const suites: readonly Suite[] = [
  { name: 'unit', tests: 'packages/*/src/**/*.test.ts' },
  { name: 'wire', tests: 'packages/*/src/**/*.wire.test.ts', workers: 3 },
  { name: 'foreign-clients', tests: 'tests/foreign-clients/**/*.test.ts' },
  { name: 'browser', tests: 'tests/browser/**/*.test.ts' },
  { name: 'end-to-end', tests: 'tests/end-to-end/**/*.test.ts', workers: 4 },
  { name: 'chaos', tests: 'tests/chaos/**/*.test.ts' },
  // The service and its installer under Wine.
  { name: 'windows', tests: 'tests/windows/**/*.test.ts' },
];

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTotalTestSuites: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const long = process.argv.includes('--long');
const inCi = process.env['CI'] === 'true';
const folder = mkdtempSync(path.join(tmpdir(), 'carestream-test-'));
let passed = 0;
let failed = 0;
const skipped: string[] = [];
const startedAt = performance.now();

const missing = provision(say);
if (missing.length > 0) {
  say(`\n*** NOT RUN for want of: ${missing.join(', ')} ***`);
  if (inCi) failed += 1;
}

for (const step of check()) {
  if (step.passed) passed += 1;
  else failed += 1;
}

for (const suite of suites) {
  if (globSync(suite.tests, { cwd: root }).length === 0) continue;
  const reportFile = path.join(folder, `${suite.name}.json`);
  const step = run(
    suite.name,
    [
      'vitest',
      'run',
      '--project',
      suite.name,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportFile}`,
      ...(suite.workers === undefined ? [] : [`--maxWorkers=${suite.workers}`]),
    ],
    long ? { CARESTREAM_TEST_LONG: '1' } : {},
  );
  const report = read(reportFile);
  passed += report?.numPassedTests ?? 0;
  failed += report?.numFailedTests ?? 0;
  // A suite that could not be loaded, or an error outside any test, fails without a failed test.
  if (!step.passed && (report?.numFailedTests ?? 0) === 0) failed += 1;
  for (const file of report?.testResults ?? []) {
    for (const test of file.assertionResults) {
      if (test.status !== 'passed' && test.status !== 'failed') skipped.push(test.fullName);
    }
  }
}
rmSync(folder, { recursive: true, force: true });

if (skipped.length > 0) {
  say(`\n*** NOT RUN (${skipped.length}) ***`);
  for (const name of skipped) say(`  ${name}`);
  if (inCi) failed += skipped.length;
}
say(`\n${long ? 'full' : 'modest'} counts, ${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes`);
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function read(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  } catch {
    return undefined;
  }
}
