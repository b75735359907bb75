import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArgumentError, asFault, readArguments } from './arguments.ts';

describe('readArguments', () => {
  it('leaves what is not given to the server', () => {
    expect(readArguments([])).toEqual({ server: {}, faults: [], untilStdinCloses: false, events: false });
  });

  it('reads everything', () => {
    const line =
      '--host ::1 --port 1433 --patients 5 --seed 0 --dialect lower-case --tls 1.0-only --force-encryption --events --until-stdin-closes';
    expect(
      readArguments([...line.split(' '), '--fault', '{"kind":"deadlock","times":2,"matching":"Patients"}']),
    ).toEqual({
      server: {
        host: '::1',
        port: 1433,
        patients: 5,
        seed: 0,
        dialect: 'lower-case',
        tls: '1.0-only',
        forceEncryption: true,
      },
      faults: [{ kind: 'deadlock', times: 2, matching: /Patients/i }],
      untilStdinCloses: true,
      events: true,
    });
  });

  it.each([
    [['--patients', 'many'], /--patients takes a whole number from 0 to 5000000, not "many"/],
    [['--patients', '-1'], /patients/],
    [['--patients', '5000001'], /5000000/],
    [['--patients', '1e3'], /whole number/],
    [['--port', '65536'], /65535/],
    [['--dialect', 'Classic'], /classic, address-table, lower-case, medical-history/],
    [['--tls', '1.3'], /off, 1.2, 1.0-only/],
    [['--fault', '{'], /JSON/],
    [['--fault', '{"kind":"earthquake"}'], /no fault the server knows/],
    [['--fault', '{"kind":"delay"}'], /delayMs/],
    [['--fault', '{"kind":"deadlock","matching":"("}'], /regular expression/],
    [['--logins', '/no/such/file.json'], /logins/],
    [['--nonsense'], /nonsense/],
    [['stray'], /stray/],
  ])('refuses %j', (args, expected) => {
    expect(() => readArguments(args)).toThrow(ArgumentError);
    expect(() => readArguments(args)).toThrow(expected);
  });

  it('takes logins from a file, and refuses a file of something else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'logins-'));
    try {
      const file = join(folder, 'logins.json');
      const login = { user: 'a', password: 'b', defaultDatabase: 'sys2000', role: 'reader', denied: ['dbo.Patients'] };
      await writeFile(file, JSON.stringify([login]));
      expect(readArguments(['--logins', file])).toMatchObject({ server: { logins: [login] } });
      await writeFile(file, JSON.stringify([{ user: 'a' }]));
      expect(() => readArguments(['--logins', file])).toThrow(/defaultDatabase/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('asFault', () => {
  it.each([null, 7, 'deadlock', [], {}, { kind: 'cut', afterRows: -1 }, { kind: 'refuse', extra: 1 }])(
    'refuses %j',
    (value) => {
      expect(() => asFault(value)).toThrow(ArgumentError);
    },
  );
});
