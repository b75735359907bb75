import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createR4Server, patientsOf, type R4Server } from '@flynotes/sandbox/r4-server';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { SchemaExplanation } from '../practice/index.ts';
import { version } from '../version.ts';
import { createLoopbackCloud, type LoopbackCloud } from './testing/loopback-cloud.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
let r4: R4Server;
let cloud: LoopbackCloud;
let folder = '';

beforeAll(async () => {
  r4 = await createR4Server({ patients: 40, seed: 3, dialect: 'address-table' });
  const odd = r4.engine.createDatabase('odd');
  const text = { name: 'varchar', length: 40 } as const;
  const define = (name: string, columns: Readonly<Record<string, 'int' | 'varchar' | 'datetime'>>): void =>
    odd.defineTable({
      name,
      kind: 'table',
      columns: Object.entries(columns).map(([column, type]) => ({
        name: column,
        type: type === 'varchar' ? text : { name: type },
        nullable: true,
      })),
    });
  define('Patients', {
    PatientCode: 'int',
    Forename: 'varchar',
    Surname: 'varchar',
    DOB: 'datetime',
    DateOfBirth: 'datetime',
    Postcode: 'int',
  });
  define('MedicalAlerts', { PatientCode: 'int', Alert: 'varchar' });
  define('PatientAlerts', { PatientCode: 'int', Alert: 'varchar' });
  r4.engine.createDatabase('empty').defineTable({
    name: 'Patients',
    kind: 'table',
    columns: [{ name: 'PatientCode', type: { name: 'int' }, nullable: true }],
  });
});
afterAll(() => r4.close());
beforeEach(async () => {
  cloud = await createLoopbackCloud(version);
  folder = mkdtempSync(join(tmpdir(), 'agent-schema-'));
});
afterEach(async () => {
  await cloud[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function schema(database: string, words: readonly string[] = []) {
  const file = join(folder, 'config.json');
  const config = {
    licenceKey: 'flk_not-to-be-seen-anywhere',
    flynotesUrl: cloud.url,
    database: r4.connectionString().replace('sys2000', database),
    dataDir: join(folder, 'data'),
  };
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(
    process.execPath,
    [
      '--conditions=@flynotes/source',
      '--disable-warning=ExperimentalWarning',
      main,
      'schema',
      '--config',
      file,
      ...words,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (errors += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, errors };
}

test('each field with the column that it comes from, and nothing of a patient', async () => {
  const { code, output, errors } = await schema('sys2000');
  expect(errors).toBe('');
  expect(code).toBe(0);
  expect(output).toContain('patient: dbo.Patients (table)');
  expect(output).toMatch(/^ {2}forename +Patients\.FirstName varchar$/m);
  expect(output).toMatch(/^ {2}town +Addresses\.City varchar$/m);
  expect(output).toContain('addresses: in a table of their own, by the address’s code');
  expect(output).toMatch(/^fingerprint: [0-9a-f]{32}$/m);
  for (const { surname, email } of patientsOf({ patients: 40, seed: 3, dialect: 'address-table' })) {
    if (surname !== null && surname.trim().length > 4) expect(output).not.toContain(surname.trim());
    if (email !== null && email.trim() !== '') expect(output).not.toContain(email);
  }
});

test('what is ambiguous, of another type or missing is said by name, also as one line of JSON', async () => {
  const { code, output } = await schema('odd', ['--json']);
  expect(code).toBe(1);
  expect(output.trimEnd().split('\n')).toHaveLength(1);
  const told = JSON.parse(output) as SchemaExplanation;
  const fieldOf = (name: string) =>
    told.entities.find(({ entity }) => entity === 'patient')?.fields.find(({ field }) => field === name);
  expect(fieldOf('dateOfBirth')).toMatchObject({
    state: 'ambiguous',
    from: [],
    considered: ['DOB datetime', 'DateOfBirth datetime'],
  });
  expect(fieldOf('postcode')).toMatchObject({ state: 'type', considered: ['Postcode int'] });
  expect(fieldOf('surname')).toMatchObject({ state: 'found', from: ['Patients.Surname varchar'] });
  expect(told.entities.find(({ entity }) => entity === 'medicalAlert')).toMatchObject({
    state: 'ambiguous',
    considered: [
      { table: 'MedicalAlerts', why: 'as good as the others' },
      { table: 'PatientAlerts', why: 'as good as the others' },
    ],
  });
  expect(told.warnings).toEqual(['PRACTICE_PARTS_MISSING', 'PRACTICE_INDEX_MISSING']);
  expect(told.unavailable).toContain('medical-alerts');
  const page = await schema('odd');
  expect(page.output).toMatch(
    /dateOfBirth +– several are equally good, none is taken \(usually there\); not DOB datetime/,
  );
});

test('without what is required: the code, what stands there, and what was looked for', async () => {
  const { code, output } = await schema('empty');
  expect(code).toBe(2);
  expect(output).toContain('R4’s patients cannot be read: PRACTICE_SCHEMA_UNSUPPORTED.');
  expect(output).toContain('not Patients: forename is none of Forename');
});

test('a training database is refused, and so is one that is not there', async () => {
  const tutor = await schema('Tutor');
  expect([tutor.code, tutor.errors]).toEqual([2, expect.stringContaining('training database')]);
  const none = await schema('nowhere', ['--json']);
  expect(none.code).toBe(2);
  expect(JSON.parse(none.output)).toMatchObject({ failure: { code: 'PRACTICE_DATABASE_UNAVAILABLE' } });
});

test('NG_R4_sys2000 is read when it is named: patients by R4’s number, and what it lacks is told', async () => {
  const { code, output } = await schema('NG_R4_sys2000');
  expect(code).toBe(1);
  expect(output).toMatch(/patientCode +Patient\.SourcePatientCode int; not PatientId uniqueidentifier/);
  expect(output).toContain('missing in full records: address, given-answers');
});
