import { createR4Server, medicalHistories, createShape, patientsOf } from '@flynotes/sandbox/r4-server';
import { describe, expect, test } from 'vitest';
import { mapBasics, mapFullRecord } from '../records/index.ts';
import type { FullRecord } from '../contract/index.ts';
import { isAgentError } from '../runtime/index.ts';
import { testDrivers, type TestDriver } from './driver-rig.ts';
import { allPages, createPracticeRig } from './practice-rig.ts';
import type { PracticeReader } from './practice-reader.ts';

/** Databases that nobody foresaw, over both drivers: right data, or a refusal by name; never wrong data in silence. */

const signal = new AbortController().signal;
const today = '2026-10-30';
const timeZone = 'Europe/London';

type Engine = Awaited<ReturnType<typeof createR4Server>>['engine'];
type Definition = Parameters<ReturnType<Engine['createDatabase']>['defineTable']>[0];
type SqlType = Definition['columns'][number]['type'];
type Cells = readonly (readonly (string | number | bigint | null)[])[];

const int: SqlType = { name: 'int' };
const bit: SqlType = { name: 'bit' };
const guid: SqlType = { name: 'uniqueidentifier' };
const datetime: SqlType = { name: 'datetime' };
const text: SqlType = { name: 'varchar', length: 80 };

interface OddTable {
  readonly name: string;
  readonly kind?: 'view';
  readonly columns: Readonly<Record<string, SqlType>>;
  readonly key?: readonly string[];
  readonly rows: Cells;
}

const rigOver = async (driver: TestDriver) =>
  createPracticeRig(driver.reached(await createR4Server({ patients: 60, seed: 7 })));
type Rig = Awaited<ReturnType<typeof rigOver>>;

function made(rig: Rig, tables: readonly OddTable[]): { database: string } {
  const builder = rig.server.engine.createDatabase('odd');
  for (const { name, kind = 'table', columns, key, rows } of tables) {
    builder.defineTable({
      name,
      kind,
      columns: Object.entries(columns).map(([column, type]) => ({
        name: column,
        type,
        nullable: key?.includes(column) !== true,
      })),
      ...(key === undefined ? {} : { primaryKey: key }),
    });
    builder.insert(name, rows);
  }
  return { database: rig.server.connectionString().replace('sys2000', 'odd') };
}

const patients: OddTable = {
  name: 'Patients',
  columns: { PatientCode: int, Forename: text, Surname: text },
  key: ['PatientCode'],
  rows: [
    [1, 'Anne', 'Smith'],
    [2, 'Bryn', 'Jones'],
  ],
};

async function recordOf(reader: PracticeReader, code: number): Promise<FullRecord & { rules: readonly string[] }> {
  const rows = await reader.readPatient(code, signal);
  if (rows === null) throw new Error('nobody');
  const mapped = mapFullRecord(rows, { today, timeZone });
  if (mapped.outcome === 'refused') throw new Error(mapped.code);
  return { ...mapped.record, rules: mapped.rules };
}

async function refusal(work: Promise<unknown>): Promise<{ code: string; details: Readonly<Record<string, unknown>> }> {
  const error = await work.catch((reason: unknown) => reason);
  if (!isAgentError(error)) throw new Error('not refused');
  return { code: error.code, details: error.details };
}

for (const driver of testDrivers) {
  describe.runIf(driver.present)(`over ${driver.title}`, () => {
    const startRig = (): Promise<Rig> => rigOver(driver);

    describe('medical alerts that are columns', () => {
      test('of the patients’ table: yes in any type, words behind their name, marked', async () => {
        await using rig = await startRig();
        const opened = made(rig, [
          {
            ...patients,
            columns: {
              ...patients.columns,
              Diabetic: bit,
              Asthma: int,
              Pregnant: { name: 'char', length: 1 },
              On_Warfarin: { name: 'decimal', precision: 18, scale: 2 },
              Allergies: text,
              MedicalAlert: bit,
              Epilepsy: datetime,
            },
            rows: [
              [1, 'Anne', 'Smith', 1, 1, 'Y', 100, 'penicillin, latex ', 1, null],
              [2, 'Bryn', 'Jones', 0, 0, 'N', 0, '  ', null, null],
            ],
          },
        ]);
        await using reader = await rig.open(opened);
        const anne = await recordOf(reader, 1);
        expect(anne.medicalAlerts).toEqual([
          { text: 'Medical alert' },
          { text: 'Allergies: penicillin, latex' },
          { text: 'Warfarin' },
          { text: 'Diabetes' },
          { text: 'Asthma' },
          { text: 'Pregnant' },
        ]);
        expect(anne.marks).toEqual(['alert-from-flag']);
        expect(anne.unavailable).not.toContain('medical-alerts');
        const bryn = await recordOf(reader, 2);
        expect([bryn.medicalAlerts, bryn.marks]).toEqual([[], undefined]);
        // A page of basics does not read them.
        expect(reader.schema.missing.map(({ entity }) => entity)).not.toContain('medicalAlert');
      });

      test('of a table of histories: the newest counts; undated ones all count, and are marked', async () => {
        await using rig = await startRig();
        const opened = made(rig, [
          patients,
          {
            name: 'PatientMedicalHistory',
            columns: {
              ID: int,
              PatientCode: int,
              DateTaken: datetime,
              Pacemaker: bit,
              Pregnant: bit,
              HeartMurmur: text,
            },
            key: ['ID'],
            rows: [
              [1, 1, Date.UTC(2024, 6, 1, 9), 1, 0, 'slight'],
              [2, 1, Date.UTC(2019, 0, 5), 0, 1, null],
              [3, 2, null, 1, 0, null],
              [4, 2, null, 0, 1, 'N'],
            ],
          },
        ]);
        await using reader = await rig.open(opened);
        const anne = await recordOf(reader, 1);
        const recordedAt = { local: '2024-07-01T09:00:00', zoned: '2024-07-01T09:00:00+01:00' };
        expect(anne.medicalAlerts).toEqual([
          { text: 'Pacemaker', recordedAt },
          { text: 'Heart murmur: slight', recordedAt },
        ]);
        expect(anne.rules).toContain('alert-superseded');
        const bryn = await recordOf(reader, 2);
        expect(bryn.medicalAlerts).toEqual([{ text: 'Pacemaker' }, { text: 'Pregnant' }]);
        expect(bryn.marks).toEqual(['alert-from-flag', 'alert-histories-several']);
      });

      test('as the generated practice keeps them: each newest history, whole', async () => {
        await using server = await createR4Server({ patients: 900, seed: 5, dialect: 'medical-history' });
        const rig = createPracticeRig(driver.reached(server));
        await using reader = await rig.open();
        expect(reader.schema).toMatchObject({ missing: [], unavailable: [] });
        const newest = new Map<number, number>();
        const flags = new Map<number, string[]>();
        for (const history of medicalHistories(createShape(5, 900))) {
          if ((newest.get(history.patientCode) ?? -Infinity) > history.takenAt) continue;
          newest.set(history.patientCode, history.takenAt);
          const { historyId: _i, patientCode, takenAt: _t, heartMurmur, ...yesOrNo } = history;
          flags.set(patientCode, [
            ...Object.entries(yesOrNo).flatMap(([name, value]) => (value === 1 ? [name] : [])),
            ...(heartMurmur === null ? [] : [`Heart murmur: ${heartMurmur}`]),
          ]);
        }
        let alerts = 0;
        for (const [code, expected] of flags) {
          const rows = await reader.readPatient(code, signal);
          if (rows === null) throw new Error('nobody');
          const mapped = mapFullRecord(rows, { today, timeZone });
          if (mapped.outcome === 'refused') continue;
          const told = mapped.record.medicalAlerts.map((alert) => alert.text);
          alerts += told.length;
          expect(told).toHaveLength(expected.length);
          expect(told.filter((each) => each.startsWith('Heart'))).toEqual(expected.filter((each) => / /.test(each)));
        }
        expect(alerts).toBeGreaterThan(50);
      });
    });

    describe('keys that are GUIDs', () => {
      test('NG_R4_sys2000, when it is named: questionnaires of the right patient, with their notes', async () => {
        await using rig = await startRig();
        await using old = await rig.open();
        await using reader = await rig.open({
          database: rig.server.connectionString().replace('sys2000', 'NG_R4_sys2000'),
        });
        expect(reader.schema.entities.completedQuestionnaire?.table).toBe('MedicalQuestionnaire');
        expect(reader.schema.unavailable).not.toContain('questionnaires');
        let forms = 0;
        const codes = (await allPages(reader, 50)).flatMap((page) => page.rows.map((row) => Number(row.patientCode)));
        expect(codes.length).toBeGreaterThan(10);
        for (const code of codes) {
          const [copy, own] = [await reader.readPatient(code, signal), await old.readPatient(code, signal)];
          if (copy === null || own === null) throw new Error('nobody');
          const notes = (rows: typeof copy) =>
            rows.questionnaires.map((each) => [each.completedAt, each.notes ?? null]);
          expect(notes(copy).map(([at]) => at)).toEqual(notes(own).map(([at]) => at));
          forms += copy.questionnaires.length;
          const truth = [...patientsOf({ patients: 60, seed: 7 })].find((each) => each.patientCode === code);
          expect(copy.basics.surname).toBe(truth?.surname);
        }
        expect(forms).toBeGreaterThan(5);
      });

      test('everything that hangs on a patient by GUID is joined by it, and another’s is not', async () => {
        const [a, b] = ['A0000000-0000-4000-8000-00000000000A', 'B0000000-0000-4000-8000-00000000000B'];
        await using rig = await startRig();
        const opened = made(rig, [
          {
            name: 'Patient',
            columns: { PatientId: guid, SourcePatientCode: int, FirstName: text, LastName: text },
            key: ['PatientId'],
            rows: [
              [a, 11, 'Anne', 'Smith'],
              [b, 12, 'Bryn', 'Jones'],
            ],
          },
          {
            name: 'PatientAddresses',
            columns: { AddressId: guid, PatientId: guid, Line1: text, Postcode: text },
            key: ['AddressId'],
            rows: [
              [b, a, '1 Elm Street', 'YO1 7AA'],
              [a, b, '2 Oak Street', 'YO1 7AB'],
            ],
          },
          {
            name: 'MedicalAlert',
            columns: { AlertId: guid, PatientId: guid, AlertText: text },
            key: ['AlertId'],
            rows: [[a, b, 'Latex']],
          },
          {
            name: 'MedicalQuestionnaire',
            columns: { QuestionnaireId: guid, PatientId: guid, CompletedOn: datetime, Notes: text },
            key: ['QuestionnaireId'],
            rows: [
              [a, a, Date.UTC(2024, 0, 2), 'of Anne'],
              [b, b, Date.UTC(2024, 0, 3), 'of Bryn'],
            ],
          },
          {
            name: 'QuestionnaireAnswer',
            columns: { Id: guid, QuestionnaireId: guid, QuestionText: text, AnswerText: text },
            key: ['Id'],
            rows: [
              [a, a, 'Do you smoke?', 'Never'],
              [b, b, 'Do you smoke?', 'Daily'],
            ],
          },
        ]);
        await using reader = await rig.open(opened);
        const bryn = await recordOf(reader, 12);
        expect(bryn.basics).toMatchObject({ surname: 'Jones', addressLines: ['2 Oak Street'], postcode: 'YO1 7AB' });
        expect(bryn.medicalAlerts).toEqual([{ text: 'Latex' }]);
        expect(bryn.questionnaires).toMatchObject([
          { notes: 'of Bryn', answers: [{ question: 'Do you smoke?', ownWords: 'Daily' }] },
        ]);
        expect((await recordOf(reader, 11)).questionnaires).toMatchObject([{ notes: 'of Anne' }]);
        expect((await recordOf(reader, 11)).medicalAlerts).toEqual([]);
      });

      test('a GUID that points at nothing joins nothing: the part is missing, and said to be', async () => {
        await using rig = await startRig();
        const opened = made(rig, [
          patients,
          {
            name: 'CompletedQuestionnaire',
            columns: { ID: int, PatientGUID: guid, DateTime: datetime },
            key: ['ID'],
            rows: [],
          },
        ]);
        await using reader = await rig.open(opened);
        expect(reader.schema.unavailable).toContain('questionnaires');
        expect(reader.schema.missing.find(({ entity }) => entity === 'completedQuestionnaire')?.candidates).toEqual([
          'CompletedQuestionnaire (nothing joins it to the patients)',
        ]);
      });
    });

    describe('keys of other types', () => {
      test('R4’s number as text: refused by name, even where another number stands beside it', async () => {
        await using rig = await startRig();
        const opened = made(rig, [
          {
            name: 'Patients',
            columns: { PatientCode: text, ID: int, Forename: text, Surname: text },
            key: ['ID'],
            rows: [['1000123', 1, 'Anne', 'Smith']],
          },
        ]);
        expect(await refusal(rig.open(opened))).toMatchObject({
          code: 'PRACTICE_SCHEMA_UNSUPPORTED',
          details: { found: expect.stringContaining('PatientCode varchar') },
        });
      });

      test('answers that name the patient by text: not joined, and said so', async () => {
        await using rig = await startRig();
        const opened = made(rig, [
          patients,
          { name: 'MedicalAlerts', columns: { PatientCode: text, Alert: text }, rows: [['1', 'Latex']] },
        ]);
        await using reader = await rig.open(opened);
        expect(reader.schema.unavailable).toContain('medical-alerts');
        expect(reader.schema.missing.find(({ entity }) => entity === 'medicalAlert')?.candidates[0]).toContain(
          'PatientCode varchar',
        );
        expect((await recordOf(reader, 1)).medicalAlerts).toEqual([]);
      });
    });

    describe('numbers of other types', () => {
      test.each([
        ['decimal(19,2)', { name: 'decimal', precision: 19, scale: 2 }, [100_000_100n, 100_000_200n]],
        ['numeric(38,0)', { name: 'numeric', precision: 38, scale: 0 }, [1_000_001n, 1_000_002n]],
        ['float', { name: 'float' }, [1_000_001, 1_000_002]],
        ['money', { name: 'money' }, [10_000_010_000n, 10_000_020_000n]],
        ['smallint', { name: 'smallint' }, [1, 2]],
      ] as const)('R4’s number as %s: pages, one patient, by key', async (...[name, type, codes]) => {
        await using rig = await startRig();
        const opened = made(rig, [
          {
            name: 'Patients',
            columns: { PatientCode: type, Forename: text, Surname: text },
            key: ['PatientCode'],
            rows: codes.map((code, index) => [code, 'Anne', `No${index}`]),
          },
          {
            name: 'MedicalAlerts',
            columns: { PatientCode: int, Alert: text },
            rows: [[name === 'smallint' ? 2 : 1_000_002, 'Latex']],
          },
        ]);
        await using reader = await rig.open(opened);
        const expected = name === 'smallint' ? [1, 2] : [1_000_001, 1_000_002];
        for (const pageRows of [1, 2]) {
          const rows = (await allPages(reader, pageRows)).flatMap((page) => page.rows);
          const mapped = rows.map((row) => mapBasics(row, { today }));
          expect(mapped.map((each) => (each.outcome === 'mapped' ? each.record.patientCode : each.code))).toEqual(
            expected,
          );
        }
        const second = expected[1] ?? 0;
        expect((await recordOf(reader, second)).medicalAlerts).toEqual([{ text: 'Latex' }]);
        expect(await reader.readBasicsOf([second], signal)).toMatchObject([{ surname: 'No1' }]);
      });
    });

    describe('columns of types that hold no words', () => {
      test('notes as an image, a date of birth as a number: not read, and said so; the rest is', async () => {
        await using rig = await startRig();
        const opened = made(rig, [
          {
            ...patients,
            columns: { ...patients.columns, DOB: int, Title: { name: 'varbinary', length: 20 } },
            rows: [[1, 'Anne', 'Smith', 19_800_423, null]],
          },
          {
            name: 'CompletedQuestionnaire',
            columns: { ID: int, PatientCode: int, DateTime: datetime, Notes: { name: 'image' } },
            key: ['ID'],
            rows: [[1, 1, Date.UTC(2024, 0, 2), null]],
          },
        ]);
        await using reader = await rig.open(opened);
        const told = reader.schema.missing.map(({ entity, field, reason, candidates }) => [
          `${entity}.${field ?? ''}`,
          reason,
          candidates[0],
        ]);
        expect(told).toContainEqual(['patient.dateOfBirth', 'type', 'DOB int']);
        expect(told).toContainEqual(['patient.title', 'type', 'Title varbinary']);
        expect(told).toContainEqual(['completedQuestionnaire.notes', 'type', 'Notes image']);
        const anne = await recordOf(reader, 1);
        expect(anne.basics).toEqual({ patientCode: 1, forename: 'Anne', surname: 'Smith' });
        expect(anne.questionnaires).toMatchObject([{ completedAt: { local: '2024-01-02T00:00:00' }, answers: [] }]);
      });
    });

    test('names with brackets, quotes and spaces; addresses by a text key, several each', async () => {
      await using rig = await startRig();
      const opened = made(rig, [
        {
          ...patients,
          columns: { 'Patient Code': int, 'Fore-name': text, Sur_name: text, 'Address Code': text },
          key: ['Patient Code'],
          rows: [
            [1, 'Anne', "O'Brien]", 'a'],
            [2, 'Bryn', 'Jones', 'b'],
          ],
        },
        {
          name: 'Addresses',
          columns: { AddressCode: text, "Line]1'": text, 'Address 1': text, Postcode: text },
          rows: [
            ['a', 'x', '2 Second Street', 'YO1 7AB'],
            ['a', 'x', '1 First Street', 'YO1 7AA'],
            ['b', 'x', 'Only Road', null],
          ],
        },
      ]);
      await using reader = await rig.open(opened);
      expect(reader.schema.addressPlace).toBe('address-code');
      const rows = (await allPages(reader, 100)).flatMap((page) => page.rows);
      expect(rows).toMatchObject([
        { surname: "O'Brien]", addressLines: ['1 First Street'], postcode: 'YO1 7AA', addresses: 2 },
        { addressLines: ['Only Road'], addresses: 1 },
      ]);
    });

    describe('views in place of tables', () => {
      const view = (rows: Cells): OddTable => ({
        name: 'Patients',
        kind: 'view',
        columns: { patientcode: int, forename: text, surname: text },
        rows,
      });
      const addresses = (rows: Cells): OddTable => ({
        name: 'Addresses',
        kind: 'view',
        columns: { patientcode: int, address1: text, postcode: text },
        rows,
      });

      test('several addresses of one patient are told from two patients with one code', async () => {
        await using rig = await startRig();
        const opened = made(rig, [
          view([
            [1, 'Anne', 'Smith'],
            [2, 'Bryn', 'Jones'],
            [3, 'One', 'Code'],
            [3, 'Two', 'Codes'],
          ]),
          addresses([
            [1, '9 Later Lane', 'YO1 7AB'],
            [1, '1 First Street', 'YO1 7AA'],
            [2, 'Only Road', null],
          ]),
        ]);
        await using reader = await rig.open(opened);
        for (const pageRows of [3, 5, 100]) {
          const pages = await allPages(reader, pageRows);
          const rows = pages.flatMap((page) => page.rows);
          expect(rows.map((row) => row.patientCode)).toEqual([1, 2, 3]);
          expect(rows[0]).toMatchObject({ addressLines: ['1 First Street'], postcode: 'YO1 7AA', addresses: 2 });
          expect(rows[1]).toMatchObject({ addresses: 1 });
          expect(pages.flatMap((page) => page.repeatedCodes)).toEqual([3]);
        }
        expect((await reader.readPatient(1, signal))?.basics).toMatchObject({ addressLines: ['1 First Street'] });
      });
    });

    describe('rights', () => {
      test('a lesser table does not stand in for one that may not be read', async () => {
        const server = await createR4Server({
          patients: 1,
          logins: [
            {
              user: 'flynotes_reader',
              password: 'reader-password',
              role: 'reader',
              denied: ['dbo.MedicalAlerts', 'dbo.Patients'],
            } as never,
          ],
        });
        await using rig = createPracticeRig(driver.reached(server));
        const opened = made(rig, [
          { ...patients, name: 'Patient' },
          { name: 'MedicalAlerts', columns: { PatientCode: int, Alert: text }, rows: [[1, 'Latex']] },
          { name: 'Alerts', columns: { PatientCode: int, Text: text }, rows: [[1, 'Owes 20 pounds']] },
        ]);
        await using reader = await rig.open(opened);
        expect((await recordOf(reader, 1)).medicalAlerts).toEqual([]);
        expect(reader.schema.unavailable).toContain('medical-alerts');
        expect(reader.schema.missing).toContainEqual({
          entity: 'medicalAlert',
          reason: 'denied',
          candidates: ['MedicalAlerts'],
        });
        expect(reader.schema.warnings).toContain('PRACTICE_PERMISSION_DENIED');
        expect(reader.schema.grants).toEqual({
          tables: [{ schema: 'dbo', table: 'Patient' }],
          columns: [],
          hidden: ['MedicalAlerts'],
        });
      });
    });

    test('dates of birth as text, notes as ntext, codes in a case-sensitive collation', async () => {
      await using rig = await startRig();
      const collation = 'Latin1_General_BIN';
      const opened = made(rig, [
        {
          name: 'PATIENTS',
          columns: {
            PATIENTCODE: { name: 'bigint' },
            FORENAME: { name: 'nchar', length: 20, collation },
            SURNAME: { name: 'ntext', collation },
            DOB: { name: 'varchar', length: 20, collation },
          },
          key: ['PATIENTCODE'],
          rows: [
            [1n, 'Anne', 'Smith', '1980-04-23'],
            [2n, 'Bryn', 'Ó Súilleabháin', '03/04/1980'],
            [3n, 'Cai', 'Θεοδώρου', '31/12/1980'],
          ],
        },
      ]);
      await using reader = await rig.open(opened);
      const records = (await allPages(reader, 2))
        .flatMap((page) => page.rows)
        .map((row) => mapBasics(row, { today }))
        .map((mapped) => (mapped.outcome === 'mapped' ? mapped.record : mapped.code));
      expect(records).toMatchObject([
        { patientCode: 1, forename: 'Anne', dateOfBirth: '1980-04-23' },
        // March or April: nobody knows.
        { patientCode: 2, surname: 'Ó Súilleabháin', dateOfBirthText: '03/04/1980', marks: ['dob-unreadable'] },
        { patientCode: 3, surname: 'Θεοδώρου' },
      ]);
      expect(records[1]).not.toHaveProperty('dateOfBirth');
    });
  });
}
