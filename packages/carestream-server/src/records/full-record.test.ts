import { timesOf } from '@flynotes/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fullRecordSchema, type FullRecord } from '../contract/index.ts';
import { mapBasics } from './basics.ts';
import { mapFullRecord } from './full-record.ts';
import { localTimeOf } from './local-time.ts';
import { emptyBasicsRow, type PatientRows } from './rows.ts';
import type { Applied, RuleName } from './rules.ts';

const context = { today: '2026-10-30', timeZone: 'Europe/London' };
const nobody: PatientRows = {
  basics: { ...emptyBasicsRow(7), surname: 'Smith' },
  alerts: [],
  questionnaires: [],
  answers: [],
  unavailable: [],
};

function mapped(rows: Partial<PatientRows>): FullRecord & { rules: readonly RuleName[] } {
  const outcome = mapFullRecord({ ...nobody, ...rows }, context);
  if (outcome.outcome !== 'mapped') throw new Error(outcome.code);
  fullRecordSchema.parse(outcome.record);
  return { ...outcome.record, rules: outcome.rules };
}

describe('local times', () => {
  test.each([
    ['2024-01-15T09:30:00', { local: '2024-01-15T09:30:00', zoned: '2024-01-15T09:30:00+00:00' }, []],
    ['2024-07-15T09:30:00.123', { local: '2024-07-15T09:30:00.123', zoned: '2024-07-15T09:30:00.123+01:00' }, []],
    ['2024-03-31T01:30:00', { local: '2024-03-31T01:30:00', mark: 'impossible' }, ['time-impossible']],
    [
      '2024-10-27T01:30:00',
      { local: '2024-10-27T01:30:00', zoned: '2024-10-27T01:30:00+01:00', mark: 'ambiguous' },
      ['time-ambiguous'],
    ],
    // Typed in long after: when an illness began, or a slip. It is no zero date, so it is not ours to leave out.
    ['1962-11-05T00:00:00', { local: '1962-11-05T00:00:00', zoned: '1962-11-05T00:00:00+00:00' }, []],
    ['1840-02-01T00:00:00', { local: '1840-02-01T00:00:00', zoned: '1840-02-01T00:00:00-00:01' }, []],
    // All of 1970 was an hour ahead of Greenwich.
    ['1970-06-01T12:00:00', { local: '1970-06-01T12:00:00', zoned: '1970-06-01T12:00:00+01:00' }, []],
  ])('%s', (wall, expected, rules) => {
    for (const cell of [new Date(`${wall}Z`), wall, wall.replace('T', ' ')]) {
      const applied: Applied = [];
      expect(localTimeOf(cell, 'Europe/London', applied)).toEqual(expected);
      expect(applied).toEqual(rules);
    }
  });

  test.each([
    [new Date('1899-12-30T00:00:00Z'), 'time-placeholder'],
    [new Date('1899-12-30T09:15:00Z'), 'time-placeholder'],
    ['1753-01-01', 'time-placeholder'],
    [new Date(NaN), 'time-unreadable'],
    ['2024-02-30T10:00:00', 'time-unreadable'],
    ['last week', 'time-unreadable'],
    [17, 'time-unreadable'],
  ])('%s is none', (cell, rule) => {
    const applied: Applied = [];
    expect(localTimeOf(cell, 'Europe/London', applied)).toBeUndefined();
    expect(applied).toEqual([rule]);
  });

  test('an unknown time zone keeps the wall time', () => {
    expect(localTimeOf('2024-01-15', 'Mars/Olympus', [])).toEqual({ local: '2024-01-15T00:00:00' });
  });
});

test('questionnaires come in the order of time with their answers in the order of the form', () => {
  const record = mapped({
    questionnaires: [
      { id: 12, completedAt: new Date('2024-05-01T10:00:00Z'), name: null, notes: 'Copied\r\nfrom paper' },
      { id: 11, completedAt: new Date('2022-05-01T10:00:00Z'), name: ' Medical history ', notes: '' },
      { id: 13, completedAt: null, name: null, notes: null },
    ],
    answers: [
      { completedId: 12, questionId: 1, question: 'Do you smoke?', preset: 'Never     ', ownWords: null },
      { completedId: '12', questionId: 2, question: 'Medicines?', preset: null, ownWords: 'Aspirin\n75 mg' },
      { completedId: 11, questionId: 9, question: null, preset: 'Yes', ownWords: 'since 2019' },
      { completedId: 99, questionId: 9, question: 'Whose?', preset: 'Yes', ownWords: null },
    ],
    unavailable: ['medical-alerts'],
  });
  expect(record.questionnaires).toEqual([
    { answers: [] },
    {
      completedAt: { local: '2022-05-01T10:00:00', zoned: '2022-05-01T10:00:00+01:00' },
      name: 'Medical history',
      answers: [{ question: '#9', preset: 'Yes', ownWords: 'since 2019' }],
    },
    {
      completedAt: { local: '2024-05-01T10:00:00', zoned: '2024-05-01T10:00:00+01:00' },
      notes: 'Copied\r\nfrom paper',
      answers: [
        { question: 'Do you smoke?', preset: 'Never' },
        { question: 'Medicines?', ownWords: 'Aspirin\n75 mg' },
      ],
    },
  ]);
  expect(record.unavailable).toEqual(['medical-alerts']);
  expect(record.rules).toEqual(expect.arrayContaining(['question-text-missing', 'answer-orphaned']));
});

test('GUIDs join in whatever case they come', () => {
  const record = mapped({
    questionnaires: [{ id: '6F9619FF-8B86-D011-B42D-00C04FC964FF', completedAt: null, name: null, notes: null }],
    answers: [
      {
        completedId: '6f9619ff-8b86-d011-b42d-00c04fc964ff',
        questionId: 1,
        question: 'Q',
        preset: null,
        ownWords: 'A',
      },
    ],
  });
  expect(record.questionnaires[0]?.answers).toEqual([{ question: 'Q', ownWords: 'A' }]);
});

test('alerts that are no longer in force, or blank, are left out and counted', () => {
  const record = mapped({
    alerts: [
      { text: 'Warfarin', recordedAt: new Date('2024-01-02T00:00:00Z'), active: true },
      { text: 'Pregnant', recordedAt: null, active: 0 },
      { text: 'Latex allergy', recordedAt: null, active: null },
      { text: ' ', recordedAt: null, active: 1 },
    ],
  });
  expect(record.medicalAlerts).toEqual([
    { text: 'Warfarin', recordedAt: { local: '2024-01-02T00:00:00', zoned: '2024-01-02T00:00:00+00:00' } },
    { text: 'Latex allergy' },
  ]);
  expect(record.rules).toEqual(expect.arrayContaining(['alert-inactive', 'alert-blank']));
});

test('what is odd about the history never marks the basics: their digest must not depend on who read them', () => {
  const record = mapped({
    alerts: [{ text: 'x\u0000y', recordedAt: null, active: 'perhaps' }],
    questionnaires: [{ id: 1, completedAt: new Date('2024-03-31T01:30:00Z'), name: null, notes: 'a\u0081b' }],
  });
  const alone = mapBasics(nobody.basics, context);
  expect(alone.outcome === 'mapped' && record.basics).toEqual(alone.outcome === 'mapped' && alone.record);
  expect(record.rules).toContain('text-undefined-bytes');
});

test('what is too long is cut, marked on the full record and counted; at the limit nothing is', () => {
  const long = (most: number, more: number) => 'é'.repeat(most - 1) + '𝄞'.repeat(more);
  const answers = Array.from({ length: 2_003 }, (_, index) => ({
    completedId: 1,
    questionId: index,
    question: `Question ${index}`,
    preset: null,
    ownWords: index === 0 ? long(100_000, 1) : 'yes',
  }));
  const cut = mapped({
    alerts: Array.from({ length: 1_002 }, (_, index) => ({ text: `Alert ${index}`, recordedAt: null, active: true })),
    questionnaires: [{ id: 1, completedAt: new Date('2024-05-01T10:00:00Z'), name: null, notes: long(1_000_000, 3) }],
    answers,
  });
  const [questionnaire] = cut.questionnaires;
  // Never half a character.
  expect(questionnaire?.notes).toBe('é'.repeat(999_999));
  expect(questionnaire?.answers).toHaveLength(2_000);
  expect(questionnaire?.answers[0]?.ownWords).toBe('é'.repeat(99_999));
  // The newest alerts are kept.
  expect(cut.medicalAlerts.at(-1)?.text).toBe('Alert 1001');
  expect(cut.marks).toEqual(['list-truncated', 'text-truncated']);
  expect(cut.basics.marks).toEqual(mapped({}).basics.marks);
  expect(cut.rules).toEqual(expect.arrayContaining(['list-truncated', 'text-truncated']));

  const whole = mapped({
    questionnaires: [
      { id: 1, completedAt: new Date('2024-05-01T10:00:00Z'), name: null, notes: 'é'.repeat(1_000_000) },
    ],
    answers: answers.slice(1, 2_001),
  });
  expect(whole.questionnaires[0]?.notes).toHaveLength(1_000_000);
  expect(whole.marks).toBeUndefined();
});

test('a nameless patient is refused as in a bulk upload', () => {
  expect(mapFullRecord({ ...nobody, basics: emptyBasicsRow(7) }, context)).toMatchObject({
    outcome: 'refused',
    patientCode: 7,
    code: 'NAME_MISSING',
  });
});

test('any rows at all: never throws, always fits', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 50 }),
    fc.constantFrom(null, undefined, '', 1, '1', 2),
    fc.date({ noInvalidDate: false }),
    fc.anything(),
  );
  const rows = fc.record({
    basics: fc
      .record({ surname: fc.string({ unit: 'binary' }) })
      .map(({ surname }) => ({ ...emptyBasicsRow(9), surname: surname + 'x' })),
    alerts: fc.array(
      fc.record(
        {
          text: cell,
          recordedAt: cell,
          active: cell,
          flag: fc.record({
            words: fc.constantFrom('Asthma', 'Warfarin'),
            row: fc.constantFrom('only', 'newest', 'older', 'one-of-several'),
          }),
        },
        { requiredKeys: ['text', 'recordedAt', 'active'] },
      ),
      { maxLength: 5 },
    ),
    questionnaires: fc.array(fc.record({ id: cell, completedAt: cell, name: cell, notes: cell }), { maxLength: 5 }),
    answers: fc.array(
      fc.record({ completedId: cell, questionId: cell, question: cell, preset: cell, ownWords: cell }),
      { maxLength: 8 },
    ),
    unavailable: fc.constantFrom<string[]>([], ['questions']),
  });
  fc.assert(
    fc.property(rows, (some) => {
      const outcome = mapFullRecord(some, context);
      if (outcome.outcome === 'mapped') fullRecordSchema.parse(outcome.record);
    }),
    { numRuns: timesOf(1_000, 20_000), seed: 20_261_030 },
  );
});

test('a column of a medical history is passed on, says no, or counts as left out', () => {
  const said = fc.oneof(
    fc.boolean(),
    fc.integer({ min: -2, max: 3 }),
    fc.constantFrom('Y', 'n', 'yes', '0', '1.00', ' ', '', 'slight', null),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  );
  const row = fc.constantFrom('only' as const, 'newest' as const, 'older' as const, 'one-of-several' as const);
  let passedOn = 0;
  fc.assert(
    fc.property(said, row, (text, which) => {
      const flag = { words: 'Asthma', row: which };
      const record = mapped({ alerts: [{ text, recordedAt: null, active: null, flag }] });
      const [alert] = record.medicalAlerts;
      const isNo = typeof text === 'string' ? /^(?:0|n|no|f|false|0\.0+)?$/i.test(text.trim()) : !text;
      if (isNo) {
        expect(record.medicalAlerts).toEqual([]);
        expect(record.marks).toBeUndefined();
      } else if (alert === undefined) {
        const told = ['alert-superseded', 'blank-as-null', 'text-control-characters', 'value-unreadable'] as const;
        expect(told.some((rule) => record.rules.includes(rule))).toBe(true);
      } else {
        passedOn += 1;
        expect(alert.text.startsWith('Asthma')).toBe(true);
        expect(record.marks).toContain('alert-from-flag');
        expect(record.marks?.includes('alert-histories-several')).toBe(which === 'one-of-several');
      }
    }),
    { numRuns: timesOf(1_000, 20_000), seed: 20_261_123 },
  );
  expect(passedOn).toBeGreaterThan(100);
});

test('answers that are linked by the time of their questionnaire', () => {
  const at = (time: string): Date => new Date(`2024-05-01T${time}Z`);
  const record = mapped({
    questionnaires: [
      { id: at('10:00:00.123'), completedAt: at('10:00:00.123'), name: null, notes: null },
      { id: at('10:00:00.456'), completedAt: at('10:00:00.456'), name: null, notes: null },
    ],
    answers: [
      { completedId: at('10:00:00.456'), questionId: null, question: 'Medicines?', preset: null, ownWords: 'Aspirin' },
      { completedId: at('10:00:00.123'), questionId: null, question: 'Smoker?', preset: null, ownWords: 'No' },
      { completedId: at('10:00:01.000'), questionId: null, question: 'Lost?', preset: null, ownWords: 'Yes' },
      { completedId: new Date(NaN), questionId: null, question: 'Lost?', preset: null, ownWords: 'Yes' },
    ],
  });
  expect(record.questionnaires.map((each) => each.answers)).toEqual([
    [{ question: 'Smoker?', ownWords: 'No' }],
    [{ question: 'Medicines?', ownWords: 'Aspirin' }],
  ]);
  expect(record.rules).toContain('answer-orphaned');
});

test('a GUID that stands for a question’s words is written in capitals', () => {
  const questionId = '6f9619ff-8b86-d011-b42d-00c04fc964ff';
  const record = mapped({
    questionnaires: [{ id: 1, completedAt: null, name: null, notes: null }],
    answers: [{ completedId: 1, questionId, question: null, preset: 'Yes', ownWords: null }],
  });
  expect(record.questionnaires[0]?.answers[0]?.question).toBe(`#${questionId.toUpperCase()}`);
});
