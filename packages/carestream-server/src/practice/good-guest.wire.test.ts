import { createR4Server, presetAnswers, type R4Server, type R4ServerOptions } from '@flynotes/sandbox/r4-server';
import { describe, expect, test } from 'vitest';
import { createCommands, type CommandsDeps } from '../commands/index.ts';
import { messageSchema } from '../contract/index.ts';
import { mapBasics, mapFullRecord } from '../records/index.ts';
import { allPages, createPracticeRig } from './practice-rig.ts';

const signal = new AbortController().signal;
const int = { name: 'int' } as const;
const text = { name: 'varchar', length: 60 } as const;

/** A server that keeps what it was asked. */
async function startRig(options: R4ServerOptions = {}) {
  const texts: string[] = [];
  const server = await createR4Server({
    patients: 120,
    seed: 7,
    ...options,
    onEvent: (event) => void (event.kind === 'statement' && texts.push(event.text)),
  });
  return { rig: createPracticeRig(server), texts };
}

type Builder = ReturnType<R4Server['engine']['createDatabase']>;
type Definition = Parameters<Builder['defineTable']>[0];

function define(
  builder: Builder,
  name: string,
  {
    columns,
    key,
    rows,
  }: {
    readonly columns: Readonly<Record<string, Definition['columns'][number]['type']>>;
    readonly key?: string;
    readonly rows: readonly (readonly (string | number | bigint | null)[])[];
  },
): void {
  builder.defineTable({
    name,
    kind: 'table',
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type, nullable: column !== key })),
    ...(key === undefined ? {} : { primaryKey: [key] }),
  });
  builder.insert(name, rows);
}

const isolationOf = (statement: string): string | undefined =>
  /ISOLATION LEVEL (READ (?:UN)?COMMITTED)/.exec(statement)?.[1];

describe('isolation', () => {
  test.each([
    ['by snapshot where the database keeps them', true, 'READ COMMITTED'],
    ['uncommitted where it does not', false, 'READ UNCOMMITTED'],
  ] as const)('pages and patients are read %s; who seems gone always committed', async (_, snapshots, level) => {
    const { rig, texts } = await startRig({ patients: 1 });
    await using own = rig;
    define(own.server.engine.createDatabase('own', { readCommittedSnapshot: snapshots }), 'Patients', {
      columns: { PatientCode: int, Forename: text, Surname: text },
      key: 'PatientCode',
      rows: [[5, 'Anne', 'Smith']],
    });
    await using reader = await own.open({ database: own.server.connectionString().replace('sys2000', 'own') });
    texts.length = 0;
    await allPages(reader, 10);
    expect(texts.map(isolationOf)).toEqual([level]);
    texts.length = 0;
    await reader.readPatient(5, signal);
    expect(texts.map(isolationOf)).toEqual([level]);
    texts.length = 0;
    expect(await reader.readBasicsOf([5, 6], signal)).toHaveLength(1);
    expect(texts.map(isolationOf)).toEqual(['READ COMMITTED']);
  });
});

test('every statement that reads patients waits for locks briefly, gives way in deadlocks, and takes one core', async () => {
  const { rig, texts } = await startRig();
  await using own = rig;
  await using reader = await own.open();
  texts.length = 0;
  await allPages(reader, 50);
  await reader.readPatient(1_000_005, signal);
  await reader.readBasicsOf([1_000_005], signal);
  expect(texts.length).toBeGreaterThan(4);
  for (const statement of texts) {
    expect(statement).toContain('SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW;');
    expect(statement).toContain('OPTION (MAXDOP 1)');
  }
});

test.each([601, 605] as const)('data that moved beneath a page (%i): it is read again, whole', async (number) => {
  const { rig } = await startRig();
  await using own = rig;
  await using reader = await own.open();
  own.server.faults.add({
    kind: 'data-moved',
    number,
    matching: /FROM \[dbo\]\.\[Patients\]/,
    times: 2,
    afterRows: 20,
  });
  const codes = (await allPages(reader, 50)).flatMap((page) => page.rows.map((row) => row.patientCode));
  expect(own.server.faults.fired('data-moved')).toBe(2);
  expect(new Set(codes).size).toBe(120);
  expect(codes).toHaveLength(120);
});

test('preset answers that cannot be told from own words: refused with the code, and nothing is sent', async () => {
  const { rig, texts } = await startRig({ patients: 1 });
  await using own = rig;
  const builder = own.server.engine.createDatabase('own');
  const words = 'Since the operation I get dizzy';
  define(builder, 'Patients', {
    columns: { PatientCode: int, Forename: text, Surname: text },
    key: 'PatientCode',
    rows: [[5, 'Anne', 'Smith']],
  });
  define(builder, 'Questions', {
    columns: { QuestionID: int, Question: text },
    key: 'QuestionID',
    rows: [[1, 'How are you?']],
  });
  define(builder, 'CompletedQuestionnaire', { columns: { ID: int, PatientCode: int }, key: 'ID', rows: [[1, 5]] });
  // Ticked or typed in: both stand in the one column.
  define(builder, 'QuestionnaireAnswers', {
    columns: { CompletedID: int, QuestionID: int, Answer: text },
    rows: [
      [1, 1, 'Yes'],
      [1, 1, words],
    ],
  });
  define(builder, 'PresetAnswers', { columns: { ID: int, Answer: text }, key: 'ID', rows: [[1, 'Yes']] });
  await using reader = await own.open({ database: own.server.connectionString().replace('sys2000', 'own') });
  const sent: unknown[] = [];
  const handle = createCommands({
    questionnaires: () => reader,
    reporter: { require: (...item: unknown[]) => sent.push(item) > 0 },
  } as unknown as CommandsDeps);
  const message = messageSchema.parse({
    type: 'questionnaire-answers-upload',
    schemaVersion: 1,
    requestedAt: '2026-10-30T10:00:00.000Z',
  });
  const context = { messageId: 'm-1', receiveCount: 1, acknowledge: async () => undefined };
  texts.length = 0;
  expect(await handle(message, context, signal)).toEqual({
    outcome: 'rejected',
    code: 'QUESTIONNAIRE_PRESETS_UNKNOWN',
  });
  expect(sent).toEqual([]);
  expect(texts).toEqual([]);
  expect(reader.schema.unavailable).toContain('preset-answers');
  // The patient's own record has the words, as own words.
  const rows = await reader.readPatient(5, signal);
  const full = rows === null ? null : mapFullRecord(rows, { today: '2026-10-30', timeZone: 'Europe/London' });
  expect(full).toMatchObject({
    outcome: 'mapped',
    record: { questionnaires: [{ answers: [{ question: 'How are you?', ownWords: 'Yes' }, { ownWords: words }] }] },
  });
});

test('preset answers that can be told: all of them, and no own words', async () => {
  const { rig } = await startRig();
  await using own = rig;
  await using reader = await own.open();
  expect(new Set(await reader.readPresetAnswers(signal))).toEqual(new Set(presetAnswers.map((each) => each.text)));
});

test('values that JavaScript would round arrive as they stand', async () => {
  const { rig } = await startRig({ patients: 1 });
  await using own = rig;
  const builder = own.server.engine.createDatabase('own');
  const key = { name: 'decimal', precision: 19, scale: 0 } as const;
  define(builder, 'Patients', {
    columns: {
      PatientCode: int,
      Forename: text,
      Surname: text,
      NHSNumber: { name: 'decimal', precision: 18, scale: 0 },
      MobileNo: { name: 'money' },
      HomeTel: { name: 'decimal', precision: 20, scale: 2 },
      WorkTel: { name: 'bigint' },
    },
    key: 'PatientCode',
    rows: [[5, 'Anne', 'Smith', 9434765919n, 90071992547409931234n / 10n, 123456789012345678n, 9007199254740993n]],
  });
  define(builder, 'CompletedQuestionnaire', {
    columns: { ID: key, PatientCode: int, Notes: text },
    key: 'ID',
    rows: [
      [9007199254740992n, 5, 'one'],
      [9007199254740993n, 5, 'other'],
    ],
  });
  define(builder, 'Questions', { columns: { QuestionID: int, Question: text }, key: 'QuestionID', rows: [[1, 'Q']] });
  define(builder, 'GivenAnswers', {
    columns: { CompletedID: key, QuestionID: int, FreeText: text },
    rows: [
      [9007199254740993n, 1, 'of the other'],
      [9007199254740992n, 1, 'of the one'],
    ],
  });
  await using reader = await own.open({ database: own.server.connectionString().replace('sys2000', 'own') });
  const rows = await reader.readPatient(5, signal);
  if (rows === null) throw new Error('nobody');
  const basics = mapBasics(rows.basics, { today: '2026-10-30' });
  expect(basics).toMatchObject({
    record: {
      nhsNumber: '9434765919',
      phones: [
        { kind: 'mobile', number: '900719925474099.3123' },
        { kind: 'home', number: '1234567890123456.78' },
        { kind: 'work', number: '9007199254740993' },
      ],
    },
  });
  const full = mapFullRecord(rows, { today: '2026-10-30', timeZone: 'Europe/London' });
  expect(full).toMatchObject({
    record: {
      questionnaires: [
        { notes: 'one', answers: [{ ownWords: 'of the one' }] },
        { notes: 'other', answers: [{ ownWords: 'of the other' }] },
      ],
    },
  });
  expect(full.rules).not.toContain('questionnaire-repeated');
});
