import { timesOf } from '@flynotes/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mapBasics } from './basics.ts';
import { mapFullRecord } from './full-record.ts';
import { emptyBasicsRow, type AlertFlag, type BasicsRow, type Cell, type PatientRows } from './rows.ts';
import { ruleTable, type RuleName } from './rules.ts';

const context = { today: '2026-10-30', timeZone: 'Europe/London' };
const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
const person = (cells: Partial<BasicsRow> = {}): BasicsRow => ({
  ...emptyBasicsRow(1_000_123),
  forename: 'Anne',
  surname: 'Smith',
  ...cells,
});
const basics = (cells: Partial<BasicsRow>): PatientRows => ({
  basics: person(cells),
  alerts: [],
  questionnaires: [],
  answers: [],
  unavailable: [],
});
const history = (rows: Partial<PatientRows>): PatientRows => ({ ...basics({}), ...rows });
const form = { id: 1, completedAt: null, name: null, notes: null };
const answer = { completedId: 1, questionId: 9, question: 'Do you smoke?', preset: 'Never', ownWords: null };
const flag = (text: Cell, row: AlertFlag['row'] = 'only') => ({
  text,
  recordedAt: null,
  active: null,
  flag: { words: 'Asthma', row },
});
const many = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => item(index));

/** Rows as R4 holds them, by the rule that they call for. The type demands one for each rule. */
const provoking: Readonly<Record<RuleName, PatientRows>> = {
  'blank-as-null': basics({ title: '   ' }),
  trimmed: basics({ title: 'Mr        ' }),
  'text-control-characters': basics({ forename: 'An\u0000ne' }),
  'text-undefined-bytes': basics({ addressLines: ['Flat \u0081 1'] }),
  'text-truncated': basics({ surname: 'x'.repeat(201) }),
  'list-truncated': basics({ addressLines: many(11, (index) => `Line ${index}`) }),
  'value-unreadable': basics({ forename: new Uint8Array(4) }),
  'surname-missing': basics({ surname: null }),
  'title-in-forename': basics({ forename: 'Mrs Anne' }),
  'sex-unrecognised': basics({ sex: 2 }),
  'dob-placeholder': basics({ dateOfBirth: day('1899-12-30') }),
  'dob-in-future': basics({ dateOfBirth: day('2061-03-04') }),
  'dob-implausible': basics({ dateOfBirth: day('1871-03-04') }),
  'dob-unreadable': basics({ dateOfBirth: '03/04/1980' }),
  'dob-with-time': basics({ dateOfBirth: new Date('1980-04-23T10:15:00Z') }),
  'nhs-number-normalised': basics({ nhsNumber: '943 476 5919' }),
  'nhs-number-check-failed': basics({ nhsNumber: '9434765918' }),
  'nhs-number-placeholder': basics({ nhsNumber: '0000000000' }),
  'nhs-number-unreadable': basics({ nhsNumber: '94347659' }),
  'email-split': basics({ emails: ['a@example.com; b@example.com'] }),
  'email-repeated': basics({ emails: ['a@example.com', 'A@Example.com'] }),
  'email-unreadable': basics({ emails: ['no email'] }),
  'phone-repeated': basics({ mobilePhones: ['07700 900123', '07700 900123'] }),
  'postcode-normalised': basics({ postcode: 'yo17aa' }),
  'postcode-not-uk': basics({ postcode: 'TBC' }),
  'address-gap-closed': basics({ addressLines: ['1 Mill Lane', '', 'Harbourton'] }),
  'address-line-split': basics({ addressLines: ['1 Mill Lane\r\nHarbourton'] }),
  'address-several': basics({ addresses: 2 }),
  'flag-unrecognised': basics({ archived: 'perhaps' }),
  'status-other': basics({ status: 'On recall' }),
  'death-placeholder': basics({ diedOn: day('1899-12-30') }),
  archived: basics({ archived: true }),
  deceased: basics({ diedOn: day('2024-05-01') }),
  'time-placeholder': history({ questionnaires: [{ ...form, completedAt: day('1900-01-01') }] }),
  'time-unreadable': history({ questionnaires: [{ ...form, completedAt: 'last week' }] }),
  'time-ambiguous': history({ questionnaires: [{ ...form, completedAt: new Date('2024-10-27T01:30:00Z') }] }),
  'time-impossible': history({ questionnaires: [{ ...form, completedAt: new Date('2024-03-31T01:30:00Z') }] }),
  'alert-inactive': history({ alerts: [{ text: 'Pregnant', recordedAt: null, active: 0 }] }),
  'alert-blank': history({ alerts: [{ text: ' ', recordedAt: null, active: 1 }] }),
  'alert-from-flag': history({ alerts: [flag(true)] }),
  'alert-repeated': history({ alerts: [{ text: 'Asthma', recordedAt: null, active: 1 }, flag(1)] }),
  'alert-superseded': history({ alerts: [flag('Y', 'older'), flag('N', 'newest')] }),
  'alert-histories-several': history({ alerts: [flag(0, 'one-of-several'), flag(1, 'one-of-several')] }),
  'questionnaire-repeated': history({ questionnaires: [form, form] }),
  'question-text-missing': history({ questionnaires: [form], answers: [{ ...answer, question: null }] }),
  'answer-orphaned': history({ questionnaires: [form], answers: [{ ...answer, completedId: 77 }] }),
};

describe('each rule has a name, and rows that call for it', () => {
  test.each(Object.entries(provoking))('%s', (rule, rows) => {
    const outcome = mapFullRecord(rows, context);
    expect(outcome.outcome).toBe('mapped');
    expect(outcome.rules).toContain(rule);
    // A clean patient calls for none of them.
    expect(mapFullRecord(basics({}), context).rules).toEqual([]);
  });
});

/** Rules that say that something was left out, cut or shown otherwise. */
const losing: readonly RuleName[] = [
  'text-truncated',
  'list-truncated',
  'value-unreadable',
  'text-control-characters',
  'text-undefined-bytes',
  'dob-placeholder',
  'nhs-number-placeholder',
  'email-unreadable',
  'email-repeated',
  'phone-repeated',
];
const squeezed = (value: unknown): string =>
  JSON.stringify(value)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');

test('whatever a row holds is in the record, or a rule says that it is not', () => {
  const words = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.constantFrom('', ' ', 'Mrs Anne', 'a@b.co; c@d.co', 'A@B.CO', '0000000000', 'YO1 7AA', 'none', '07700 900123'),
    fc.integer({ min: 0, max: 99_999_999_999 }),
  );
  const list = fc.array(words, { maxLength: 4 });
  const row = fc.record({
    title: words,
    forename: words,
    surname: words,
    knownAs: words,
    nhsNumber: words,
    postcode: words,
    emails: list,
    mobilePhones: list,
    otherPhones: list,
    addressLines: list,
  });
  let whole = 0;
  fc.assert(
    fc.property(row, (cells) => {
      const outcome = mapBasics(person(cells), context);
      if (outcome.outcome === 'refused' || outcome.rules.some((rule) => losing.includes(rule))) return;
      whole += 1;
      const held = squeezed(outcome.record);
      const given: Cell[] = Object.values(cells).flat();
      for (const cell of given) {
        // "and" between two e-mail addresses is no part of either.
        const text = squeezed(typeof cell === 'string' ? cell.trim() : cell);
        if (typeof cell === 'string' && cells.emails.includes(cell)) continue;
        // A title in front of a forename moves as a whole.
        const parts = cell === cells.forename && typeof cell === 'string' ? cell.split(/\s+/).map(squeezed) : [text];
        for (const part of parts) expect(held).toContain(part);
      }
    }),
    { numRuns: timesOf(600, 5_000), seed: 20_261_122 },
  );
  expect(whole).toBeGreaterThan(timesOf(600, 5_000) / 8);
  for (const rule of losing) expect(Object.hasOwn(ruleTable, rule)).toBe(true);
});
