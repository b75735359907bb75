import { createR4Server, type R4ServerOptions } from '@flynotes/sandbox/r4-server';
import { describe, expect, test } from 'vitest';
import { mapBasics } from '../records/index.ts';
import { isAgentError } from '../runtime/index.ts';
import { testDrivers, type TestDriver } from './driver-rig.ts';
import { allPages, createPracticeRig } from './practice-rig.ts';
import type { PracticeReader } from './practice-reader.ts';

const startRigOver = async (driver: TestDriver, options: R4ServerOptions = {}) =>
  createPracticeRig(driver.reached(await createR4Server({ patients: 300, seed: 7, ...options })));

const signal = new AbortController().signal;
const int = { name: 'int' } as const;
const text = { name: 'varchar', length: 60 } as const;

type Rig = Awaited<ReturnType<typeof startRigOver>>;
type Cells = readonly (readonly (string | number | bigint | null)[])[];

interface OddTable {
  readonly name: string;
  readonly columns: Readonly<
    Record<
      string,
      {
        readonly name: 'int' | 'bigint' | 'varchar' | 'text' | 'datetime' | 'decimal';
        readonly length?: number;
        readonly precision?: number;
        readonly scale?: number;
      }
    >
  >;
  readonly key?: readonly string[];
  readonly rows: Cells;
}

/** Makes a database of one's own beside the generated ones, and tells how to open it. */
function database(rig: Rig, name: string, tables: readonly OddTable[]): string {
  const builder = rig.server.engine.createDatabase(name);
  for (const { name: table, columns, key, rows } of tables) {
    builder.defineTable({
      name: table,
      kind: 'table',
      columns: Object.entries(columns).map(([column, type]) => ({
        name: column,
        type,
        nullable: key?.includes(column) !== true,
      })),
      ...(key === undefined ? {} : { primaryKey: key }),
    });
    builder.insert(table, rows);
  }
  return rig.server.connectionString().replace('sys2000', name);
}

const patients = (rows: Cells, more: Partial<OddTable> = {}): OddTable => ({
  name: 'Patients',
  columns: { PatientCode: int, Forename: text, Surname: text },
  key: ['PatientCode'],
  rows,
  ...more,
});

for (const driver of testDrivers) {
  describe.runIf(driver.present)(`over ${driver.title}`, () => {
    const startRig = (options: R4ServerOptions = {}) => startRigOver(driver, options);

    test('codes that are no codes come first and are refused; repeated ones are counted, the first counts', async () => {
      await using rig = await startRig({ patients: 1 });
      const rows: Cells = [
        [null, 'No', 'Code'],
        [-3, 'Minus', 'Three'],
        [0, 'Nil', 'Nil'],
        [5, 'First', 'Five'],
        [5, 'Second', 'Five'],
        [5, 'Third', 'Five'],
        [9, 'Nine', 'Nine'],
      ];
      const { key: _, ...keyless } = patients(rows);
      await using reader = await rig.open({ database: database(rig, 'odd', [keyless]) });
      for (const pageRows of [1, 2, 3, 4, 100]) {
        const pages = await allPages(reader, pageRows);
        const read = pages.flatMap((page) => page.rows);
        const codes = read.map((row) => row.patientCode);
        expect(
          codes.filter((code) => code !== null),
          `${pageRows} rows a page`,
        ).toEqual([-3, 0, 5, 9]);
        expect(codes.filter((code) => code === null).length).toBe(1);
        const outcomes = read
          .map((row) => mapBasics(row, { today: '2026-10-30' }))
          .map((outcome) => (outcome.outcome === 'mapped' ? outcome.record.patientCode : outcome.code));
        expect(outcomes).toEqual(['PATIENT_CODE_INVALID', 'PATIENT_CODE_INVALID', 'PATIENT_CODE_INVALID', 5, 9]);
        // A page of two rows cannot hold three.
        if (pageRows > 2) expect(pages.flatMap((page) => page.repeatedCodes)).toEqual([5, 5]);
      }
      expect(reader.schema.unindexed).toEqual(['Patients']);
      expect(rig.log.events).toContainEqual({
        name: 'warning',
        fields: { code: 'PRACTICE_INDEX_MISSING', area: 'practice', name: 'Patients' },
      });
    });

    test('several addresses of one patient: the lowest key, on whichever page, and marked', async () => {
      await using rig = await startRig({ patients: 1 });
      const people = Array.from({ length: 10 }, (_, index) => [index + 1, 'Anne', `No${index + 1}`]);
      const addresses: OddTable = {
        name: 'PatientAddresses',
        columns: { AddressID: int, PatientCode: int, Address1: text, Postcode: text },
        key: ['AddressID'],
        rows: [
          [17, 3, 'Later Lane', 'YO1 7AA'],
          [4, 3, 'First Street', 'YO1 7AB'],
          [9, 3, 'Second Street', null],
          [1, 1, 'Only Road', null],
          [2, 10, 'Last Road', null],
        ],
      };
      await using reader = await rig.open({ database: database(rig, 'odd', [patients(people), addresses]) });
      expect(reader.schema.addressPlace).toBe('patient-code');
      for (const pageRows of [2, 3, 4, 5, 100]) {
        const rows = (await allPages(reader, pageRows)).flatMap((page) => page.rows);
        expect(
          rows.map((row) => row.patientCode),
          `${pageRows} rows a page`,
        ).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        // A page of two rows cannot hold three.
        if (pageRows > 2) expect(rows[2]).toMatchObject({ addressLines: ['First Street'], addresses: 3 });
        expect(rows[1]).toMatchObject({ addressLines: [] });
        expect(rows[9]).toMatchObject({ addressLines: ['Last Road'], addresses: 1 });
      }
      expect((await reader.readPatient(3, signal))?.basics).toMatchObject({
        addressLines: ['First Street'],
        addresses: 3,
      });
      expect(await reader.readBasicsOf([3, 4, 77], signal)).toMatchObject([
        { patientCode: 3, addressLines: ['First Street'] },
        { patientCode: 4 },
      ]);
    });

    /** Ends the reader's connections, as SQL Server does when a database is dropped, and drops it. */
    async function dropUnder(reader: PracticeReader, rig: Rig): Promise<void> {
      rig.server.faults.add({ kind: 'cut', times: 2 });
      await expect(reader.readBasicsPage(null, 10, signal)).rejects.toThrow('PRACTICE_CONNECTION_LOST');
      await expect(reader.readPatient(1, signal)).rejects.toThrow('PRACTICE_CONNECTION_LOST');
      (rig.server.engine as unknown as { dropDatabase(name: string): void }).dropDatabase('odd');
    }

    test('a table was renamed, a column added: the next call looks again and goes on', async () => {
      await using rig = await startRig({ patients: 1 });
      const opened = database(rig, 'odd', [patients([[1, 'Anne', 'Smith']])]);
      await using reader = await rig.open({ database: opened, tries: 1 });
      const before = reader.schema.fingerprint;
      expect((await reader.readPatient(1, signal))?.basics).toMatchObject({ surname: 'Smith', title: null });
      await dropUnder(reader, rig);
      database(rig, 'odd', [
        patients([[1, 'Dr', 'Anne', 'Jones']], {
          name: 'Patient',
          columns: { PatientCode: int, Title: text, FirstName: text, Surname: text },
        }),
      ]);
      expect((await reader.readPatient(1, signal))?.basics).toMatchObject({ surname: 'Jones', title: 'Dr' });
      expect([...(await reader.readBasicsPage(null, 10, signal)).rows]).toMatchObject([{ surname: 'Jones' }]);
      expect(reader.schema.fingerprint).not.toBe(before);
    });

    test('each database has a name of its own that tells nothing, and a new one where it is made anew', async () => {
      await using rig = await startRig({ patients: 1 });
      const people = [patients([[1, 'Anne', 'Smith']])];
      const opened = database(rig, 'odd', people);
      const other = database(rig, 'even', people);
      const nameOf = async (string: string): Promise<string> => {
        await using reader = await rig.open({ database: string, tries: 1 });
        return reader.schema.database;
      };
      const name = await nameOf(opened);
      expect(name).toMatch(/^[0-9a-f]{16}$/);
      expect(await nameOf(opened)).toBe(name);
      expect(await nameOf(other)).not.toBe(name);
      await using reader = await rig.open({ database: opened, tries: 1 });
      await dropUnder(reader, rig);
      database(rig, 'odd', people);
      expect(await nameOf(opened)).not.toBe(name);
    });

    test('a table that is gone for good: refused by name, the agent goes on asking', async () => {
      await using rig = await startRig({ patients: 1 });
      const opened = database(rig, 'odd', [patients([[1, 'Anne', 'Smith']])]);
      await using reader = await rig.open({ database: opened, tries: 1 });
      await dropUnder(reader, rig);
      database(rig, 'odd', [{ name: 'Customers', columns: { ID: int }, rows: [] }]);
      const failure = await reader.readBasicsPage(null, 10, signal).catch((error: unknown) => error);
      expect(isAgentError(failure) && failure.code).toBe('PRACTICE_SCHEMA_UNSUPPORTED');
    });

    describe('keys of other types', () => {
      test.each([
        ['bigint', { name: 'bigint' }, 1_000_001n],
        ['decimal', { name: 'decimal', precision: 10, scale: 0 }, 1_000_001],
      ] as const)('%s', async (...[, type, code]) => {
        await using rig = await startRig({ patients: 1 });
        const rows: Cells = [[code, 'Anne', 'Smith']];
        await using reader = await rig.open({
          database: database(rig, 'odd', [
            patients(rows, { columns: { PatientCode: type, Forename: text, Surname: text } }),
          ]),
        });
        const [row] = (await allPages(reader, 1)).flatMap((page) => page.rows);
        const outcome = mapBasics(row!, { today: '2026-10-30' });
        expect(outcome).toMatchObject({ outcome: 'mapped', record: { patientCode: 1_000_001 } });
        expect(await reader.readPatient(1_000_001, signal)).not.toBeNull();
        expect(await reader.readBasicsOf([1_000_001], signal)).toHaveLength(1);
      });
    });

    test('codes beyond what the contract allows are refused, and paging gets past them', async () => {
      await using rig = await startRig({ patients: 1 });
      const columns = { PatientCode: { name: 'bigint' }, Forename: text, Surname: text } as const;
      const rows: Cells = [
        -9_000_000_000_000n,
        7n,
        3_000_000_001n,
        3_000_000_002n,
        3_000_000_003n,
        9_000_000_000_000n,
      ].map((code) => [code, 'A', 'B']);
      await using reader = await rig.open({ database: database(rig, 'odd', [patients(rows, { columns })]) });
      for (const pageRows of [1, 2, 5]) {
        const read = (await allPages(reader, pageRows)).flatMap((page) => page.rows);
        const outcomes = read.map((row) => mapBasics(row, { today: '2026-10-30' }).outcome);
        expect(outcomes).toEqual(['refused', 'mapped', 'refused', 'refused', 'refused', 'refused']);
      }
    });

    test('presets that are numbered anew for each question are joined by both', async () => {
      await using rig = await startRig({ patients: 1 });
      const opened = database(rig, 'odd', [
        patients([[1, 'Anne', 'Smith']]),
        {
          name: 'CompletedQuestionnaire',
          columns: { ID: int, PatientCode: int, DateTime: { name: 'datetime' }, Notes: { name: 'text' } },
          key: ['ID'],
          rows: [[1, 1, Date.UTC(2024, 0, 2), null]],
        },
        {
          name: 'Questions',
          columns: { QuestionID: int, QuestionText: text },
          key: ['QuestionID'],
          rows: [
            [1, 'Do you smoke?'],
            [2, 'Diabetes?'],
          ],
        },
        {
          name: 'QuestionOptions',
          columns: { QuestionID: int, OptionID: int, OptionText: text },
          key: ['QuestionID', 'OptionID'],
          rows: [
            [1, 1, 'Never'],
            [1, 2, 'Daily'],
            [2, 1, 'Type 1'],
            [2, 2, 'Type 2'],
          ],
        },
        {
          name: 'GivenAnswers',
          columns: { ID: int, CompletedID: int, QuestionID: int, OptionID: int, FreeText: text },
          key: ['ID'],
          rows: [
            [1, 1, 2, 1, null],
            [2, 1, 1, 2, 'only at night'],
          ],
        },
      ]);
      await using reader = await rig.open({ database: opened });
      const rows = await reader.readPatient(1, signal);
      expect(rows?.answers.map(({ question, preset, ownWords }) => [question, preset, ownWords])).toEqual([
        ['Do you smoke?', 'Daily', 'only at night'],
        ['Diabetes?', 'Type 1', null],
      ]);
    });

    test('on the wire there is nothing but SELECT and SET', async () => {
      const texts = new Set<string>();
      await using rig = await startRig({
        onEvent: (event) => void (event.kind === 'statement' && texts.add(event.text)),
      });
      {
        await using reader = await rig.open();
        await allPages(reader, 100);
        await reader.readPatient(1_000_005, signal);
        await reader.readBasicsOf([1_000_005], signal);
        await reader.readQuestions(signal);
        await reader.readPresetAnswers(signal);
        await reader.ping(signal);
      }
      expect(texts.size).toBeGreaterThan(10);
      for (const each of texts) {
        for (const statement of each
          .split(/;|\n/)
          .map((line) => line.trim())
          .filter((line) => line !== ''))
          expect(statement).toMatch(/^(?:SELECT|set|SET) /);
      }
    });
  });
}
