import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BasicsRow } from '../rows.ts';
import {
  bit,
  date,
  dateTime,
  expectAsMapped,
  none,
  number,
  packedRow,
  smallDateTime,
  text,
  today,
  type PackedColumn,
  type Sample,
} from './packed-row-rig.ts';
import { cellForm } from './packed-basics.ts';
import { createPlainBasics } from './plain-basics.ts';
import { isPlain } from './plain-text.ts';

/** A column: the field it belongs to, how its bytes are to be read, and what may stand in it. */
interface Column extends PackedColumn {
  readonly samples: fc.Arbitrary<Sample>;
}

/** What stands in a column nearly always, and what seldom. */
interface Words {
  readonly usual: readonly string[];
  readonly odd: readonly string[];
}
const words = (...usual: readonly string[]) => ({ usual, odd: [] });
const rarely = (words: Words, ...odd: readonly string[]): Words => ({ ...words, odd });

/** Text that a receptionist typed, with all that is odd about it now and then. */
const typed = ({ usual, odd }: Words) => {
  const plain = fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom(...usual) },
    { weight: odd.length === 0 ? 0 : 2, arbitrary: fc.constantFrom('', ...odd) },
  );
  const around = fc.constantFrom('', '', '', ' ', '   ');
  return fc.oneof(
    { weight: 60, arbitrary: fc.tuple(around, plain, around).map((parts) => parts.join('')) },
    { weight: 8, arbitrary: fc.constantFrom('', ' ', '     ') },
    {
      weight: 1,
      arbitrary: fc
        .tuple(plain, fc.constantFrom('\u00a0', '\t', '\u0007', '\u0081', '"', '\\', '\u00e9', '\u0092'))
        .map((parts) => parts.join('')),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
    {
      weight: 1,
      arbitrary: fc.string({
        unit: fc.integer({ min: 0, max: 255 }).map((unit) => String.fromCharCode(unit)),
        maxLength: 12,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(plain, fc.integer({ min: 45, max: 330 })).map(([each, times]) => each.padEnd(times, 'x')),
    },
  );
};
const beyond1252 = fc.oneof(
  fc.constantFrom(
    'Łukasz Żółć',
    'Ffion Siân',
    'Αθηνά',
    'O\u2019Brien',
    'e\u0301',
    '\ud83e\uddb7',
    '\ud800',
    '\u2126',
    '\u0344',
    'Ŷ',
    '\u2028',
    '\u202f',
    '\u20ac',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const texts = (form: number, each: Words): fc.Arbitrary<Sample> => {
  const strings =
    form === cellForm.textUtf16 ? fc.oneof({ weight: 40, arbitrary: typed(each) }, beyond1252) : typed(each);
  return fc.oneof({ weight: 6, arbitrary: strings.map((value) => text(form, value)) }, fc.constant(none));
};
const textForm = fc.constantFrom(cellForm.text1252, cellForm.textUtf16);
const textColumn = (field: keyof BasicsRow, each: Words): fc.Arbitrary<Column> =>
  textForm.map((form) => ({ field, form, samples: texts(form, each) }));

const dateColumn = (field: keyof BasicsRow): fc.Arbitrary<Column> => {
  const day = fc.oneof(
    { weight: 40, arbitrary: fc.integer({ min: 5_000, max: 46_000 }) },
    fc.constantFrom(-2, -1, 0, 1, 46_323, 46_324, 46_325, 46_400),
    fc.integer({ min: 0, max: 65_000 }),
  );
  const time = fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 1_439 }));
  return fc.constantFrom<Column[]>(
    { field, form: cellForm.dateTime, samples: fc.tuple(day, time).map(([days, ticks]) => dateTime(days, ticks)) },
    {
      field,
      form: cellForm.dateTime,
      samples: fc.tuple(day, time).map(([days, minutes]) => smallDateTime(Math.max(0, days), minutes)),
    },
    { field, form: cellForm.date, samples: day.map((days) => date(days, [])) },
    {
      field,
      form: cellForm.date,
      samples: fc.tuple(day, time).map(([days, units]) => date(days, [units & 0xff, units >> 8, 0, 0])),
    },
  );
};
const flagColumn = (field: keyof BasicsRow): fc.Arbitrary<Column> =>
  fc.oneof(
    fc.constant({ field, form: cellForm.number, samples: fc.oneof(fc.boolean().map(bit), fc.constant(none)) }),
    fc.constant({
      field,
      form: cellForm.number,
      samples: fc.oneof({ weight: 20, arbitrary: fc.nat(1) }, fc.integer({ min: -1, max: 3 })).map(number),
    }),
    textColumn(field, rarely(words('Y', 'N', 'Yes', 'no'), 'archived', 'Active', 'Current', 'Left')),
  );
const other = (column: Column): Column => ({ ...column, form: cellForm.other });

/** A table's columns; the lists may have several, and any column may be missing, or be one that only mapping reads. */
const table: fc.Arbitrary<readonly Column[]> = fc
  .tuple(
    fc.subarray(
      [
        textColumn('title', words('Mr', 'Mrs.', 'Dr')),
        textColumn('knownAs', words('Bob', 'Meg')),
        fc.oneof(
          { weight: 8, arbitrary: textColumn('sex', rarely(words('M', 'F', 'male', 'X'), '?')) },
          flagColumn('sex'),
        ),
        dateColumn('dateOfBirth'),
        textColumn(
          'nhsNumber',
          rarely(words('9434765919', '943 476 5919', '943-476-5919'), '9434765918', '1111111111', '12345'),
        ),
        textColumn(
          'postcode',
          rarely(
            words('YO1 7AA', 'yo17aa', 'SW1A 1AA', 'W1A1AA', 'N1  9GU', 'EC1A.1BB'),
            'GIR 0AA',
            'ZZ1 1AA',
            'M1 1CC',
          ),
        ),
        flagColumn('archived'),
        flagColumn('status'),
        flagColumn('active'),
        flagColumn('deceased'),
        fc.oneof(
          { weight: 1, arbitrary: dateColumn('diedOn') },
          {
            weight: 8,
            arbitrary: fc.constant<Column>({ field: 'diedOn', form: cellForm.dateTime, samples: fc.constant(none) }),
          },
        ),
      ],
      { minLength: 6 },
    ),
    fc.array(
      textColumn(
        'emails',
        rarely(words('ada@example.com', 'a.b-c@mail.example.org'), 'none', 'a@b', 'a@b.', 'a@@b.com', 'x@y.z, u@v.w'),
      ),
      { maxLength: 2, size: 'xsmall' },
    ),
    fc.array(textColumn('mobilePhones', words('07700 900123', 'ring "after" six', '01904 000000')), { maxLength: 2 }),
    fc.array(textColumn('homePhones', words('01904 000000', '07700 900123')), { maxLength: 2 }),
    fc.array(textColumn('workPhones', words('01904 000000')), { maxLength: 1 }),
    fc.array(textColumn('otherPhones', words('01904 000000')), { maxLength: 1 }),
    fc.array(textColumn('addressLines', rarely(words('1 First Street', 'Flat 2', 'York'), 'Heslington\nYork')), {
      maxLength: 5,
    }),
  )
  .chain(([single, ...lists]) =>
    fc.tuple(
      textColumn('forename', rarely(words('Ada', 'Mary Ann', 'Dean', 'Rev'), 'Mr Bob', 'Dr. Jo', 'Prof  X')),
      textColumn('surname', words('Jones', "O'Brien", 'de la Cruz')),
      ...single,
      ...lists.flat().map((column) => fc.constant(column)),
    ),
  )
  .chain((columns) => fc.tuple(fc.constant(columns), fc.option(fc.nat(columns.length - 1), { freq: 5 })))
  .map(([columns, changed]) => columns.map((column, index) => (index === changed ? other(column) : column)));

test('what is written from a row’s bytes is what mapping makes of its values, and the same rules apply', () => {
  let [written, all] = [0, 0];
  fc.assert(
    fc.property(
      table.chain((columns) =>
        fc.tuple(
          fc.constant(columns),
          fc.array(fc.tuple(...columns.map(({ samples }) => samples)), { minLength: 5, maxLength: 12 }),
        ),
      ),
      fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 2_147_483_647 }) }, fc.constantFrom(0, -5)),
      ([columns, rows], code) => {
        all += rows.length;
        written += expectAsMapped(columns, rows, code);
      },
    ),
    { seed: 20_261_130, numRuns: 1_500 },
  );
  // Nearly every row here has something odd about it; hundreds have not.
  expect(written / all).toBeGreaterThan(0.05);
});

test('every character that is written as it is stands alone in NFC, and is no control, space or half of a pair', () => {
  for (let unit = 0; unit < 0x1_0000; unit += 1) {
    if (!isPlain(unit)) continue;
    const character = String.fromCharCode(unit);
    expect(character.normalize('NFC')).toBe(character);
    expect(`a${character}e`.normalize('NFC')).toBe(`a${character}e`);
    expect(/[\p{Cc}\p{Cs}\p{M}]/u.test(character)).toBe(false);
    expect(character === ' ' || character.trim() === character).toBe(true);
  }
});

test('more lists than the contract takes are left to mapping', () => {
  const phone: Column = { field: 'homePhones', form: cellForm.text1252, samples: fc.constant(none) };
  expect(
    createPlainBasics(
      packedRow(
        Array.from({ length: 11 }, () => phone),
        [],
        1,
      ),
      today,
    ),
  ).toBeNull();
});
