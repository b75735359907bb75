import { timesOf } from '@flynotes/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { basicRecordSchema, type BasicRecord } from '../contract/index.ts';
import { mapBasics } from './basics.ts';
import { emptyBasicsRow, type BasicsRow } from './rows.ts';
import { ruleTable, type RuleName } from './rules.ts';

const today = '2026-10-30';
const midnight = (text: string): Date => new Date(`${text}T00:00:00Z`);

function mapped(cells: Partial<BasicsRow>): BasicRecord & { rules: readonly RuleName[] } {
  const outcome = mapBasics({ ...emptyBasicsRow(1_000_123), forename: 'Anne', surname: 'Smith', ...cells }, { today });
  if (outcome.outcome !== 'mapped') throw new Error(outcome.code);
  basicRecordSchema.parse(outcome.record);
  return { ...outcome.record, rules: outcome.rules };
}

test('a clean row becomes a record without marks', () => {
  const record = mapped({
    title: 'Mrs',
    knownAs: 'Annie',
    sex: 'F',
    dateOfBirth: midnight('1980-02-29'),
    nhsNumber: '9434765919',
    emails: ['anne@example.com'],
    mobilePhones: ['07700 900123'],
    homePhones: ['01632 960001'],
    addressLines: ['1 Mill Lane', 'Harbourton'],
    postcode: 'YO1 7AA',
    archived: false,
  });
  expect(record).toEqual({
    patientCode: 1_000_123,
    title: 'Mrs',
    forename: 'Anne',
    surname: 'Smith',
    knownAs: 'Annie',
    sex: 'female',
    dateOfBirth: '1980-02-29',
    nhsNumber: '9434765919',
    emails: ['anne@example.com'],
    phones: [
      { kind: 'mobile', number: '07700 900123' },
      { kind: 'home', number: '01632 960001' },
    ],
    addressLines: ['1 Mill Lane', 'Harbourton'],
    postcode: 'YO1 7AA',
    archived: false,
    rules: [],
  });
});

describe('names', () => {
  test.each([
    [
      'blanks count as nothing',
      { title: '   ', knownAs: '' },
      { title: undefined, knownAs: undefined },
      ['blank-as-null'],
      undefined,
    ],
    [
      'char padding goes',
      { title: 'Mr        ', forename: ' Bob ' },
      { title: 'Mr', forename: 'Bob' },
      ['trimmed'],
      undefined,
    ],
    [
      'no surname is marked',
      { surname: ' ' },
      { surname: undefined },
      ['blank-as-null', 'surname-missing'],
      ['surname-missing'],
    ],
    [
      'a title in the forename moves where the title is empty',
      { title: null, forename: 'Mrs Anne' },
      { title: 'Mrs', forename: 'Anne' },
      ['title-in-forename'],
      ['title-in-forename'],
    ],
    [
      'and where it is the same',
      { title: 'Dr', forename: 'Dr. Anne' },
      { title: 'Dr', forename: 'Anne' },
      ['title-in-forename'],
      ['title-in-forename'],
    ],
    [
      'but not where it is another',
      { title: 'Mr', forename: 'Mrs Anne' },
      { title: 'Mr', forename: 'Mrs Anne' },
      ['title-in-forename'],
      ['title-in-forename'],
    ],
    ['Drew, Mia and Prince are no titles', { title: null, forename: 'Drew' }, { forename: 'Drew' }, [], undefined],
    [
      'Unicode passes',
      { forename: 'Siân', surname: 'Παπαδόπουλος' },
      { forename: 'Siân', surname: 'Παπαδόπουλος' },
      [],
      undefined,
    ],
  ] as const)('%s', (...[, cells, expected, rules, marks]) => {
    const record = mapped(cells);
    expect(record).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)),
    );
    for (const [field, value] of Object.entries(expected)) expect(record[field as 'title']).toBe(value);
    expect(record.rules).toEqual(rules);
    expect(record.marks).toEqual(marks);
  });

  test('neither name: refused, with the code for the operator', () => {
    expect(mapBasics({ ...emptyBasicsRow(7), forename: ' ', surname: null }, { today })).toEqual({
      outcome: 'refused',
      patientCode: 7,
      code: 'NAME_MISSING',
      rules: ['blank-as-null', 'surname-missing'],
    });
  });
});

test.each([[null], [0], [-4], [1.5], ['abc'], [2_147_483_648], [NaN], [{}]])('%s is no patient code', (code) => {
  expect(mapBasics({ ...emptyBasicsRow(code), surname: 'X' }, { today })).toMatchObject({
    outcome: 'refused',
    patientCode: null,
    code: 'PATIENT_CODE_INVALID',
  });
});

test.each([['1000123'], [1_000_123n], [' 1000123 ']])('%s is one, whatever type its column has', (code) => {
  expect(mapBasics({ ...emptyBasicsRow(code), surname: 'X' }, { today })).toMatchObject({
    outcome: 'mapped',
    record: { patientCode: 1_000_123 },
  });
});

describe('date of birth', () => {
  test.each([
    [midnight('1899-12-30'), undefined, undefined, 'dob-placeholder'],
    [midnight('1900-01-01'), undefined, undefined, 'dob-placeholder'],
    ['19000101', undefined, undefined, 'dob-placeholder'],
    [midnight('2061-03-04'), undefined, '2061-03-04', 'dob-in-future'],
    [midnight('1871-03-04'), undefined, '1871-03-04', 'dob-implausible'],
    ['03/04/1980', undefined, '03/04/1980', 'dob-unreadable'],
    ['23/04/1980', '1980-04-23', undefined, undefined],
    ['1980-04-23', '1980-04-23', undefined, undefined],
    ['19800423', '1980-04-23', undefined, undefined],
    ['1980-04-23 00:00:00', '1980-04-23', undefined, undefined],
    ['1981-02-29', undefined, '1981-02-29', 'dob-unreadable'],
    ['about 1950', undefined, 'about 1950', 'dob-unreadable'],
    [new Date('1980-04-23T11:30:00Z'), '1980-04-23', undefined, 'dob-with-time'],
    [new Date(NaN), undefined, undefined, 'dob-unreadable'],
    [midnight(today), today, undefined, undefined],
  ])('%s', (cell, date, text, mark) => {
    const record = mapped({ dateOfBirth: cell });
    expect(record.dateOfBirth).toBe(date);
    expect(record.dateOfBirthText).toBe(text);
    expect(record.marks).toEqual(mark === undefined ? undefined : [mark]);
  });
});

describe('NHS number', () => {
  test.each([
    ['943 476 5919', '9434765919', ['nhs-number-normalised']],
    ['943-476-5919   ', '9434765919', ['trimmed', 'nhs-number-normalised']],
    [9_434_765_919, '9434765919', []],
    ['9434765918', '9434765918', ['nhs-number-check-failed']],
    ['0000000000', undefined, ['nhs-number-placeholder']],
    ['NK', 'NK', ['nhs-number-unreadable']],
    ['94347659', '94347659', ['nhs-number-unreadable']],
  ])('%s', (cell, number, rules) => {
    const record = mapped({ nhsNumber: cell });
    expect(record.nhsNumber).toBe(number);
    expect(record.rules).toEqual(rules);
  });
});

describe('e-mail', () => {
  test.each([
    ['a@example.com; b@example.com', ['a@example.com', 'b@example.com'], ['email-split']],
    ['a@example.com, b@example.com', ['a@example.com', 'b@example.com'], ['email-split']],
    ['a@example.com / b@example.com', ['a@example.com', 'b@example.com'], ['email-split']],
    ['a@example.com/b@example.com', ['a@example.com', 'b@example.com'], ['email-split']],
    ['a@example.com b@example.com', ['a@example.com', 'b@example.com'], ['email-split']],
    ['a@example.com or A@Example.com', ['a@example.com'], ['email-repeated', 'email-split']],
    ['<a@example.com>', ['a@example.com'], []],
    ['mailto:a@example.com', ['a@example.com'], []],
    ['a@example.com ', ['a@example.com'], ['trimmed']],
    ['a@example.com (mum)', ['a@example.com'], ['email-unreadable']],
    ['none', undefined, ['email-unreadable']],
    ['n/a', undefined, ['email-unreadable']],
    ['anne@example', undefined, ['email-unreadable']],
    ['o’brien@example.com', ['o’brien@example.com'], []],
  ])('%s', (cell, emails, rules) => {
    const record = mapped({ emails: [cell] });
    expect(record.emails).toEqual(emails);
    expect(record.rules).toEqual(rules);
  });

  test('two columns with the same address hold it once', () => {
    expect(mapped({ emails: ['a@example.com', 'A@example.com'] }).emails).toEqual(['a@example.com']);
  });
});

test('telephones pass as typed, words included', () => {
  expect(
    mapped({
      mobilePhones: ['07700900123 (mum)', 'do not call'],
      homePhones: ['01632 960001', '01632 960001'],
      otherPhones: [null, '  '],
    }).phones,
  ).toEqual([
    { kind: 'mobile', number: '07700900123 (mum)' },
    { kind: 'mobile', number: 'do not call' },
    { kind: 'home', number: '01632 960001' },
  ]);
});

describe('postcode', () => {
  test.each([
    ['yo17aa', 'YO1 7AA', ['postcode-normalised']],
    ['YO1  7AA ', 'YO1 7AA', ['trimmed', 'postcode-normalised']],
    ['SW1A1AA', 'SW1A 1AA', ['postcode-normalised']],
    ['gir 0aa', 'GIR 0AA', ['postcode-normalised']],
    ['XX1 1AA', 'XX1 1AA', ['postcode-not-uk']],
    ['CF1O 1AA', 'CF1O 1AA', ['postcode-not-uk']],
    ['75008', '75008', ['postcode-not-uk']],
    ['TBC', 'TBC', ['postcode-not-uk']],
  ])('%s', (cell, postcode, rules) => {
    const record = mapped({ postcode: cell });
    expect(record.postcode).toBe(postcode);
    expect(record.rules).toEqual(rules);
  });
});

describe('address', () => {
  test.each([
    [
      ['1 Mill Lane', '', null, 'Harbourton', ' '],
      ['1 Mill Lane', 'Harbourton'],
      ['blank-as-null', 'address-gap-closed'],
    ],
    [[null, '1 Mill Lane', null], ['1 Mill Lane'], []],
    [['1 Mill Lane\r\nHarbourton\r\n'], ['1 Mill Lane', 'Harbourton'], ['address-line-split', 'trimmed']],
    [[null, '', ' '], undefined, ['blank-as-null']],
  ])('%j', (cells, lines, rules) => {
    const record = mapped({ addressLines: cells });
    expect(record.addressLines).toEqual(lines);
    expect([...record.rules].sort()).toEqual([...rules].sort());
  });

  test('several addresses are marked', () => {
    expect(mapped({ addresses: 2 }).marks).toEqual(['address-several']);
  });
});

describe('text', () => {
  test.each([
    ['St Mary’s Café', 'St Mary’s Café', []],
    ['Flat \u0081 1', 'Flat \ufffd 1', ['text-undefined-bytes']],
    ['Flat \ufffd 1', 'Flat \ufffd 1', ['text-undefined-bytes']],
    ['a\u0000b', 'a\ufffdb', ['text-control-characters']],
    ['a\tb', 'a b', ['text-control-characters']],
    ['a\ud800b', 'a\ufffdb', ['text-control-characters']],
    ['\u00a0Anne\u00a0', 'Anne', ['trimmed']],
    ['😀 fine', '😀 fine', []],
  ])('%j', (cell, text, rules) => {
    const record = mapped({ forename: cell });
    expect(record.forename).toBe(text);
    expect(record.rules).toEqual(rules);
  });

  test('too long is cut between characters, and marked', () => {
    const record = mapped({ forename: `${'x'.repeat(199)}😀` });
    expect(record.forename).toBe('x'.repeat(199));
    expect(record.marks).toEqual(['text-truncated']);
  });
});

describe('sex and flags', () => {
  test.each([
    ['M', 'male', undefined],
    ['Female ', 'female', undefined],
    ['x', 'other', undefined],
    ['U', undefined, 'U'],
    [1, undefined, '1'],
    ['constructor', undefined, 'constructor'],
  ])('%s', (cell, sex, text) => {
    const record = mapped({ sex: cell });
    expect([record.sex, record.sexText]).toEqual([sex, text]);
    expect(record.marks).toEqual(text === undefined ? undefined : ['sex-unrecognised']);
  });

  test.each([
    [{ archived: true }, true],
    [{ archived: 1 }, true],
    [{ archived: 0 }, false],
    [{ archived: 'Y' }, true],
    [{ archived: 'N ' }, false],
    [{ active: false }, true],
    [{ active: 1 }, false],
    [{ status: 'Archived' }, true],
    [{ status: 2 }, undefined],
    [{ status: 'On recall' }, undefined],
    [{ archived: null }, undefined],
  ])('%j', (cells, archived) => {
    const record = mapped(cells);
    expect(record.archived).toBe(archived);
    expect(record.rules.includes('archived')).toBe(archived === true);
  });

  test('a date of death says deceased; a zero date does not', () => {
    expect(mapped({ diedOn: midnight('2024-05-01') })).toMatchObject({ deceased: true, rules: ['deceased'] });
    expect(mapped({ diedOn: midnight('1899-12-30') }).deceased).toBeUndefined();
    expect(mapped({ deceased: 0 }).deceased).toBe(false);
    // As an exact number of many digits comes.
    expect(mapped({ deceased: '1.00', archived: '0.00' })).toMatchObject({ deceased: true, archived: false });
    expect(mapped({ deceased: '2.00' }).marks).toEqual(['flag-unrecognised']);
    expect(mapped({ deceased: 'maybe' }).marks).toEqual(['flag-unrecognised']);
  });
});

describe('any row at all', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.string({ maxLength: 60 }),
    fc.constantFrom(
      '',
      ' ',
      'none',
      'Mrs Anne',
      'a@b.co; c@d.co',
      'a@b.co/',
      'SW1A 1AA',
      '1900-01-01',
      '\ud800',
      '\u0000',
      '\u0081',
      '31/12/1999',
      '0000000000',
      '__proto__',
      'toString',
    ),
    fc.string({ minLength: 300, maxLength: 5000 }),
    fc
      .array(fc.constantFrom('a@example.com', 'b@example.org', ';', ' ', '/', 'x'), { maxLength: 60 })
      .map((parts) => parts.join('')),
  );
  const cell = fc.oneof(
    { weight: 4, arbitrary: text },
    fc.constant(null),
    fc.constant(undefined),
    fc.integer(),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array({ maxLength: 10 }),
    fc.anything(),
  );
  const cells = fc.array(cell, { maxLength: 14 });
  const row = fc.record({
    patientCode: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 2_147_483_647 }) }, cell),
    title: cell,
    forename: cell,
    surname: cell,
    knownAs: cell,
    sex: cell,
    dateOfBirth: cell,
    nhsNumber: cell,
    emails: cells,
    mobilePhones: cells,
    homePhones: cells,
    workPhones: cells,
    otherPhones: cells,
    addressLines: cells,
    postcode: cell,
    archived: cell,
    status: cell,
    active: cell,
    deceased: cell,
    diedOn: cell,
    addresses: fc.nat(3),
  });

  test('mapping never throws, fits the contract, and says what it did', () => {
    fc.assert(
      fc.property(row, (cellsOfRow) => {
        const outcome = mapBasics(cellsOfRow, { today });
        for (const rule of outcome.rules) expect(Object.hasOwn(ruleTable, rule)).toBe(true);
        expect(new Set(outcome.rules).size).toBe(outcome.rules.length);
        if (outcome.outcome === 'refused') return;
        basicRecordSchema.parse(outcome.record);
        expect(JSON.parse(JSON.stringify(outcome.record))).toEqual(outcome.record);
        expect(outcome.record.marks ?? []).toEqual(outcome.rules.filter((rule) => ruleTable[rule].mark).sort());
        // A text that is there is passed on, or a rule says why not.
        if (typeof cellsOfRow.postcode === 'string' && outcome.record.postcode === undefined)
          expect(outcome.rules).toContain('blank-as-null');
        if (typeof cellsOfRow.nhsNumber === 'string' && outcome.record.nhsNumber === undefined) {
          expect(outcome.rules.some((rule) => rule === 'blank-as-null' || rule === 'nhs-number-placeholder')).toBe(
            true,
          );
        }
      }),
      { numRuns: timesOf(2_000, 100_000), seed: 20_261_030 },
    );
  });
});
