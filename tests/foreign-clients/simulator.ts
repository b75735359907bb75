import { createR4Server, defaultLogins, type R4Server, type TlsMode } from '@flynotes/sandbox/r4-server';
import type { ColumnDefinition, SqlType, SqlValue } from '../../packages/sandbox/src/r4-server/engine.ts';

/** Text in CP1252: accents, curly quotes, dash, euro. */
export const cp1252Text = 'Zoë’s café – “open” €5';
/** Text that only Unicode columns hold. */
export const unicodeText = 'Ελένη Łukasz Ŵyn';
export const longText = 'Lorem ipsum – '.repeat(700);
export const guid = '6F9619FF-8B86-D011-B42D-00C04FC964FF';
export const pictureBytes = Uint8Array.of(0, 1, 0x7f, 0x80, 0xfe, 0xff);

/** One column of each type, with its greatest or most telling value, and its least. */
interface TypeCase {
  readonly column: string;
  readonly type: SqlType;
  readonly high: SqlValue;
  readonly low: SqlValue;
}

const one = (column: string, type: SqlType, high: SqlValue, low: SqlValue): TypeCase => ({ column, type, high, low });

const typeCases: readonly TypeCase[] = [
  one('a_int', { name: 'int' }, 2_147_483_647, -2_147_483_648),
  one('a_smallint', { name: 'smallint' }, 32_767, -32_768),
  one('a_tinyint', { name: 'tinyint' }, 255, 0),
  one('a_bigint', { name: 'bigint' }, 9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n),
  one('a_bit', { name: 'bit' }, 1, 0),
  one('a_char', { name: 'char', length: 6 }, 'abç', ''),
  one('a_varchar', { name: 'varchar', length: 40 }, cp1252Text, ''),
  one('a_nvarchar', { name: 'nvarchar', length: 40 }, unicodeText, ''),
  one('a_varcharmax', { name: 'varchar', length: -1 }, longText, ''),
  one('a_text', { name: 'text' }, `text ${cp1252Text}`, ''),
  one('a_ntext', { name: 'ntext' }, `ntext ${unicodeText}`, ''),
  one('a_datetime', { name: 'datetime' }, Date.UTC(2009, 11, 31, 23, 59, 59, 997), Date.UTC(1753, 0, 1)),
  one('a_smalldatetime', { name: 'smalldatetime' }, Date.UTC(2079, 5, 6, 23, 59), Date.UTC(1900, 0, 1)),
  one('a_money', { name: 'money' }, 12_345_678_901n, -1n),
  one('a_decimal', { name: 'decimal', precision: 18, scale: 4 }, 123_456_789_012_345n, -1n),
  one('a_float', { name: 'float' }, 1234.5625, -2.5e-10),
  one('a_uniqueidentifier', { name: 'uniqueidentifier' }, guid, '00000000-0000-0000-0000-000000000000'),
  one('a_image', { name: 'image' }, pictureBytes, Uint8Array.of(0)),
];

/** The types' columns in order. */
export const typeColumns = typeCases.map(({ column }) => column);

/** Row 1 holds the high values, row 2 nulls, row 3 the low values. */
const defineTypes = (engine: R4Server['engine']): void => {
  const columns: readonly ColumnDefinition[] = [
    { name: 'id', type: { name: 'int' }, nullable: false },
    ...typeCases.map(({ column, type }) => ({ name: column, type, nullable: true })),
  ];
  const database = engine.createDatabase('types');
  database.defineTable({ name: 'AllTypes', kind: 'table', columns, primaryKey: ['id'] });
  database.insert('AllTypes', [
    [1, ...typeCases.map(({ high }) => high)],
    [2, ...typeCases.map(() => null)],
    [3, ...typeCases.map(({ low }) => low)],
  ]);
};

export const patients = 200;

/** Starts a small practice with a database `types`, and a login that may not read one table. */
export const startSimulator = async (tls: TlsMode = 'off'): Promise<R4Server> => {
  const server = await createR4Server({
    patients,
    tls,
    logins: [
      ...defaultLogins,
      {
        user: 'no_notes',
        password: 'no-notes-password',
        defaultDatabase: 'sys2000',
        role: 'reader',
        denied: ['dbo.PatientNotes'],
      },
    ],
  });
  defineTypes(server.engine);
  return server;
};

export const reader = { user: 'flynotes_reader', password: 'reader-password' } as const;
export const noNotes = { user: 'no_notes', password: 'no-notes-password' } as const;

/** A statement that provokes an error, and its number in SQL Server. */
export const statementErrors = [
  [208, 'SELECT * FROM dbo.NoSuchTable'],
  [207, 'SELECT NoSuchColumn FROM dbo.Patients'],
  [102, 'SELECT PatientCode FROM dbo.Patients ORDER BY PatientCode OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY'],
] as const;
