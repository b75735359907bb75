import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { R4Server, TlsMode } from '@flynotes/sandbox/r4-server';
import { configureFreeTds, freeTdsDriver, type Encryption, type FreeTds } from './freetds.ts';
import { isInstalled, presenceOf, runProgram, type Outcome } from './programs.ts';
import {
  cp1252Text,
  guid,
  noNotes,
  patients,
  reader,
  startSimulator,
  statementErrors,
  unicodeText,
} from './simulator.ts';

const driver = await freeTdsDriver();
const { present, message } = presenceOf(
  'isql over FreeTDS',
  isInstalled('isql') && driver !== undefined,
  "Install Debian's packages unixodbc and tdsodbc.",
);

type Login = { readonly user: string; readonly password: string };

/** `-b -d'|'`: rows alone, fields divided by bars; `-v` shows errors. */
const isql = ({ server, env }: FreeTds, statement: string, { user, password }: Login = reader): Promise<Outcome> =>
  runProgram('isql', [server, user, password, '-b', '-v', '-d|'], { env, input: `${statement}\n` });

const modes: readonly (readonly [TlsMode, Encryption])[] = [
  ['off', 'off'],
  ['1.2', 'require'],
  ['1.0-only', 'require'],
];

describe.runIf(present)(`isql: ${message}`, () => {
  it.each(modes)('logs in with TLS %s (encryption = %s) and reads', async (tls, encryption) => {
    await using server = await startSimulator(tls);
    await using config = await configureFreeTds(server.port, encryption, driver);
    expect((await isql(config, 'SELECT COUNT(*) AS n FROM dbo.Patients')).stdout.trim()).toBe(String(patients));
  });

  it('logs in without a data source', async () => {
    await using server = await startSimulator();
    await using config = await configureFreeTds(server.port, 'off', driver);
    const { stdout } = await runProgram('isql', ['-k', '-b', config.connectionString(reader)], {
      env: config.env,
      input: 'SELECT DB_NAME()\n',
    });
    expect(stdout).toContain('sys2000');
  });

  describe('without encryption', () => {
    let server: R4Server;
    let config: FreeTds;
    beforeAll(async () => {
      server = await startSimulator();
      config = await configureFreeTds(server.port, 'off', driver);
    });
    afterAll(async () => {
      await config[Symbol.asyncDispose]();
      await server.close();
    });

    it('reads every patient', async () => {
      const { stdout } = await isql(
        config,
        'SELECT PatientCode, Forename, Surname FROM dbo.Patients ORDER BY PatientCode',
      );
      expect(stdout.trim().split('\n').length).toBe(patients);
    });

    it('lists the tables: `help` (SQLTables)', async () => {
      const { stdout } = await isql(config, 'help');
      const lines = stdout.trim().split('\n');
      expect(lines).toContain('sys2000|dbo|Patients|TABLE|');
      expect(lines).toContain('sys2000|dbo|vwAppointmentDetails|VIEW|');
    });

    it('describes a table: `help Users` (SQLColumns)', async () => {
      const { stdout } = await isql(config, 'help Users');
      const columns = stdout
        .trim()
        .split('\n')
        .map((line) => line.split('|').slice(1, 8).join(' '));
      expect(columns[0]).toBe('dbo Users UserCode 4 int 10 4');
      expect(columns[1]).toBe('dbo Users FullName 12 varchar 80 80');
      expect(columns.length).toBe(7);
    });

    it('describes no table that is not there', async () => {
      expect((await isql(config, 'help NoSuchTable')).stdout.trim()).toBe('');
    });

    it('calls procedures', async () => {
      expect((await isql(config, 'sp_pkeys Patients')).stdout.trim()).toBe(
        'sys2000|dbo|Patients|PatientCode|1|PK_Patients',
      );
      expect((await isql(config, 'EXEC sp_nope')).output).toMatch(/Could not find stored procedure 'sp_nope'/);
    });

    it('reads types and nulls', async () => {
      const { stdout } = await isql(
        config,
        'SELECT a_int, a_smallint, a_tinyint, a_bigint, a_bit, a_char, a_varchar, a_nvarchar, a_text, a_ntext, a_datetime, a_smalldatetime, a_money, a_decimal, a_float, a_uniqueidentifier FROM types.dbo.AllTypes WHERE id < 3 ORDER BY id',
      );
      const [high, nulls] = stdout.trim().split('\n');
      expect(high).toBe(
        [
          '2147483647',
          '32767',
          '255',
          '9223372036854775807',
          '1',
          'abç   ',
          cp1252Text,
          unicodeText,
          `text ${cp1252Text}`,
          `ntext ${unicodeText}`,
        ]
          .concat([
            '2009-12-31 23:59:59.997',
            '2079-06-06 23:59:00',
            '1234567.8901',
            '12345678901.2345',
            '1234.5625',
            guid,
          ])
          .join('|'),
      );
      expect(nulls).toBe('|'.repeat(15));
    });

    it.each(statementErrors)('error %i', async (number, statement) => {
      expect((await isql(config, statement)).output).toContain(`[SQL Server]`);
      expect((await isql(config, statement)).output).toMatch(
        number === 102 ? /syntax/ : /Invalid (object|column) name/,
      );
    });

    it('no right to read: 229', async () => {
      expect((await isql(config, 'SELECT * FROM dbo.PatientNotes', noNotes)).output).toMatch(
        /SELECT permission was denied on the object 'PatientNotes'/,
      );
    });

    it('wrong password', async () => {
      expect((await isql(config, 'SELECT 1', { ...reader, password: 'guess' })).output).toMatch(
        /Login failed for user 'flynotes_reader'/,
      );
    });

    it.each([
      ['deadlock', /deadlock/],
      ['lock-timeout', /Lock request time out/],
    ] as const)('%s', async (kind, expected) => {
      server.faults.add({ kind, times: 1, matching: /Patients/ });
      expect((await isql(config, 'SELECT Surname FROM dbo.Patients')).output).toMatch(expected);
    });
  });
});
