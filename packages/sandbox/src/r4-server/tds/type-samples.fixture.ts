import type { ResultColumn, SqlType, SqlValue } from '../engine.ts';

/** A column of each type with values at its edges, and what tedious makes of them. */
export interface TypeSample {
  readonly type: SqlType;
  readonly samples: readonly (readonly [value: SqlValue, seen: unknown])[];
}

const ms = (iso: string): number => Date.parse(`${iso}Z`);
const date = (iso: string): Date => new Date(ms(iso));
const same = (...values: (string | number)[]): [SqlValue, unknown][] => values.map((value) => [value, value]);
const GUID = '6F9619FF-8B86-D011-B42D-00C04FC964FF';
const LONG = 'Ünïcode “quoted” — £€ '.repeat(2000);

export const TYPE_SAMPLES: readonly TypeSample[] = [
  {
    type: { name: 'bit' },
    samples: [
      [0, false],
      [1, true],
    ],
  },
  { type: { name: 'tinyint' }, samples: same(0, 255) },
  { type: { name: 'smallint' }, samples: same(-32_768, 32_767) },
  { type: { name: 'int' }, samples: same(-2_147_483_648, 0, 2_147_483_647) },
  {
    type: { name: 'bigint' },
    samples: [
      [-9_223_372_036_854_775_808n, '-9223372036854775808'],
      [9_223_372_036_854_775_807n, '9223372036854775807'],
      [-1, '-1'],
      [-4_294_967_297, '-4294967297'],
    ],
  },
  { type: { name: 'float' }, samples: same(0, -1.5e300, 0.1) },
  { type: { name: 'real' }, samples: same(0.5, -1024.25) },
  {
    type: { name: 'money' },
    samples: [
      [-10_000n, -1],
      [12_345_678, 1234.5678],
      [-1, -0.0001],
      [42_949_672_960_000, 4_294_967_296],
    ],
  },
  {
    type: { name: 'smallmoney' },
    samples: [
      [-2_147_483_648, -214_748.3648],
      [2_147_483_647, 214_748.3647],
    ],
  },
  {
    type: { name: 'decimal', precision: 9, scale: 2 },
    samples: [
      [-12_345, -123.45],
      [999_999_999, 9_999_999.99],
    ],
  },
  {
    type: { name: 'numeric', precision: 19, scale: 4 },
    samples: [
      [4_294_967_296, 429_496.7296],
      [-5n, -0.0005],
    ],
  },
  {
    type: { name: 'decimal', precision: 28, scale: 0 },
    samples: [[18_446_744_073_709_551_616n, 18_446_744_073_709_552_000]],
  },
  { type: { name: 'decimal', precision: 38, scale: 3 }, samples: [[-1, -0.001]] },
  {
    type: { name: 'char', length: 8 },
    samples: [
      ['Zoë     ', 'Zoë     '],
      ['short', 'short   '],
    ],
  },
  { type: { name: 'varchar', length: 40 }, samples: same('', 'naïve “café” €5 – O’Neill') },
  { type: { name: 'varchar', length: 40, collation: 'Polish_CI_AS' }, samples: same('Łódź, źdźbło') },
  { type: { name: 'varchar', length: 40, collation: 'Cyrillic_General_CI_AS' }, samples: same('Юлия') },
  { type: { name: 'varchar', length: 40, collation: 'SQL_Latin1_General_CP1253_CI_AS' }, samples: same('Ελένη') },
  { type: { name: 'nchar', length: 6 }, samples: [['Łódź', 'Łódź  ']] },
  { type: { name: 'nvarchar', length: 4000 }, samples: same('', '日本 😀', 'y'.repeat(4000)) },
  { type: { name: 'varchar', length: -1 }, samples: same('', LONG) },
  { type: { name: 'nvarchar', length: -1 }, samples: same('', `${LONG}日本`) },
  { type: { name: 'text' }, samples: same('', LONG) },
  { type: { name: 'ntext' }, samples: same('', `${LONG}日本`) },
  {
    type: { name: 'datetime' },
    samples: [
      [ms('1753-01-01T00:00:00'), date('1753-01-01T00:00:00')],
      [ms('1899-12-30T00:00:00'), date('1899-12-30T00:00:00')],
      [ms('1980-06-01T23:59:59.997'), date('1980-06-01T23:59:59.997')],
      [ms('2024-03-31T02:30:00'), date('2024-03-31T02:30:00')],
      [ms('9999-12-31T23:59:59.997'), date('9999-12-31T23:59:59.997')],
    ],
  },
  {
    type: { name: 'smalldatetime' },
    samples: [
      [ms('1900-01-01T00:00:00'), date('1900-01-01T00:00:00')],
      [ms('2079-06-06T23:59:00'), date('2079-06-06T23:59:00')],
    ],
  },
  {
    type: { name: 'date' },
    samples: [
      [ms('0001-01-01T00:00:00'), date('0001-01-01T00:00:00')],
      [ms('9999-12-31T00:00:00'), date('9999-12-31T00:00:00')],
    ],
  },
  {
    type: { name: 'datetime2', scale: 3 },
    samples: [
      [ms('1945-05-08T12:34:56.789'), date('1945-05-08T12:34:56.789')],
      [ms('0001-01-01T00:00:00.001'), date('0001-01-01T00:00:00.001')],
    ],
  },
  {
    type: { name: 'datetime2', scale: 7 },
    samples: [[ms('2026-10-25T01:30:00.123'), date('2026-10-25T01:30:00.123')]],
  },
  { type: { name: 'datetime2', scale: 0 }, samples: [[ms('2026-10-25T01:30:00'), date('2026-10-25T01:30:00')]] },
  {
    type: { name: 'time', scale: 7 },
    samples: [
      [86_399_999, date('1970-01-01T23:59:59.999')],
      [0, date('1970-01-01T00:00:00')],
    ],
  },
  { type: { name: 'time', scale: 0 }, samples: [[3_600_000, date('1970-01-01T01:00:00')]] },
  { type: { name: 'uniqueidentifier' }, samples: same(GUID) },
  { type: { name: 'binary', length: 4 }, samples: [[Uint8Array.of(1, 2), Buffer.from([1, 2, 0, 0])]] },
  {
    type: { name: 'varbinary', length: 10 },
    samples: [
      [Uint8Array.of(), Buffer.alloc(0)],
      [Uint8Array.of(0, 255), Buffer.from([0, 255])],
    ],
  },
  { type: { name: 'varbinary', length: -1 }, samples: [[new Uint8Array(100_000).fill(7), Buffer.alloc(100_000, 7)]] },
  {
    type: { name: 'image' },
    samples: [
      [Uint8Array.of(9), Buffer.from([9])],
      [new Uint8Array(70_000).fill(3), Buffer.alloc(70_000, 3)],
    ],
  },
  {
    type: { name: 'timestamp' },
    samples: [[Uint8Array.of(0, 0, 0, 0, 0, 0, 7, 209), Buffer.from([0, 0, 0, 0, 0, 0, 7, 209])]],
  },
];

/** One column per type; as many rows as the longest list of samples, filled with nulls, and a row of nulls at the end. */
export function samplesAsTable(nullable: boolean): { columns: ResultColumn[]; rows: SqlValue[][]; seen: unknown[][] } {
  const columns = TYPE_SAMPLES.map(({ type }, index): ResultColumn => ({
    name: `c${index}`,
    type,
    nullable,
    table: 'dbo.Samples',
  }));
  const rows: SqlValue[][] = [];
  const seen: unknown[][] = [];
  const most = Math.max(...TYPE_SAMPLES.map(({ samples }) => samples.length));
  for (let row = 0; row < (nullable ? most + 1 : most); row += 1) {
    const picked = TYPE_SAMPLES.map(({ samples }) =>
      nullable ? (samples[row] ?? [null, null]) : samples[row % samples.length]!,
    );
    rows.push(picked.map(([value]) => value));
    seen.push(picked.map(([, value]) => value));
  }
  return { columns, rows, seen };
}
