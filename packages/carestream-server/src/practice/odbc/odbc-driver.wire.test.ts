import { createR4Server, type R4ServerOptions } from '@flynotes/sandbox/r4-server';
import { describe, expect, test } from 'vitest';
import { allPages, createPracticeRig } from '../practice-rig.ts';
import { freeTdsString, odbcMissing } from './odbc-rig.ts';

const missing = odbcMissing();
const suite = missing === undefined ? 'over ODBC' : `over ODBC: NOT RUN, missing is ${missing}`;
const signal = new AbortController().signal;

const startRig = async (options: R4ServerOptions = {}) => {
  const server = await createR4Server({ patients: 300, seed: 7, ...options });
  return { ...createPracticeRig(server), database: freeTdsString(server.connectionString()) };
};

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
