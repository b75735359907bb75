import { describe, expect, test } from 'vitest';
import type { BasicsRow } from '../rows.ts';
import { bit, date, dateTime, expectAsMapped, none, smallDateTime, text, type Sample } from './packed-row-rig.ts';
import { cellForm } from './packed-basics.ts';

// Everything about these rows is plain but one cell: nothing else can hide what is made of it.

const forms = { 'Windows-1252': cellForm.text1252, 'UTF-16': cellForm.textUtf16 };
const usual: readonly (readonly [keyof BasicsRow, string])[] = [
  ['title', 'Mrs'],
  ['forename', 'Ada'],
  ['surname', 'Jones'],
  ['knownAs', 'Meg'],
  ['sex', 'F'],
  ['nhsNumber', '9434765919'],
  ['emails', 'ada@example.com'],
  ['emails', ''],
  ['mobilePhones', '07700 900123'],
  ['mobilePhones', ''],
  ['homePhones', '01904 000000'],
  ['addressLines', '1 First Street'],
  ['addressLines', ''],
  ['addressLines', 'York'],
  ['postcode', 'YO1 7AA'],
];
const fields = usual.map(([field], index) => ({ field, index }));

/** @returns how many of the rows with one of these in one place were written from their bytes */
function tried(index: number, form: number, values: readonly string[]): number {
  const columns = usual.map(([field]) => ({ field, form }));
  const cells = usual.map(([, value]) => text(form, value));
  return expectAsMapped(
    columns,
    values.map((value) => cells.with(index, text(form, value))),
  );
}

describe.each(Object.entries(forms))('%s', (_title, form) => {
  test('the row itself is plain', () => {
    expect(tried(0, form, ['Mrs'])).toBe(1);
  });

  test.each(fields)('every character in $field ($index)', ({ index }) => {
    const last = form === cellForm.textUtf16 ? 0x2fff : 0xff;
    const base = usual[index]?.[1] || 'York';
    const values: string[] = [];
    for (let unit = 0; unit <= last; unit += 1) {
      const character = String.fromCharCode(unit);
      values.push(character, character + base, base + character, base.slice(0, 1) + character + base.slice(1));
    }
    const written = tried(index, form, values);
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(values.length);
  });

  test.each(fields)('every length in $field ($index)', ({ index }) => {
    const limits = [1, 50, 60, 100, 120, 200, 300, 320, 325, 4_000, 30_000];
    const values = limits.flatMap((limit) => [limit - 1, limit, limit + 1].map((length) => 'x'.repeat(length)));
    tried(index, form, [...values, ...values.map((value) => `${value}@x.yz`), ...values.map((value) => `  ${value} `)]);
  });
});

const words: Partial<Record<keyof BasicsRow, readonly string[]>> = {
  forename: [
    'Mr.Bob',
    'mr Bob',
    'MRS. X',
    'Miss',
    'Ms A',
    'Rev Jo',
    'rev.Jo',
    'Dr  Who',
    'Prof. Y',
    'professor Z',
    'Dean M',
    'Peter Rabbit',
    'Mary.Ann',
  ],
  nhsNumber: [
    '943 476 5919',
    '943-476-5919',
    '-9434765919-',
    '9434765918',
    '94347659190',
    '1111111111',
    '0000000000',
    '943476591',
    '943.476.5919',
    `9434765${' '.repeat(41)}919`,
    `9434765${' '.repeat(40)}919`,
    '           9434765919        ',
  ],
  emails: [
    'a@b.c',
    'a@@b.c',
    '@b.c',
    'a@.c',
    'a@b.',
    'a@b..c',
    'a.@b.c',
    'a@b',
    'a@b.c@d.e',
    'a@b.c;d@e.f',
    'a@b c.d',
    '<a@b.c>',
    'mailto:a@b.c',
    'none',
    "o'x@b.c",
    'a+b@c-d.co.uk',
  ],
  mobilePhones: ['07700 900123', 'ring "after" six', 'a\\b', '01904 000000'],
  postcode: [
    'yo17aa',
    'YO17AA',
    'YO1  7AA',
    'YO 17AA',
    'Y O17AA',
    'YO1.7AA',
    `YO1${' '.repeat(45)}7AA`,
    `YO1${' '.repeat(44)}7AA`,
    'SW1A 1AA',
    'W1A 1AA',
    'W1Z 1AA',
    'GIR 0AA',
    'gir0aa',
    'ZZ1 1AA',
    'M1 1CA',
    'M1 1AC',
    'EC1A1BB',
    'B1',
    '1AA',
    'AB101AB',
    'AB123 1AA',
    'yo1 7aA',
    'YO1 7AAB',
  ],
  sex: ['M', 'm', 'Male', 'F', 'FEMALE', 'x', 'X ', '?', '1', 'non-binary'],
  addressLines: ['', ' ', 'York\nYork', 'York\rYork', '"', '\\'],
};

test.each(fields.flatMap(({ field, index }) => (words[field] ? [{ field, index }] : [])))(
  'what people type into $field ($index)',
  ({ field, index }) => {
    for (const form of Object.values(forms)) tried(index, form, words[field] ?? []);
  },
);

/** A curly quote is one byte in Windows-1252, two in UTF-16, and three in UTF-8. */
const quotes = (form: number, count: number): Sample =>
  form === cellForm.textUtf16
    ? text(form, '\u2019'.repeat(count))
    : { bytes: Buffer.alloc(count, 0x92), value: '\u2019'.repeat(count) };

test('a row whose characters take the most room, and longer ones than all before', () => {
  const most: Partial<Record<keyof BasicsRow, number>> = { title: 100, forename: 200, surname: 200, knownAs: 200 };
  for (const form of Object.values(forms)) {
    const columns = [
      ...usual.map(([field]) => ({ field, form })),
      ...Array.from({ length: 7 }, () => ({ field: 'addressLines' as const, form })),
    ];
    const rows = [1, 0.5, 1].flatMap((share) =>
      [0, 2, 3, 7].map((lines) => [
        ...usual.map(([field, value]) => (most[field] ? quotes(form, share * most[field]) : text(form, value))),
        ...Array.from({ length: 7 }, (_, line) => (line < lines ? quotes(form, share * 300) : none)),
      ]),
    );
    expect(expectAsMapped(columns, rows)).toBe(rows.length);
  }
});

test('dates of every form, around today and around the zero dates', () => {
  const days = [-53_690, -2, -1, 0, 1, 366, 580, 36_584, 46_322, 46_323, 46_324, 46_325, 65_535];
  const dates: readonly (readonly [number, readonly Sample[]])[] = [
    [cellForm.dateTime, days.flatMap((day) => [dateTime(day, 0), dateTime(day, 1), dateTime(day, 300 * 3_600)])],
    [
      cellForm.dateTime,
      days.filter((day) => day >= 0).flatMap((day) => [smallDateTime(day, 0), smallDateTime(day, 61)]),
    ],
    [cellForm.date, days.map((day) => date(day, []))],
    [cellForm.date, days.flatMap((day) => [date(day, [0, 0, 0, 0]), date(day, [1, 0, 0, 0])])],
  ];
  for (const [form, samples] of dates) {
    const columns = [
      ...usual.map(([field]) => ({ field, form: cellForm.text1252 })),
      { field: 'dateOfBirth' as const, form },
    ];
    const cells = usual.map(([, value]) => text(cellForm.text1252, value));
    const written = expectAsMapped(
      columns,
      [none, ...samples].map((sample) => [...cells, sample]),
    );
    expect(written).toBeGreaterThan(3);
    expect(written).toBeLessThan(samples.length + 1);
  }
});

test('what a broken server sends is left to mapping: half a character, and dates of other lengths', () => {
  const names = [
    { field: 'surname' as const, form: cellForm.textUtf16 },
    { field: 'dateOfBirth' as const, form: cellForm.dateTime },
  ];
  const surname = text(cellForm.textUtf16, 'Jones');
  const half = { bytes: Buffer.from([0x41, 0, 0x42]), value: 'A' };
  const odd = { bytes: Buffer.from([0x10, 0x70, 0, 0, 0, 0]), value: new Date('1978-07-18T12:00:00Z') };
  expect(expectAsMapped(names, [[half, none]])).toBe(0);
  expect(expectAsMapped(names, [[surname, odd]])).toBe(0);
  const ofDays = [names[0]!, { field: 'dateOfBirth' as const, form: cellForm.date }];
  expect(
    expectAsMapped(ofDays, [[surname, { bytes: Buffer.from([1, 2]), value: new Date('2000-01-01T00:00:01Z') }]]),
  ).toBe(0);
});

test('more different values than are remembered are each read for what they are', () => {
  const columns = [
    { field: 'surname' as const, form: cellForm.text1252 },
    { field: 'archived' as const, form: cellForm.text1252 },
    { field: 'deceased' as const, form: cellForm.number },
  ];
  const flags = Array.from({ length: 90 }, (_, index) => `${' '.repeat(index)}${index % 2 === 0 ? 'Y' : 'N'}`);
  const rows = [...flags, ...flags].map((flag, index) => [
    text(cellForm.text1252, 'Jones'),
    text(cellForm.text1252, flag),
    index % 3 === 0 ? none : bit(index % 2 === 0),
  ]);
  const written = expectAsMapped(columns, rows);
  expect(written).toBeGreaterThan(60);
  expect(written).toBeLessThan(rows.length);
});
