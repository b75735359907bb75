import { createR4Server } from '@flynotes/sandbox/r4-server';
import { expect, test } from 'vitest';
import { createPracticeRig } from './practice-rig.ts';

const startRig = async () => createPracticeRig(await createR4Server({ patients: 20, seed: 7 }));
const signal = new AbortController().signal;

test('overrides are followed; those that cannot be are told, left out, and end nothing', async () => {
  await using rig = await startRig();
  await using reader = await rig.open({
    schemaOverrides: async () => ({
      patient: { knownAs: 'MiddleName', shoeSize: 'Size', title: [] },
      appointment: { table: 'Appts' },
      medicalAlert: null,
    }),
  });
  const { schema } = reader;
  expect(schema.entities.patient?.columns['knownAs']?.map(({ name }) => name)).toEqual(['MiddleName']);
  expect(schema.entities.patient?.columns['title']?.map(({ name }) => name)).toEqual(['Title']);
  expect(schema.entities.medicalAlert).toBeUndefined();
  expect(schema.refusedOverrides).toEqual(['patient.shoeSize', 'patient.title', 'appointment']);
  expect(schema.warnings).toContain('PRACTICE_OVERRIDE_INVALID');
  const told = rig.log.events.filter(({ fields }) => fields['code'] === 'PRACTICE_OVERRIDE_INVALID');
  expect(told.map(({ fields }) => fields['name'])).toEqual(['patient.shoeSize', 'patient.title', 'appointment']);
  expect((await reader.readBasicsPage(null, 100, signal)).rows).toHaveLength(20);
});

test('overrides with which nobody is found are left out, and patients are read as before', async () => {
  await using rig = await startRig();
  await using reader = await rig.open({ schemaOverrides: async () => ({ patient: { table: 'Kunden' } }) });
  expect(reader.schema.refusedOverrides).toEqual(['patient']);
  expect((await reader.readBasicsPage(null, 100, signal)).rows).toHaveLength(20);
});

test.each([
  ['flynotes_reader', []],
  ['reception', ['PRACTICE_WRITABLE']],
  ['sa', ['PRACTICE_SYSADMIN']],
])('the rights of %s', async (user, warnings) => {
  await using rig = await startRig();
  await using reader = await rig.open({ database: rig.server.connectionString(user) });
  expect(reader.schema.warnings).toEqual(warnings);
});
