import { createR4Server, type R4Server } from '@flynotes/sandbox/r4-server';
import { timesOf } from '@flynotes/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BasicRecord } from '../contract/index.ts';
import { mapBasics, mapFullRecord } from '../records/index.ts';
import { isAgentError } from '../runtime/index.ts';
import {
  buildMutatedPractice,
  comparedFields,
  presetTexts,
  questionTexts,
  type MutatedPractice,
  type TruePatient,
} from './mutated-practice-rig.ts';
import { testDrivers } from './driver-rig.ts';
import { medicalFlagNames, medicalFlags } from './medical-flags.ts';
import { allPages, createPracticeRig } from './practice-rig.ts';
import type { PracticeReader, PracticeSchema } from './practice-reader.ts';
import type { EntityName } from './schema-map.ts';

const practices = timesOf(30, 200);
const seeds = Array.from({ length: practices }, (_, index) => index + 1);
const today = '2026-10-30';
const signal = new AbortController().signal;
const outcomes = { read: 0, refused: 0, whole: 0, presets: 0, histories: 0, flags: 0 };
let server: R4Server;

beforeAll(async () => {
  server = await createR4Server({ patients: 1 });
});
afterAll(async () => {
  await server.close();
  // A test that passes because nothing is ever found must fail.
  expect(outcomes.read).toBeGreaterThan(practices * 0.7);
  expect(outcomes.refused).toBeGreaterThan(0);
  expect(outcomes.whole).toBeGreaterThan(practices * 0.1);
  expect(outcomes.presets).toBeGreaterThan(practices * 0.2);
  expect(outcomes.histories).toBeGreaterThan(practices);
  expect(outcomes.flags).toBeGreaterThan(practices);
});

for (const driver of testDrivers) {
  describe.runIf(driver.present)(`over ${driver.title}`, () => {
    // Over ODBC each takes a process of its own.
    const some = driver.name === 'tedious' ? seeds : seeds.filter((seed) => seed % 3 === 0);

    test.each(some)('a practice made up from the seed %i: right data, or a refusal by name', async (seed) => {
      const practice = buildMutatedPractice(server.engine, seed);
      try {
        const rig = createPracticeRig(server);
        const database = driver.string(server.connectionString().replace('sys2000', practice.database));
        let reader: PracticeReader;
        try {
          reader = await rig.open({ database });
        } catch (error) {
          expectRefusal(error, practice);
          outcomes.refused += 1;
          return;
        }
        await using opened = reader;
        expect(practice.written.patient, 'patients were found where none were written').toBeDefined();
        outcomes.read += 1;
        await comparePatients(opened, practice);
        await compareHistories(opened, practice);
        await compareTexts(opened, practice);
        if (opened.schema.missing.length === 0) outcomes.whole += 1;
      } finally {
        (server.engine as unknown as { dropDatabase(name: string): void }).dropDatabase(practice.database);
      }
    });
  });
}

/** Only where something required was not written, and then naming it. */
function expectRefusal(error: unknown, { written }: MutatedPractice): void {
  if (!isAgentError(error)) throw error;
  expect(error.code).toBe('PRACTICE_SCHEMA_UNSUPPORTED');
  expect(error.details).toMatchObject({ entity: 'patient', lookedFor: expect.stringContaining('Patients') });
  const lacking = ['patientCode', 'forename', 'surname'].filter((field) => written.patient?.[field] === undefined);
  expect(lacking.length, 'nothing that is required was missing').toBeGreaterThan(0);
  if (written.patient !== undefined) expect(error.details['found']).toContain(lacking[0]);
}

/** Read, or told to be missing; never something else. */
function isRead(schema: PracticeSchema, practice: MutatedPractice, entity: EntityName, field: string): boolean {
  const column = practice.written[entity]?.[field];
  const taken = schema.entities[entity]?.columns[field]?.map(({ name }) => name) ?? [];
  if (practice.twins.includes(`${entity}.${field}`)) {
    expect(taken, `${entity}.${field} has two equally good columns`).toEqual([]);
    const said = schema.missing.find((each) => each.entity === entity && each.field === field);
    expect(said, `${entity}.${field} is ambiguous`).toMatchObject({ reason: 'ambiguous' });
    return false;
  }
  if (taken.length === 0 && column !== undefined) {
    const said = schema.missing.some((each) => each.entity === entity && [field, undefined].includes(each.field));
    expect(said, `${entity}.${field} stands in ${column} and nothing says that it is not read`).toBe(true);
  }
  if (taken.length > 0) expect(taken, `${entity}.${field}`).toEqual([column]);
  return taken.length > 0;
}

async function comparePatients(reader: PracticeReader, practice: MutatedPractice): Promise<void> {
  const { schema } = reader;
  const place = practice.written.address === undefined ? placeWithoutTable(practice) : practice.addressPlace;
  expect(schema.addressPlace).toBe(place);
  const holder = place === 'patient' ? 'patient' : 'address';
  const read = new Set(comparedFields.filter((field) => isRead(schema, practice, 'patient', field)));
  const addressRead =
    place === 'none'
      ? []
      : (['line1', 'line2', 'town', 'postcode'] as const).filter((field) => isRead(schema, practice, holder, field));
  const records = new Map<number, BasicRecord>();
  for (const row of (await allPages(reader, 5)).flatMap((page) => page.rows)) {
    const outcome = mapBasics(row, { today });
    if (outcome.outcome === 'refused') throw new Error(outcome.code);
    records.set(outcome.record.patientCode, outcome.record);
  }
  expect([...records.keys()]).toEqual(practice.patients.map((each) => each.patientCode));
  for (const patient of practice.patients) {
    const { marks, ...record } = records.get(patient.patientCode) as BasicRecord;
    expect(marks).toBeUndefined();
    expect(record).toEqual(expected(patient, { read, addressRead }));
  }
}

const placeWithoutTable = ({ addressPlace, written }: MutatedPractice): MutatedPractice['addressPlace'] =>
  addressPlace === 'patient' && ['line1', 'line2', 'town', 'postcode'].some((field) => written.patient?.[field])
    ? 'patient'
    : 'none';

function expected(
  patient: TruePatient,
  { read, addressRead }: { readonly read: ReadonlySet<string>; readonly addressRead: readonly string[] },
): Record<string, unknown> {
  const phones = (['mobilePhone', 'homePhone', 'workPhone'] as const)
    .filter((field) => read.has(field))
    .map((field) => ({ kind: field.replace('Phone', ''), number: patient[field] }));
  const lines = (['line1', 'line2', 'town'] as const)
    .filter((field) => addressRead.includes(field))
    .map((field) => patient[field]);
  const whole: Record<string, unknown> = {
    patientCode: patient.patientCode,
    forename: patient.forename,
    surname: patient.surname,
    title: read.has('title') ? patient.title : undefined,
    knownAs: read.has('knownAs') ? patient.knownAs : undefined,
    sex: read.has('sex') ? (patient.sex === 'M' ? 'male' : 'female') : undefined,
    dateOfBirth: read.has('dateOfBirth') ? patient.dateOfBirth : undefined,
    nhsNumber: read.has('nhsNumber') ? patient.nhsNumber : undefined,
    emails: read.has('email') ? [patient.email] : undefined,
    phones: phones.length > 0 ? phones : undefined,
    addressLines: lines.length > 0 ? lines : undefined,
    postcode: addressRead.includes('postcode') ? patient.postcode : undefined,
    archived: read.has('archived') ? patient.archived : undefined,
  };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
}

async function compareHistories(reader: PracticeReader, practice: MutatedPractice): Promise<void> {
  const { entities, unavailable } = reader.schema;
  const { written } = practice;
  for (const patient of practice.patients) {
    const rows = await reader.readPatient(patient.patientCode, signal);
    if (rows === null) throw new Error('the patient of the page is not there');
    const full = mapFullRecord(rows, { today, timeZone: 'Europe/London' });
    if (full.outcome === 'refused') throw new Error(full.code);
    const { record } = full;
    const told = record.medicalAlerts.map(({ text }) => text);
    const holder = practice.alertPlace === 'patient' ? written.patient : written.medicalHistory;
    const flags = medicalFlagNames.filter((flag) => practice.alertPlace !== 'table' && holder?.[flag] !== undefined);
    if (flags.length > 0) {
      expect(told).toEqual(flags.filter((flag) => patient.flags.includes(flag)).map((flag) => medicalFlags[flag].flag));
      outcomes.flags += told.length;
      expect(unavailable).not.toContain('medical-alerts');
    } else if (entities.medicalAlert === undefined) expect([told, unavailable]).toEqual([[], unavailable]);
    else expect(told).toEqual(patient.alerts);
    if (flags.length === 0 && entities.medicalAlert === undefined) expect(unavailable).toContain('medical-alerts');
    if (entities.completedQuestionnaire === undefined) {
      expect(unavailable).toContain('questionnaires');
      continue;
    }
    outcomes.histories += patient.forms.length;
    expect(full.rules).not.toContain('answer-orphaned');
    expect(record.questionnaires.map((each) => each.completedAt?.local)).toEqual(patient.forms.map(({ at }) => at));
    const notesRead = written.completedQuestionnaire?.['notes'] !== undefined;
    expect(record.questionnaires.map(({ notes }) => notes)).toEqual(
      patient.forms.map(({ notes }) => (notesRead ? notes : undefined)),
    );
    if (entities.givenAnswer === undefined) {
      expect(unavailable).toContain('given-answers');
      expect(areLinked(practice), 'the answers could be read').toBe(false);
    } else {
      expect(reader.schema.answerLink).toBe(practice.answerLink);
      record.questionnaires.forEach((each, index) =>
        expect(each.answers).toEqual(expectedAnswers(patient.forms[index]?.answers ?? [], reader, written.givenAnswer)),
      );
    }
  }
}

/** Whether everything stands there by which answers hang on their questionnaires and questions. */
function areLinked({ written, answerLink }: MutatedPractice): boolean {
  const { givenAnswer: given, completedQuestionnaire: completed, question } = written;
  if (given === undefined || completed === undefined) return false;
  const link =
    answerLink === 'id'
      ? [completed['id'], given['completedId']]
      : [completed['completedAt'], given['patientCode'], given['completedAt']];
  const asked = given['questionText'] ?? (question === undefined ? undefined : given['questionId']);
  return [...link, asked].every((name) => name !== undefined);
}

function expectedAnswers(
  answers: TruePatient['forms'][number]['answers'],
  { schema: { entities } }: PracticeReader,
  given: Readonly<Record<string, string>> | undefined,
): Record<string, string>[] {
  const worded = entities.question !== undefined || given?.['questionText'] !== undefined;
  return answers.map(({ question, preset, own }) => ({
    question: worded ? (questionTexts[question] ?? '') : `#${question + 1}`,
    ...(preset !== null && entities.presetAnswer !== undefined ? { preset: presetTexts[preset] ?? '' } : {}),
    ...(own !== null && given?.['ownWords'] !== undefined ? { ownWords: own } : {}),
  }));
}

/** Preset answers are never a patient's own words: all of them, or a refusal. */
async function compareTexts(reader: PracticeReader, practice: MutatedPractice): Promise<void> {
  const { givenAnswer, presetAnswer } = practice.written;
  const answers = await reader.readPresetAnswers(signal).catch((error: unknown) => error);
  if (isAgentError(answers)) {
    expect(answers.code).toBe('QUESTIONNAIRE_PRESETS_UNKNOWN');
    const told = presetAnswer !== undefined && givenAnswer?.['presetId'] !== undefined;
    const joined = reader.schema.entities.givenAnswer !== undefined;
    expect(told && joined, 'the presets can be told apart').toBe(false);
  } else {
    outcomes.presets += 1;
    expect(givenAnswer?.['presetId'], 'nothing says that these are no own words').toBeDefined();
    expect(answers).toEqual([...presetTexts].sort());
  }
  const asked = await reader.readQuestions(signal).catch((error: unknown) => error);
  if (isAgentError(asked)) expect(asked.code).toBe('QUESTIONNAIRE_QUESTIONS_UNKNOWN');
  else expect(asked).toEqual([...questionTexts].sort());
}
