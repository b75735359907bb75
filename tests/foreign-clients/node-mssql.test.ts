import mssql from 'mssql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { R4Server, TlsMode } from '@flynotes/sandbox/r4-server';
import { patients, reader, startSimulator, statementErrors } from './simulator.ts';

const connect = (
  port: number,
  options: mssql.IOptions & Record<string, unknown> = {},
  extra: Partial<mssql.config> = {},
): Promise<mssql.ConnectionPool> =>
  new mssql.ConnectionPool({
    server: '127.0.0.1',
    port,
    ...reader,
    database: 'sys2000',
    options: { encrypt: false, trustServerCertificate: true, ...options },
    ...extra,
  }).connect();

const modes: readonly (readonly [TlsMode, Record<string, unknown>])[] = [
  ['off', { encrypt: false }],
  ['1.2', { encrypt: true }],
  ['1.0-only', { encrypt: true, cryptoCredentialsDetails: { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } }],
];

describe.each(modes)('node-mssql, TLS %s', (tls, options) => {
  it('pools, asks, pages and streams', async () => {
    await using server = await startSimulator(tls);
    const pool = await connect(server.port, options);
    const count = await pool.request().query<{ n: number }>('SELECT COUNT(*) AS n FROM dbo.Patients');
    expect(count.recordset[0]?.n).toBe(patients);

    const codes: number[] = [];
    for (let last = 0; ;) {
      const page = await pool
        .request()
        .input('k', mssql.Int, last)
        .input('n', mssql.Int, 64)
        .query<{ PatientCode: number }>(
          'SET NOCOUNT ON; SET LOCK_TIMEOUT 5000; SELECT TOP (@n) PatientCode, Surname FROM dbo.Patients WHERE PatientCode > @k ORDER BY PatientCode OPTION (MAXDOP 1)',
        );
      codes.push(...page.recordset.map(({ PatientCode }) => PatientCode));
      if (page.recordset.length < 64) break;
      last = codes.at(-1) ?? 0;
    }
    expect(new Set(codes).size).toBe(patients);

    const request = pool.request();
    request.stream = true;
    let streamed = 0;
    request.on('row', () => (streamed += 1));
    await new Promise<void>((resolve, reject) => {
      request.on('error', reject);
      request.on('done', () => resolve());
      void request.query('SELECT * FROM dbo.Patients');
    });
    expect(streamed).toBe(patients);
    await pool.close();
  });
});

describe('node-mssql', () => {
  let server: R4Server;
  let pool: mssql.ConnectionPool;
  beforeAll(async () => {
    server = await startSimulator();
    pool = await connect(server.port);
  });
  afterAll(async () => {
    await pool.close();
    await server.close();
  });

  it('runs a prepared statement', async () => {
    const prepared = new mssql.PreparedStatement(pool);
    prepared.input('code', mssql.Int);
    await prepared.prepare('SELECT PatientCode FROM dbo.Patients WHERE PatientCode = @code');
    const first = await prepared.execute<{ PatientCode: number }>({ code: 1_000_003 });
    expect(first.recordset).toEqual([{ PatientCode: 1_000_003 }]);
    await prepared.unprepare();
  });

  it('reports what the catalogue holds', async () => {
    const { recordset } = await pool
      .request()
      .query<{ TABLE_NAME: string }>("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'dbo'");
    expect(recordset.map((row) => row.TABLE_NAME)).toEqual(
      expect.arrayContaining(['Patients', 'vwAppointmentDetails', 'CompletedQuestionnaire', 'Users']),
    );
  });

  it('cancels a request', async () => {
    const request = pool.request();
    const waiting = request.query("WAITFOR DELAY '00:00:30'");
    setTimeout(() => request.cancel(), 50);
    await expect(waiting).rejects.toMatchObject({ code: 'ECANCEL' });
    expect((await pool.request().query<{ n: number }>('SELECT 1 AS n')).recordset).toEqual([{ n: 1 }]);
  });

  it.each(statementErrors)('error %i', async (number, statement) => {
    await expect(pool.request().query(statement)).rejects.toMatchObject({ number });
  });

  it('wrong password and wrong database', async () => {
    await expect(connect(server.port, {}, { password: 'guess' })).rejects.toMatchObject({
      code: 'ELOGIN',
      message: expect.stringContaining('Login failed'),
    });
    await expect(connect(server.port, {}, { database: 'nowhere' })).rejects.toMatchObject({ code: 'ELOGIN' });
  });

  it('writes where the login may: insert, update, delete', async () => {
    const writer = await connect(server.port, {}, { user: 'reception', password: 'reception-password' });
    const insert = writer.request().input('name', mssql.NVarChar, 'Żółkiewska');
    await insert.query('INSERT INTO dbo.Patients (PatientCode, Surname) VALUES (9000001, @name)');
    const changed = await writer
      .request()
      .query("UPDATE dbo.Patients SET Forename = N'Łucja' WHERE PatientCode = 9000001");
    expect(changed.rowsAffected).toEqual([1]);
    const { recordset } = await pool
      .request()
      .query('SELECT Forename, Surname, DOB FROM dbo.Patients WHERE PatientCode = 9000001');
    expect(recordset).toEqual([{ Forename: 'Łucja', Surname: 'Żółkiewska', DOB: null }]);
    expect((await writer.request().query('DELETE FROM dbo.Patients WHERE PatientCode = 9000001')).rowsAffected).toEqual(
      [1],
    );
    await writer.close();
    await expect(pool.request().query('DELETE FROM dbo.Patients')).rejects.toMatchObject({ number: 229 });
  });
});

describe('node-mssql at the prompt', () => {
  let server: R4Server;
  let pool: mssql.ConnectionPool;
  beforeAll(async () => {
    server = await startSimulator();
    pool = await connect(server.port);
  });
  afterAll(async () => {
    await pool.close();
    await server.close();
  });

  it('calls procedures by name, with parameters and without', async () => {
    const keys = await pool.request().input('table_name', 'Patients').execute('sp_pkeys');
    expect(keys.recordset[0]).toMatchObject({ COLUMN_NAME: 'PatientCode', KEY_SEQ: 1 });
    expect(keys.returnValue).toBe(0);
    const tables = await pool.request().execute<{ TABLE_NAME: string }>('sys.sp_tables');
    expect(tables.recordset.map((row) => row.TABLE_NAME)).toContain('Patients');
  });

  it('runs dynamic text inside a batch, with an output', async () => {
    const { recordset } = await pool
      .request()
      .batch<{ n: number }>(
        "DECLARE @n int; EXEC sp_executesql N'SELECT @c = COUNT(*) FROM dbo.Patients WHERE PatientCode > @p', N'@p int, @c int OUTPUT', @p = 0, @c = @n OUTPUT; SELECT @n AS n",
      );
    expect(recordset).toEqual([{ n: patients }]);
  });

  it('a procedure that is not there: 2812', async () => {
    await expect(pool.request().execute('sp_describe_first_result_set')).rejects.toMatchObject({
      number: 2812,
      message: "Could not find stored procedure 'sp_describe_first_result_set'.",
    });
  });

  it('a database that is not there: a sensible error', async () => {
    await expect(connect(server.port, {}, { database: 'sys2001' })).rejects.toMatchObject({
      code: 'ELOGIN',
      message: expect.stringMatching(/Cannot open database "sys2001"|Login failed for user 'flynotes_reader'/),
    });
  });
});
