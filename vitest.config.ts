import { defineConfig } from 'vitest/config';

// Sources are reached without a build through the export condition.
const conditions = ['@flynotes/source', 'node', 'import', 'default'];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: conditions } };
const execArgv = ['--conditions=@flynotes/source'];

const long = process.env['CARESTREAM_TEST_LONG'] === '1';

/** Suites in the order in which they run: the fast ones first. */
const suite = (name: string, include: string[], exclude: string[] = []) => ({
  resolve,
  ssr,
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', '**/dist/**', ...exclude],
    execArgv,
    pool: 'forks' as const,
    // A busy machine is slow, and the full counts of `npm run test:long` take their time.
    testTimeout: 60_000 * (long ? 30 : 1),
    hookTimeout: 60_000,
    // What will be so is waited for; how long that takes says more of the machine than of the code.
    expect: { poll: { timeout: 20_000 } },
    setupFiles: ['./tools/test-setup.ts'],
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      suite(
        'unit',
        [
          'packages/*/src/**/*.test.ts',
          'packages/service-host/windows/**/*.test.ts',
          'tools/**/*.test.ts',
          'benchmarks/**/*.test.ts',
        ],
        ['**/*.wire.test.ts'],
      ),
      suite('wire', ['packages/*/src/**/*.wire.test.ts']),
      suite('architecture', ['tests/architecture/**/*.test.ts']),
      suite('foreign-clients', ['tests/foreign-clients/**/*.test.ts']),
      suite('browser', ['tests/browser/**/*.test.ts']),
      suite('end-to-end', ['tests/end-to-end/**/*.test.ts']),
      suite('chaos', ['tests/chaos/**/*.test.ts']),
      suite('windows', ['tests/windows/**/*.test.ts']),
    ],
  },
});
