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
  unicodeText,
} from './simulator.ts';

const { present, message } = presenceOf('bsqldb', isInstalled('bsqldb'), "Install Debian's package freetds-bin.");

type Login = { readonly user: string; readonly password: string; readonly database?: string };

const bsqldb = (
  { server, env }: FreeTds,
  script: string,
  { user, password, database = 'sys2000' }: Login = reader,
): Promise<Outcome> =>
  runProgram('bsqldb', ['-S', server, '-U', user, '-P', password, '-D', database, '-q', '-t', '|'], {
    env,
    input: `${script}\ngo\n`,
  });

const modes: readonly (readonly [TlsMode, Encryption])[] = [
  ['off', 'off'],
  ['1.2', 'require'],
  ['1.0-only', 'require'],
];

describe.runIf(present)(`bsqldb: ${message}`, () => {
  it.each(modes)('logs in with TLS %s (encryption = %s) and reads', async (tls, encryption) => {
    await using server = await startSimulator(tls);
    await using config = await configureFreeTds(server.port, encryption, undefined);
    expect((await bsqldb(config, 'SELECT COUNT(*) AS n FROM dbo.Patients')).stdout.trim()).toBe(String(patients));
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

    it('runs a script of batches', async () => {
      const { stdout } = await bsqldb(
        config,
        'SELECT TOP 2 PatientCode FROM dbo.Patients ORDER BY PatientCode\ngo\nUSE Tutor\ngo\nSELECT DB_NAME()',
      );
      expect(stdout.split(/\s+/).filter(Boolean)).toEqual(['1000000', '1000001', 'Tutor']);
    });

    it('reads every patient', async () => {
      const { stdout } = await bsqldb(config, 'SELECT PatientCode FROM dbo.Patients ORDER BY PatientCode');
      expect(stdout.trim().split(/\s+/).length).toBe(patients);
    });

    // bsqldb itself cannot show a uniqueidentifier ("type 36 not supported, sorry").
    it('reads types and nulls', async () => {
      const { stdout } = await bsqldb(
        config,
        'SELECT a_int, a_smallint, a_tinyint, a_bigint, a_bit, a_char, a_varchar, a_nvarchar, a_money, a_decimal, a_float, CAST(a_uniqueidentifier AS varchar(36)) AS g FROM dbo.AllTypes WHERE id < 3 ORDER BY id',
        { ...reader, database: 'types' },
      );
      expect(stdout).toMatch(/2147483647\|\s*32767\|\s*255\|\s*9223372036854775807\|\s*1\|abç/);
      for (const piece of [cp1252Text, unicodeText, '1234567.8901', '12345678901.2345', '1234.5625', guid])
        expect(stdout).toContain(piece);
      expect(stdout.match(/NULL/g)?.length).toBe(12);
    });

    it.each(statementErrors)('error %i', async (number, statement) => {
      expect((await bsqldb(config, statement)).output).toMatch(new RegExp(`Msg ${number}, Level`));
    });

    it('no right to read: 229', async () => {
      expect((await bsqldb(config, 'SELECT * FROM dbo.PatientNotes', noNotes)).output).toContain('Msg 229, Level 14');
    });

    it('wrong password: 18456; wrong database: 4060', async () => {
      expect((await bsqldb(config, 'SELECT 1', { ...reader, password: 'guess' })).output).toContain(
        'Msg 18456, Level 14',
      );
      expect((await bsqldb(config, 'SELECT 1', { ...reader, database: 'nowhere' })).output).toMatch(/nowhere/);
    });

    it.each([
      ['deadlock', 1205],
      ['lock-timeout', 1222],
    ] as const)('%s: %i', async (kind, number) => {
      server.faults.add({ kind, times: 1, matching: /Patients/ });
      expect((await bsqldb(config, 'SELECT Surname FROM dbo.Patients')).output).toContain(`Msg ${number}, Level`);
    });
  });
});
