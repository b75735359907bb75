import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createR4Server, type R4ServerOptions } from '@flynotes/sandbox/r4-server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { allPages, createPracticeRig } from '../practice-rig.ts';
import { freeTdsString, odbcMissing } from './odbc-rig.ts';

const missing = odbcMissing();
const suite = missing === undefined ? 'over ODBC' : `over ODBC: NOT RUN, missing is ${missing}`;
const signal = new AbortController().signal;

const startRig = async (options: R4ServerOptions = {}) => {
  const server = await createR4Server({ patients: 300, seed: 7, ...options });
  return { ...createPracticeRig(server), database: freeTdsString(server.connectionString()) };
};

/** The same connection as a data source, whose settings nobody sees who reads the configuration. */
function dataSource(text: string): string {
  const settings = text.split(';').filter((pair) => !/^(?:UID|PWD)=/i.test(pair));
  writeFileSync(iniFile, `[practice]\n${settings.map((pair) => pair.replace(/[{}]/g, '')).join('\n')}\n`);
  const login = text.split(';').filter((pair) => /^(?:UID|PWD)=/i.test(pair));
  return ['DSN=practice', ...login].join(';');
}

const folder = mkdtempSync(path.join(tmpdir(), 'carestream-dsn-'));
const iniFile = path.join(folder, 'odbc.ini');
beforeAll(() => void vi.stubEnv('ODBCINI', iniFile));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe.runIf(missing === undefined)(suite, () => {
  test('pages and a patient', async () => {
    await using rig = await startRig();
    {
      await using reader = await rig.open({ database: rig.database });
      expect((await allPages(reader, 200)).map((page) => page.rows.length)).toEqual([200, 100]);
      const patient = await reader.readPatient(1_000_005, signal);
      expect(patient?.basics).toMatchObject({ patientCode: 1_000_005, surname: 'Singh' });
      expect(await reader.readPatient(7, signal)).toBeNull();
    }
    await expect.poll(() => rig.server.connections()).toBe(0);
  });

  test.each([
    // ODBC does not know the first of these keywords, and takes the second.
    [
      'a keyword of another API before it',
      (text: string) => text.replace('Database=', 'Initial Catalog=sys2000;Database='),
    ],
    ['a data source', (text: string) => dataSource(text)],
  ])('training data is never read, whatever leads there: %s', async (_, leading) => {
    await using rig = await startRig();
    const database = leading(rig.database.replace('sys2000', 'Tutor'));
    // The string may say so itself, or the server, once it is asked.
    const failures = await Promise.all(
      [async () => rig.open({ database }), async () => rig.connector({ database }).explain(signal)].map((work) =>
        work().then(
          () => undefined,
          (error: unknown) => error,
        ),
      ),
    );
    for (const failure of failures)
      expect(failure).toMatchObject({
        code: 'CONFIG_FIELD_INVALID',
        details: { reason: expect.stringContaining('training') as string },
      });
  });

  test('a data source is read as it is', async () => {
    await using rig = await startRig();
    await using reader = await rig.open({ database: dataSource(rig.database) });
    expect((await reader.readPatient(1_000_005, signal))?.basics).toMatchObject({ surname: 'Singh' });
  });

  test.each([
    ['a driver that is not installed', 'Driver={SQL Server Native Client 9.0};Server=.'],
    ['a data source that nobody set up', 'DSN=Nobody set this up'],
  ])('%s: said as such, by name of the setting', async (_, text) => {
    await using rig = await startRig();
    const failure = await rig
      .open({ database: `${text};UID=reader;PWD=not-to-be-seen` })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'PRACTICE_ODBC_DRIVER_MISSING' });
    expect(String(failure)).not.toContain('not-to-be-seen');
  });
});
