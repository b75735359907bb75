import { spawn } from 'node:child_process';
import path from 'node:path';
import type { TourReport } from '@flynotes/sandbox';
import { beforeAll, describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const steps = [
  'bulk-upload',
  'walk-in',
  'unchanged-pass',
  'patient-sync-during-bulk',
  'medical-history',
  'unknown-patient',
  'questionnaire-questions',
  'questionnaire-answers',
  'test-message',
  'restart',
  'expired-credentials',
  'version-change',
  'bad-message',
  'ledger-lost',
  'server-restored',
  'agent-killed',
];
const updateSteps = [
  'upgrade',
  'downgrade',
  'bad-release-undone',
  'unsigned-refused',
  'stolen-token-refused',
  'tarball-swapped-refused',
  'replayed-directive-refused',
  'world-broken-not-blamed',
  'host-killed-while-switching',
];

/** The sandbox as somebody starts it, its last line of standard output read as a program would. */
function sandbox(words: readonly string[]): Promise<{ exitCode: number | null; lastLine: string; errors: string }> {
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', 'sandbox', '--', ...words], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.once('close', (exitCode) => resolve({ exitCode, lastLine: out.trimEnd().split('\n').at(-1) ?? '', errors }));
  });
}

const tours = [
  { dialect: 'classic', patients: 3_000, seed: 1, updates: true },
  { dialect: 'address-table', patients: 2_100, seed: 22, updates: false },
  { dialect: 'lower-case', patients: 2_100, seed: 333, updates: false },
];

describe('npm run sandbox -- --once --json', () => {
  const running = new Map<string, ReturnType<typeof sandbox>>();

  // Side by side: each mostly waits for a killed agent's message to become visible again.
  beforeAll(() => {
    for (const { dialect, patients, seed, updates } of tours) {
      const words = ['--once', '--json', '--dialect', dialect, '--patients', String(patients), '--seed', String(seed)];
      running.set(dialect, sandbox([...words, '--port-base', '0', ...(updates ? ['--updates'] : [])]));
    }
  });

  test.each(tours)(
    'proves everything for $dialect with $patients patients and seed $seed',
    async ({ dialect, patients, updates }) => {
      const { exitCode, lastLine, errors } = (await running.get(dialect)) ?? {
        exitCode: null,
        lastLine: '',
        errors: '',
      };
      const report = JSON.parse(lastLine) as TourReport;
      expect(
        report.steps.filter(({ ok }) => !ok),
        errors,
      ).toEqual([]);
      expect(report.steps.map(({ name }) => name)).toEqual(updates ? [...steps, ...updateSteps] : steps);
      expect(report.ok).toBe(true);
      expect(exitCode).toBe(0);
      // The walk-in is the one who came on top.
      expect(report.patients.inR4).toBe(patients + 1);
      expect(report.patients.accepted + report.patients.refused).toBe(report.patients.inR4);
    },
    600_000,
  );

  test.each([
    [['--dialect', 'modern'], /--dialect/],
    [['--patients', 'many'], /--patients/],
    [['--port-base', '99999'], /--port-base/],
  ])('refuses %j in plain words', async (words, expected) => {
    const { exitCode, errors } = await sandbox(words);
    expect(exitCode).not.toBe(0);
    expect(errors).toMatch(expected);
  });
});
