import {
  createR4Server,
  type R4ServerOptions,
  dialectNames,
  hasDirt,
  namesOf,
  patientsOf,
  presetAnswers,
  questions,
  type DialectName,
  type LogicalPatient,
} from '@flynotes/sandbox/r4-server';
import { describe, expect, test } from 'vitest';
import { basicRecordSchema, fullRecordSchema, type BasicRecord } from '../contract/index.ts';
import { mapBasics, mapFullRecord } from '../records/index.ts';
import { testDrivers, type TestDriver } from './driver-rig.ts';
import { allPages, createPracticeRig, expectPlainAsMapped } from './practice-rig.ts';

const startRigOver = async (driver: TestDriver, options: R4ServerOptions = {}) =>
  createPracticeRig(driver.reached(await createR4Server({ patients: 300, seed: 7, ...options })));

const today = '2026-10-30';
const size = { patients: 1500, seed: 11 };

type Text = string | null;

interface Held {
  readonly dialect: DialectName;
  /** What the driver makes of a byte that its code page does not define. */
  readonly undefinedByte: string;
}

/** What a column of the dialect holds of a patient's text, without spaces around it; undefined for nothing. */
function held(
  { dialect, undefinedByte }: Held,
  table: 'patients' | 'addresses',
  field: string,
  patient: LogicalPatient,
): string | undefined {
  const names = namesOf(dialect);
  const value = names.stored(table, field as 'line1', patient[field as 'line1']) as Text;
  const text = typeof value === 'string' ? value.trim().replaceAll('\u0081', undefinedByte) : '';
  return text === '' ? undefined : text;
}

/** The record that a reader of this dialect must make of a patient, written down without the mapper's code. */
function expected(how: Held, patient: LogicalPatient): Record<string, unknown> {
  const { dialect } = how;
  const names = namesOf(dialect);
  const own = (field: string): string | undefined => held(how, 'patients', field, patient);
  const address = (field: string): string | undefined =>
    held(how, names.addressPlace === 'patient' ? 'patients' : 'addresses', field, patient);
  const sex = own('sex');
  const dob = names.stored('patients', 'dob', patient.dob) as number | null;
  const birth = dob === null ? undefined : new Date(dob).toISOString().slice(0, 10);
  const placeholder = birth === '1899-12-30' || birth === '1900-01-01';
  const moved = hasDirt(patient, 'titleInForename') && !hasDirt(patient, 'testPatient');
  const [firstWord, ...restOfName] = (own('forename') ?? '').split(' ');
  const code = address('postcode');
  const squeezed = code?.toUpperCase().replaceAll(' ', '');
  return {
    patientCode: patient.patientCode,
    title: moved ? firstWord : own('title'),
    forename: moved ? restOfName.join(' ') : own('forename'),
    surname: own('surname'),
    knownAs: own('knownAs'),
    sex: sex === 'M' || sex === 'Male' ? 'male' : sex === 'F' || sex === 'Female' ? 'female' : undefined,
    sexText: sex?.startsWith('U') === true ? sex : undefined,
    dateOfBirth: birth === undefined || placeholder || birth > today ? undefined : birth,
    dateOfBirthText: birth !== undefined && birth > today ? birth : undefined,
    nhsNumber: own('nhsNumber')?.replaceAll(' ', ''),
    emails: hasDirt(patient, 'noEmailInWords') ? undefined : own('email')?.split(/[;,/\s]+/),
    phones: [
      { kind: 'mobile', number: own('mobilePhone') },
      { kind: 'home', number: own('homePhone') },
      { kind: 'work', number: own('workPhone') },
    ].filter((phone) => phone.number !== undefined),
    addressLines: ['line1', 'line2', 'line3', 'town', 'county'].map(address).filter((line) => line !== undefined),
    postcode:
      code === undefined || hasDirt(patient, 'postcodeWrong')
        ? code
        : `${squeezed?.slice(0, -3)} ${squeezed?.slice(-3)}`,
    archived: patient.archived === 1,
  };
}

const flat = (record: BasicRecord): Record<string, unknown> => {
  const { marks: _, ...fields } = record;
  return { ...fields, phones: record.phones ?? [], addressLines: record.addressLines ?? [] };
};
const defined = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));

for (const driver of testDrivers) {
  describe.runIf(driver.present)(`over ${driver.title}`, () => {
    const startRig = (options: R4ServerOptions = {}) => startRigOver(driver, options);

    describe.each(dialectNames.map((dialect) => ({ dialect })))('the dialect $dialect', ({ dialect }) => {
      const how = { dialect, undefinedByte: driver.undefinedByte };
      test('every patient arrives, field by field', async () => {
        await using rig = await startRig({ ...size, dialect });
        await using reader = await rig.open();
        expect(reader.schema).toMatchObject({
          addressPlace: namesOf(dialect).addressPlace,
          missing: [],
          unavailable: [],
          unindexed: [],
          canWrite: false,
          sysadmin: false,
        });
        const pages = await allPages(reader, 400);
        expect(pages.flatMap((page) => page.rows)).toHaveLength(size.patients);
        // Rows are bytes where the driver gives them; nearly all of them are plain.
        const first = await reader.readBasicsPage(null, 400, new AbortController().signal);
        expect(first.rows.packed !== undefined).toBe(driver.name === 'tedious');
        if (first.rows.packed) expect(expectPlainAsMapped(first.rows)).toBeGreaterThan(360);
        expect(pages.every((page) => page.repeatedCodes.length === 0)).toBe(true);
        const records = new Map<number, BasicRecord>();
        for (const row of pages.flatMap((page) => page.rows)) {
          const outcome = mapBasics(row, { today });
          if (outcome.outcome === 'mapped')
            records.set(outcome.record.patientCode, basicRecordSchema.parse(outcome.record));
          else expect(outcome.code).toBe('NAME_MISSING');
        }
        let seen = 0;
        for (const patient of patientsOf(size)) {
          const record = records.get(patient.patientCode);
          if (record === undefined) {
            expect([held(how, 'patients', 'forename', patient), held(how, 'patients', 'surname', patient)]).toEqual([
              undefined,
              undefined,
            ]);
            continue;
          }
          seen += 1;
          expect(flat(record), `patient ${patient.patientCode}`).toEqual(defined(expected(how, patient)));
          expect(record.marks?.includes('nhs-number-check-failed') ?? false).toBe(hasDirt(patient, 'nhsCheckDigit'));
          expect(record.marks?.includes('email-unreadable') ?? false).toBe(hasDirt(patient, 'noEmailInWords'));
          expect(record.marks?.includes('dob-placeholder') ?? false).toBe(
            hasDirt(patient, 'dobOleZero') || hasDirt(patient, 'dobSqlZero'),
          );
        }
        expect(seen).toBe(records.size);
        expect(seen).toBeGreaterThan(size.patients * 0.99);
      });

      test('a full record holds what R4 holds, and its basics equal the bulk upload’s', async () => {
        await using rig = await startRig({ ...size, dialect });
        await using reader = await rig.open();
        const signal = new AbortController().signal;
        let questionnaires = 0;
        let alerts = 0;
        let presets = 0;
        let ownWords = 0;
        const presetTexts = new Set(presetAnswers.map((preset) => preset.text));
        const questionTexts = new Set(questions.map((question) => question.text.trim()));
        for (const row of (await reader.readBasicsPage(null, 200, signal)).rows) {
          const basics = mapBasics(row, { today });
          if (basics.outcome === 'refused') continue;
          const rows = await reader.readPatient(basics.record.patientCode, signal);
          if (rows === null) throw new Error('the patient of the page is not there');
          const full = mapFullRecord(rows, { today, timeZone: 'Europe/London' });
          if (full.outcome === 'refused') throw new Error(full.code);
          const record = fullRecordSchema.parse(full.record);
          expect(record.basics).toEqual(basics.record);
          expect(full.rules).not.toContain('answer-orphaned');
          expect(full.rules).not.toContain('question-text-missing');
          const times = record.questionnaires.map((each) => each.completedAt?.local ?? '');
          expect(times).toEqual(times.toSorted());
          questionnaires += record.questionnaires.length;
          alerts += record.medicalAlerts.length;
          for (const answer of record.questionnaires.flatMap((each) => each.answers)) {
            expect(questionTexts).toContain(answer.question);
            expect(answer.preset === undefined).toBe(answer.ownWords !== undefined);
            if (answer.preset !== undefined) expect(presetTexts).toContain(answer.preset);
            presets += answer.preset === undefined ? 0 : 1;
            ownWords += answer.ownWords === undefined ? 0 : 1;
          }
        }
        // One patient in four has questionnaires, some have alerts: with this seed none of these counts can be nothing.
        expect(Math.min(questionnaires, alerts, presets, ownWords)).toBeGreaterThan(10);
        expect(await reader.readPatient(1, signal)).toBeNull();
      });

      test('questions and preset answers are distinct, and hold no patient’s words', async () => {
        await using rig = await startRig({ patients: 50, dialect });
        await using reader = await rig.open();
        const signal = new AbortController().signal;
        const asked = await reader.readQuestions(signal);
        expect(asked).toEqual([...new Set(questions.map((question) => question.text.trim()))].sort());
        expect(new Set(await reader.readPresetAnswers(signal))).toEqual(
          new Set(presetAnswers.map((preset) => preset.text)),
        );
      });
    });
  });
}
