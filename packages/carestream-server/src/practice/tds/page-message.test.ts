import fc from 'fast-check';
import { expect, test } from 'vitest';
import { divideMessage } from './page-message.ts';
import { ascendingNumbers, unpackRow, unpackRows } from './packed-rows.ts';

/** A column's type byte with what follows it in COLMETADATA, and a value as it stands in a row with what it reads as. */
interface Sample {
  readonly type: Buffer;
  readonly wire: Buffer;
  readonly value: unknown;
}

const collation1252 = [0x09, 0x04, 0xd0, 0x00, 0x34];
const wide = (text: string) => Buffer.from(text, 'utf16le');
const sized = (bytes: Buffer) => Buffer.concat([Buffer.from([bytes.length & 0xff, bytes.length >> 8]), bytes]);
const samples: readonly Sample[] = [
  { type: Buffer.from([0x26, 4]), wire: Buffer.from([4, 0x39, 0x30, 0, 0]), value: 12_345 },
  {
    type: Buffer.from([0x26, 8]),
    wire: Buffer.from([8, 255, 255, 255, 255, 255, 255, 255, 127]),
    value: '9223372036854775807',
  },
  { type: Buffer.from([0x68, 1]), wire: Buffer.from([1, 1]), value: true },
  { type: Buffer.from([0x38]), wire: Buffer.from([0xff, 0xff, 0xff, 0xff]), value: -1 },
  { type: Buffer.from([0x28]), wire: Buffer.from([3, 0x1b, 0x31, 0x0a]), value: new Date('1829-09-26') },
  {
    type: Buffer.from([0xa7, 50, 0, ...collation1252]),
    wire: sized(Buffer.from([0x4f, 0x92, 0x42, 0x81, 0xe9])),
    value: 'O’B\ufffdé',
  },
  { type: Buffer.from([0xaf, 5, 0, ...collation1252]), wire: sized(Buffer.from('N1   ')), value: 'N1   ' },
  { type: Buffer.from([0xe7, 100, 0, ...collation1252]), wire: sized(wide('Łukasz 🦷')), value: 'Łukasz 🦷' },
];

const doneInProc = Buffer.from([0xff, 0x01, 0, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const done = Buffer.from([0xfe, 0, 0, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const returnStatus = Buffer.from([0x79, 0, 0, 0, 0]);

function metadataOf(columns: readonly Sample[]): Buffer {
  const parts = columns.map(({ type }, index) => {
    const name = wide(`c${index}`);
    return Buffer.concat([Buffer.from([0, 0, 0, 0, 9, 0]), type, Buffer.from([name.length / 2]), name]);
  });
  return Buffer.concat([Buffer.from([0x81, columns.length, 0]), ...parts]);
}

/** An NBCROW leaves out what is null, and says so in bits. */
function rowOf(columns: readonly Sample[], present: readonly boolean[]): Buffer {
  const full = present.every(Boolean);
  const bits = Buffer.alloc(Math.ceil(columns.length / 8));
  present.forEach((is, index) => {
    if (!is) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  });
  const values = columns.flatMap(({ wire }, index) => (present[index] === true ? [wire] : []));
  return Buffer.concat([Buffer.from([full ? 0xd1 : 0xd2]), ...(full ? [] : [bits]), ...values]);
}

const table = fc.array(fc.constantFrom(...samples), { minLength: 1, maxLength: 20 }).chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    rows: fc.array(fc.array(fc.boolean(), { minLength: columns.length, maxLength: columns.length }), { maxLength: 8 }),
  }),
);
const messageOf = ({ columns, rows }: { columns: Sample[]; rows: boolean[][] }): Buffer<ArrayBuffer> =>
  Buffer.concat([
    doneInProc,
    metadataOf(columns),
    ...rows.map((row) => rowOf(columns, row)),
    doneInProc,
    returnStatus,
    done,
  ]);

test('rows with and without nulls are read, and the rest is what the driver would have got without rows', () => {
  fc.assert(
    fc.property(table, ({ columns, rows }) => {
      const { rest, rows: taken } = divideMessage(messageOf({ columns, rows }));
      expect(Buffer.concat(rest)).toEqual(messageOf({ columns, rows: [] }));
      const expected = rows.map((row) => columns.map(({ value }, index) => (row[index] === true ? value : null)));
      expect(taken && unpackRows(taken)).toStrictEqual(expected);
      expect(taken && rows.map((_, row) => unpackRow(taken, row))).toStrictEqual(expected);
    }),
    { seed: 20_260_401, numRuns: 300 },
  );
});

test('the first column is told where it holds whole numbers that ascend, and only there', () => {
  const number = (value: number): Sample => {
    const wire = Buffer.alloc(5, 4);
    wire.writeInt32LE(value, 1);
    return { type: Buffer.from([0x26, 4]), wire, value };
  };
  const fixed = (value: number): Sample => ({
    ...number(value),
    type: Buffer.from([0x38]),
    wire: number(value).wire.subarray(1),
  });
  const long: Sample = samples[1]!;
  const told = (...values: (number | null)[]) => {
    const [first] = samples;
    const rows = values.map((value) => rowOf([value === null ? first! : number(value)], [value !== null]));
    const message = Buffer.concat([doneInProc, metadataOf([first!]), ...rows, doneInProc, returnStatus, done]);
    const { rows: taken } = divideMessage(message);
    return taken && ascendingNumbers(taken);
  };
  expect(told(-3, 0, 7, 2_147_483_647)).toEqual(Int32Array.of(-3, 0, 7, 2_147_483_647));
  expect(told()).toEqual(new Int32Array(0));
  expect(told(1, 1)).toBeNull();
  expect(told(2, 1)).toBeNull();
  expect(told(null, 1)).toBeNull();
  const toldOf = (columns: Sample[], ...rows: Sample[][]) => {
    const message = Buffer.concat([
      metadataOf(columns),
      ...rows.map((row) =>
        rowOf(
          row,
          row.map(() => true),
        ),
      ),
      done,
    ]);
    const { rows: taken } = divideMessage(message);
    return taken && ascendingNumbers(taken);
  };
  expect(toldOf([fixed(0), long], [fixed(-7), long], [fixed(8), long])).toEqual(Int32Array.of(-7, 8));
  expect(toldOf([long], [long])).toBeNull();
});

test('an answer that is cut off or garbled is given to the driver as it is, or divided; nothing throws', () => {
  fc.assert(
    fc.property(
      table,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255))),
      (given, cut, edits) => {
        const whole = messageOf(given);
        const message = Buffer.from(whole.subarray(0, Math.floor(whole.length * cut)));
        for (const [place, byte] of edits) if (message.length > 0) message[place % message.length] = byte;
        const before = Buffer.from(message);
        const { rest, rows } = divideMessage(message);
        if (rows === null) expect(Buffer.concat(rest)).toEqual(before);
      },
    ),
    { seed: 20_260_402, numRuns: 500 },
  );
});

test.each([
  ['text that may be longer than a page', Buffer.from([0xa7, 0xff, 0xff, ...collation1252])],
  ['text in another code page', Buffer.from([0xa7, 50, 0, 0x15, 0x04, 0xd0, 0x00, 0x00])],
  ['a decimal', Buffer.from([0x6c, 9, 10, 2])],
])('%s is left to the driver', (_title, type) => {
  const message = messageOf({ columns: [{ type, wire: Buffer.alloc(0), value: null }], rows: [] });
  expect(divideMessage(message).rows).toBeNull();
});
