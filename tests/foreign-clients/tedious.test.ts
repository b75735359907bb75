import { Connection, Request, TYPES, type ConnectionConfiguration } from 'tedious';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { R4Server, TlsMode } from '@flynotes/sandbox/r4-server';
import {
  cp1252Text,
  guid,
  longText,
  noNotes,
  patients,
  pictureBytes,
  reader,
  startSimulator,
  statementErrors,
  typeColumns,
  unicodeText,
} from './simulator.ts';

type Options = NonNullable<ConnectionConfiguration['options']>;

interface Failure extends Error {
  readonly number?: number;
}

const open = (
  port: number,
  options: Options = {},
  login: { user: string; password: string } = reader,
  numbers: number[] = [],
): Promise<Connection> => {
  const connection = new Connection({
    server: '127.0.0.1',
    authentication: { type: 'default', options: { userName: login.user, password: login.password } },
    options: { port, database: 'sys2000', encrypt: false, trustServerCertificate: true, ...options },
  });
  // A lost connection is announced here too, after its request was told.
  connection.on('error', () => undefined);
  connection.on('errorMessage', ({ number }: { number: number }) => numbers.push(number));
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
};

const run = (
  connection: Connection,
  statement: string,
  prepare: (request: Request) => void = () => undefined,
  plain = false,
): Promise<unknown[][]> =>
  new Promise((resolve, reject) => {
    const rows: unknown[][] = [];
    const request = new Request(statement, (error) => (error ? reject(error) : resolve(rows)));
    request.on('row', (columns: { value: unknown }[]) => rows.push(columns.map(({ value }) => value)));
    prepare(request);
    if (plain) connection.execSqlBatch(request);
    else connection.execSql(request);
  });

const errorOf = async (attempt: Promise<unknown>): Promise<Failure> => {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error as Failure,
  );
  if (outcome === undefined) throw new Error('It succeeded.');
  return outcome;
};

/** What a client must set to reach a server of that kind; the last entry is what OpenSSL asks for of TLS 1.0. */
const modes: readonly (readonly [TlsMode, NonNullable<ConnectionConfiguration['options']>])[] = [
  ['off', { encrypt: false }],
  ['1.2', { encrypt: true }],
  ['1.0-only', { encrypt: true, cryptoCredentialsDetails: { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } }],
];

describe.each(modes)('tedious, TLS %s', (tls, options) => {
  let server: R4Server;
  let connection: Connection;
  beforeAll(async () => {
    server = await startSimulator(tls);
    connection = await open(server.port, options);
  });
  afterAll(async () => {
    connection.close();
    await server.close();
  });

  it('logs in and counts', async () => {
    expect(await run(connection, 'SELECT COUNT(*) FROM dbo.Patients')).toEqual([[patients]]);
    expect(await run(connection, "SELECT CAST(SERVERPROPERTY('ProductVersion') AS varchar(20))")).toEqual([
      ['10.50.4000.0'],
    ]);
  });

  it('takes parameters and prepared statements', async () => {
    const rows = await run(
      connection,
      'SELECT TOP (@n) PatientCode FROM dbo.Patients WHERE PatientCode > @k ORDER BY PatientCode',
      (request) => {
        request.addParameter('n', TYPES.Int, 3);
        request.addParameter('k', TYPES.Int, 1_000_004);
      },
    );
    expect(rows).toEqual([[1_000_005], [1_000_006], [1_000_007]]);

    const found: unknown[] = [];
    const prepared = new Request('SELECT PatientCode FROM dbo.Patients WHERE PatientCode = @code', () => undefined);
    prepared.addParameter('code', TYPES.Int);
    prepared.on('row', (columns: { value: unknown }[]) => found.push(columns[0]?.value));
    await new Promise<void>((resolve, reject) => {
      prepared.once('prepared', resolve);
      prepared.once('error', reject);
      connection.prepare(prepared);
    });
    for (const code of [1_000_001, 1_000_002]) {
      await new Promise<void>((resolve) => {
        prepared.once('requestCompleted', resolve);
        connection.execute(prepared, { code });
      });
    }
    await new Promise<void>((resolve) => {
      prepared.once('requestCompleted', resolve);
      connection.unprepare(prepared);
    });
    expect(found).toEqual([1_000_001, 1_000_002]);
  });

  it('turns a wrong password away', async () => {
    expect(await errorOf(open(server.port, options, { ...reader, password: 'guess' }))).toMatchObject({
      message: expect.stringContaining('Login failed'),
    });
  });
});

describe('tedious', () => {
  let server: R4Server;
  beforeAll(async () => {
    server = await startSimulator();
  });
  afterAll(() => server.close());

  it.each(['7_1', '7_2', '7_3_A', '7_3_B', '7_4'])('logs in asking for TDS %s', async (tdsVersion) => {
    const connection = await open(server.port, { tdsVersion });
    expect(await run(connection, 'SELECT 1 AS one')).toEqual([[1]]);
    connection.close();
  });

  it('reads each type, its nulls and its extremes', async () => {
    const connection = await open(server.port, { database: 'types' });
    const [high = [], nulls, low = []] = await run(
      connection,
      `SELECT ${typeColumns.join(', ')} FROM dbo.AllTypes ORDER BY id`,
    );
    connection.close();
    const named = (values: unknown[]) => Object.fromEntries(typeColumns.map((name, index) => [name, values[index]]));
    expect(named(high)).toEqual({
      a_int: 2_147_483_647,
      a_smallint: 32_767,
      a_tinyint: 255,
      a_bigint: '9223372036854775807',
      a_bit: true,
      a_char: 'abç   ',
      a_varchar: cp1252Text,
      a_nvarchar: unicodeText,
      a_varcharmax: longText,
      a_text: `text ${cp1252Text}`,
      a_ntext: `ntext ${unicodeText}`,
      a_datetime: new Date('2009-12-31T23:59:59.997Z'),
      a_smalldatetime: new Date('2079-06-06T23:59:00Z'),
      a_money: 1_234_567.8901,
      a_decimal: 12_345_678_901.2345,
      a_float: 1234.5625,
      a_uniqueidentifier: guid,
      a_image: Buffer.from(pictureBytes),
    });
    expect(nulls).toEqual(typeColumns.map(() => null));
    expect(named(low)).toMatchObject({
      a_int: -2_147_483_648,
      a_smallint: -32_768,
      a_tinyint: 0,
      a_bigint: '-9223372036854775808',
      a_bit: false,
      a_char: '      ',
      a_varchar: '',
      a_nvarchar: '',
      a_varcharmax: '',
      a_text: '',
      a_ntext: '',
      a_datetime: new Date('1753-01-01T00:00:00Z'),
      a_smalldatetime: new Date('1900-01-01T00:00:00Z'),
      a_money: -0.0001,
      a_decimal: -0.0001,
      a_float: -2.5e-10,
    });
  });

  it('wrong password: 18456; wrong database: 4060, then 18456', async () => {
    const password: number[] = [];
    await errorOf(open(server.port, {}, { ...reader, password: 'guess' }, password));
    expect(password).toEqual([18_456]);
    const database: number[] = [];
    await errorOf(open(server.port, { database: 'sys2001' }, reader, database));
    expect(database).toEqual([4_060, 18_456]);
  });

  it.each(statementErrors)('error %i', async (number, statement) => {
    const connection = await open(server.port);
    expect(await errorOf(run(connection, statement))).toMatchObject({ number });
    expect(await run(connection, 'SELECT 1')).toEqual([[1]]);
    connection.close();
  });

  it('no right to read: 229', async () => {
    const connection = await open(server.port, {}, noNotes);
    expect(await errorOf(run(connection, 'SELECT * FROM dbo.PatientNotes'))).toMatchObject({ number: 229 });
    connection.close();
  });

  it.each([
    ['deadlock', 1205],
    ['lock-timeout', 1222],
  ] as const)('%s: %i', async (kind, number) => {
    const connection = await open(server.port);
    server.faults.add({ kind, times: 1, matching: /Patients/ });
    expect(await errorOf(run(connection, 'SELECT Surname FROM dbo.Patients'))).toMatchObject({ number });
    expect(await run(connection, 'SELECT COUNT(*) FROM dbo.Patients')).toEqual([[patients]]);
    connection.close();
  });

  it('cut in the middle of a row: the request fails, the next connection works', async () => {
    const connection = await open(server.port);
    server.faults.add({ kind: 'cut', afterRows: 20, times: 1 });
    await errorOf(run(connection, 'SELECT * FROM dbo.Patients', undefined, true));
    connection.close();
    const again = await open(server.port);
    expect((await run(again, 'SELECT * FROM dbo.Patients')).length).toBe(patients);
    again.close();
  });

  it('cancels a running statement and goes on', async () => {
    const connection = await open(server.port);
    const cancelled = errorOf(
      run(connection, "WAITFOR DELAY '00:00:30'", () => setTimeout(() => connection.cancel(), 50), true),
    );
    expect(await cancelled).toMatchObject({ code: 'ECANCEL' });
    expect(await run(connection, 'SELECT 1')).toEqual([[1]]);
    connection.close();
  });

  it('resets a connection', async () => {
    const connection = await open(server.port);
    await run(connection, 'USE Tutor', undefined, true);
    await new Promise<void>((resolve, reject) => {
      connection.reset((error) => (error ? reject(error) : resolve()));
    });
    expect(await run(connection, 'SELECT DB_NAME()')).toEqual([['sys2000']]);
    connection.close();
  });
});
