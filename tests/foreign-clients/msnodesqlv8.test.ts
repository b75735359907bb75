import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { R4Server, TlsMode } from '@flynotes/sandbox/r4-server';
import { configureFreeTds, freeTdsDriver, type Encryption, type FreeTds } from './freetds.ts';
import { presenceOf } from './programs.ts';
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

/** What these tests use of the driver. */
interface NativeConnection {
  query(
    statement: string,
    parameters: readonly unknown[],
    done: (error: NativeError | null, rows?: Record<string, unknown>[], more?: boolean) => void,
  ): void;
  close(done: (error: NativeError | null) => void): void;
}
interface NativeError extends Error {
  readonly code?: number;
}
interface NativeDriver {
  open(connectionString: string, done: (error: NativeError | null, connection: NativeConnection) => void): void;
}

const require = createRequire(import.meta.url);
const driverFile = await freeTdsDriver();

const load = (): { native?: NativeDriver; reason: string } => {
  try {
    return { native: require('msnodesqlv8') as NativeDriver, reason: '' };
  } catch (error) {
    return { reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
};
const { native, reason } = load();
const { present, message } = presenceOf(
  'msnodesqlv8 over FreeTDS',
  native !== undefined && driverFile !== undefined,
  `Install Debian's packages libodbc2 and tdsodbc, then the optional dependency msnodesqlv8. ${reason}`,
);

const open = (connectionString: string): Promise<NativeConnection> =>
  new Promise((resolve, reject) => {
    native?.open(connectionString, (error, connection) => (error ? reject(error) : resolve(connection)));
  });
const query = (
  connection: NativeConnection,
  statement: string,
  parameters: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> =>
  new Promise((resolve, reject) => {
    connection.query(statement, parameters, (error, rows, more) => {
      if (error) reject(error);
      else if (more !== true) resolve(rows ?? []);
    });
  });
const close = (connection: NativeConnection): Promise<void> =>
  new Promise((resolve) => connection.close(() => resolve()));

const modes: readonly (readonly [TlsMode, Encryption])[] = [
  ['off', 'off'],
  ['1.2', 'require'],
  ['1.0-only', 'require'],
];

describe.runIf(present)(`msnodesqlv8: ${message}`, () => {
  it.each(modes)('logs in with TLS %s (Encryption=%s) and reads', async (tls, encryption) => {
    await using server = await startSimulator(tls);
    await using config = await configureFreeTds(server.port, encryption, driverFile);
    const connection = await open(config.connectionString(reader));
    expect(await query(connection, 'SELECT COUNT(*) AS n FROM dbo.Patients')).toEqual([{ n: patients }]);
    await close(connection);
  });

  describe('without encryption', () => {
    let server: R4Server;
    let config: FreeTds;
    let connection: NativeConnection;
    beforeAll(async () => {
      server = await startSimulator();
      config = await configureFreeTds(server.port, 'off', driverFile);
      connection = await open(config.connectionString(reader));
    });
    afterAll(async () => {
      await close(connection);
      await config[Symbol.asyncDispose]();
      await server.close();
    });

    it('takes parameters', async () => {
      const rows = await query(
        connection,
        'SELECT TOP (2) PatientCode FROM dbo.Patients WHERE PatientCode > ? ORDER BY PatientCode',
        [1_000_010],
      );
      expect(rows).toEqual([{ PatientCode: 1_000_011 }, { PatientCode: 1_000_012 }]);
    });

    it('reads each type and its nulls', async () => {
      const [high = {}, nulls = {}] = await query(
        connection,
        `SELECT ${typeColumns.join(', ')} FROM types.dbo.AllTypes WHERE id < 3 ORDER BY id`,
      );
      expect(high).toMatchObject({
        a_int: 2_147_483_647,
        a_smallint: 32_767,
        a_tinyint: 255,
        a_bit: true,
        a_char: 'abç   ',
        a_varchar: cp1252Text,
        a_nvarchar: unicodeText,
        a_varcharmax: longText,
        a_text: `text ${cp1252Text}`,
        a_ntext: `ntext ${unicodeText}`,
        a_money: 1_234_567.8901,
        a_decimal: 12_345_678_901.2345,
        a_float: 1234.5625,
        a_uniqueidentifier: guid,
      });
      expect([...(high['a_image'] as Buffer)]).toEqual([...pictureBytes]);
      expect(Object.values(nulls)).toEqual(typeColumns.map(() => null));
    });

    it('reads every patient', async () => {
      expect((await query(connection, 'SELECT * FROM dbo.Patients')).length).toBe(patients);
    });

    it.each(statementErrors)('error %i', async (number, statement) => {
      await expect(query(connection, statement)).rejects.toMatchObject({ code: number });
    });

    it('no right to read: 229', async () => {
      const other = await open(config.connectionString(noNotes));
      await expect(query(other, 'SELECT * FROM dbo.PatientNotes')).rejects.toMatchObject({ code: 229 });
      await close(other);
    });

    it('wrong password and wrong database', async () => {
      await expect(open(config.connectionString({ ...reader, password: 'guess' }))).rejects.toThrow(
        /Login failed for user/,
      );
      await expect(open(config.connectionString({ ...reader, database: 'nowhere' }))).rejects.toThrow(
        /Cannot open database|Login failed/,
      );
    });

    it.each([
      ['deadlock', 1205],
      ['lock-timeout', 1222],
    ] as const)('%s: %i', async (kind, number) => {
      server.faults.add({ kind, times: 1, matching: /Patients/ });
      await expect(query(connection, 'SELECT Surname FROM dbo.Patients')).rejects.toMatchObject({ code: number });
    });
  });
});
