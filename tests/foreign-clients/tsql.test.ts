import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { R4Server, TlsMode } from '@flynotes/sandbox/r4-server';
import { configureFreeTds, type Encryption, type FreeTds } from './freetds.ts';
import { isInstalled, presenceOf, runProgram, type Outcome } from './programs.ts';
import {
  cp1252Text,
  guid,
  noNotes,
  patients,
  reader,
  startSimulator,
  statementErrors,
  typeColumns,
  unicodeText,
} from './simulator.ts';

const { present, message } = presenceOf('tsql', isInstalled('tsql'), "Install Debian's package freetds-bin.");

type Login = { readonly user: string; readonly password: string; readonly database?: string };

/** `-o q`: rows and errors alone, without chatter. */
const tsql = (
  { server, env }: FreeTds,
  statement: string,
  { user, password, database = 'sys2000' }: Login = reader,
): Promise<Outcome> =>
  runProgram('tsql', ['-S', server, '-U', user, '-P', password, '-D', database, '-o', 'q', '-t', '|'], {
    env,
    input: `${statement}\ngo\nexit\n`,
  });

const modes: readonly (readonly [TlsMode, Encryption])[] = [
  ['off', 'off'],
  ['1.2', 'require'],
  ['1.0-only', 'require'],
];

describe.runIf(present)(`tsql: ${message}`, () => {
  it.each(modes)('logs in with TLS %s (encryption = %s) and reads', async (tls, encryption) => {
    await using server = await startSimulator(tls);
    await using config = await configureFreeTds(server.port, encryption, undefined);
    const { stdout, code } = await tsql(
      config,
      "SELECT COUNT(*) AS n, CAST(SERVERPROPERTY('ProductVersion') AS varchar(20)) AS v FROM dbo.Patients",
    );
    expect(stdout).toContain(`${patients}|10.50.4000.0`);
    expect(code).toBe(0);
  });

  describe('without encryption', () => {
    let server: R4Server;
    let config: FreeTds;
    beforeAll(async () => {
      server = await startSimulator();
      config = await configureFreeTds(server.port, 'off', undefined);
    });
    afterAll(async () => {
      await config[Symbol.asyncDispose]();
      await server.close();
    });

    it('reads each type and its nulls', async () => {
      const { stdout } = await tsql(
        config,
        `SELECT ${typeColumns.filter((name) => name !== 'a_varcharmax').join(', ')} FROM dbo.AllTypes WHERE id < 3 ORDER BY id`,
        {
          ...reader,
          database: 'types',
        },
      );
      for (const piece of [
        '2147483647|32767|255|9223372036854775807|1|abç   |',
        cp1252Text,
        unicodeText,
        `text ${cp1252Text}`,
        `ntext ${unicodeText}`,
      ]) {
        expect(stdout).toContain(piece);
      }
      for (const piece of [
        'Dec 31 2009 11:59PM',
        'Jun  6 2079 11:59PM',
        '1234567.8901',
        '12345678901.2345',
        '1234.5625',
        guid,
        '00017f80feff',
      ]) {
        expect(stdout).toContain(piece);
      }
      expect(stdout.match(/NULL/g)?.length).toBe(typeColumns.length - 1);
    });

    it.each(statementErrors)('error %i', async (number, statement) => {
      expect((await tsql(config, statement)).output).toMatch(
        new RegExp(`Msg ${number} \\(severity \\d+, state \\d+\\) from`),
      );
    });

    it('no right to read: 229', async () => {
      expect((await tsql(config, 'SELECT * FROM dbo.PatientNotes', noNotes)).output).toContain('Msg 229 (severity 14');
    });

    it('wrong password: 18456; wrong database: 4060', async () => {
      const refused = await tsql(config, 'SELECT 1', { ...reader, password: 'guess' });
      expect(refused.output).toContain('Msg 18456 (severity 14');
      expect(refused.code).not.toBe(0);
      expect((await tsql(config, 'SELECT 1', { ...reader, database: 'nowhere' })).output).toContain(
        'Msg 4060 (severity 11',
      );
    });

    it.each([
      ['deadlock', 1205],
      ['lock-timeout', 1222],
    ] as const)('%s: %i', async (kind, number) => {
      server.faults.add({ kind, times: 1, matching: /Patients/ });
      expect((await tsql(config, 'SELECT Surname FROM dbo.Patients')).output).toContain(`Msg ${number} (severity`);
    });

    it('several statements in a batch, several batches in a session', async () => {
      const { stdout } = await tsql(config, 'SELECT 11 AS a SELECT 22 AS b\ngo\nUSE Tutor\ngo\nSELECT DB_NAME()');
      expect(stdout.match(/11|22|Tutor/g)).toEqual(['11', '22', 'Tutor']);
    });
  });
});
