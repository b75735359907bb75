import { createServer, type AddressInfo } from 'node:net';
import { createR4Server, defaultLogins, type R4ServerOptions } from '@flynotes/sandbox/r4-server';
import { createVirtualClock, type VirtualClock } from '@flynotes/testkit';
import { describe, expect, test } from 'vitest';
import { isAgentError } from '../runtime/index.ts';
import { testDrivers, type TestDriver } from './driver-rig.ts';
import { allPages, createPracticeRig } from './practice-rig.ts';

const startRigOver = async (driver: TestDriver, options: R4ServerOptions = {}, clock?: VirtualClock) =>
  createPracticeRig(driver.reached(await createR4Server({ patients: 300, seed: 7, ...options })), clock);

const signal = new AbortController().signal;
/** Of a virtual clock, so that no limit is met by a machine that is merely slow. */
const longerThanAnyLimitMs = 120_000;

async function failureOf(
  work: Promise<unknown>,
): Promise<{ code: string; details: Readonly<Record<string, unknown>>; message: string }> {
  try {
    await work;
  } catch (error) {
    if (isAgentError(error)) return { code: error.code, details: error.details, message: error.message };
    throw error;
  }
  throw new Error('nothing failed');
}

for (const driver of testDrivers) {
  describe.runIf(driver.present)(`over ${driver.title}`, () => {
    const startRig = (options: R4ServerOptions = {}, clock?: VirtualClock) => startRigOver(driver, options, clock);

    describe('opening', () => {
      test('wrong password', async () => {
        await using rig = await startRig();
        const failure = await failureOf(
          rig.open({ database: rig.server.connectionString().replace('reader-password', 'guess') }),
        );
        expect(failure).toMatchObject({ code: 'PRACTICE_LOGIN_FAILED', details: { number: 18_456 } });
        expect(failure.message).not.toContain('guess');
        expect(rig.server.connections()).toBe(0);
      });

      test.each([
        [18_470, 'PRACTICE_LOGIN_DISABLED'],
        [18_486, 'PRACTICE_LOGIN_DISABLED'],
        [18_487, 'PRACTICE_PASSWORD_EXPIRED'],
        [18_488, 'PRACTICE_PASSWORD_EXPIRED'],
        [18_452, 'PRACTICE_LOGIN_UNTRUSTED'],
        [17_142, 'PRACTICE_SERVER_PAUSED'],
        [18_461, 'PRACTICE_SERVER_PAUSED'],
        [6005, 'PRACTICE_SERVER_STOPPING'],
        [4060, 'PRACTICE_DATABASE_UNAVAILABLE'],
        [942, 'PRACTICE_DATABASE_OFFLINE'],
        [927, 'PRACTICE_DATABASE_RESTORING'],
        [924, 'PRACTICE_DATABASE_SINGLE_USER'],
      ])('the login is refused with %i', async (number, code) => {
        await using rig = await startRig();
        rig.server.faults.add({ kind: 'login-failure', number });
        const failure = await failureOf(rig.open());
        expect(failure).toMatchObject({ code, details: { number } });
        expect(failure.message).not.toContain('flynotes_reader');
        await expect.poll(() => rig.server.connections()).toBe(0);
      });

      test('a login that was disabled', async () => {
        const login = { ...defaultLogins[0]!, user: 'disabled', failure: 18_470 };
        await using rig = await startRig({ logins: [...defaultLogins, login] });
        const failure = await failureOf(rig.open({ database: rig.server.connectionString('disabled') }));
        expect(failure).toMatchObject({ code: 'PRACTICE_LOGIN_DISABLED', details: { number: 18_470 } });
      });

      test('a database that is not there', async () => {
        await using rig = await startRig();
        const failure = await failureOf(
          rig.open({ database: rig.server.connectionString().replace('sys2000', 'sys2001') }),
        );
        expect(failure).toMatchObject({
          code: 'PRACTICE_DATABASE_UNAVAILABLE',
          details: { number: 4060, reason: expect.stringMatching(/no database/) },
        });
      });

      test('a database that the login may not open', async () => {
        await using rig = await startRig({ logins: [{ ...defaultLogins[0]!, databases: ['master'] }] });
        expect(await failureOf(rig.open())).toMatchObject({
          code: 'PRACTICE_DATABASE_UNAVAILABLE',
          details: { number: 4060, reason: expect.stringMatching(/may not open/) },
        });
      });

      test.each([
        ['OFFLINE', 'PRACTICE_DATABASE_OFFLINE'],
        ['SUSPECT', 'PRACTICE_DATABASE_OFFLINE'],
        ['RECOVERY_PENDING', 'PRACTICE_DATABASE_OFFLINE'],
        ['RESTORING', 'PRACTICE_DATABASE_RESTORING'],
        ['RECOVERING', 'PRACTICE_DATABASE_RESTORING'],
        ['SINGLE_USER', 'PRACTICE_DATABASE_SINGLE_USER'],
      ] as const)(
        'a database that is %s: what the login alone does not say is asked beside it',
        async (condition, code) => {
          await using rig = await startRig();
          rig.server.engine.setDatabaseCondition('sys2000', condition);
          expect(await failureOf(rig.open())).toMatchObject({ code, details: { number: 4060 } });
          rig.server.engine.setDatabaseCondition('sys2000', 'ONLINE');
          await using reader = await rig.open();
          await reader.ping(signal);
        },
      );

      test('a database without patients', async () => {
        await using rig = await startRig();
        rig.server.engine.createDatabase('empty');
        const failure = await failureOf(
          rig.open({ database: rig.server.connectionString().replace('sys2000', 'empty') }),
        );
        expect(failure).toMatchObject({ code: 'PRACTICE_SCHEMA_UNSUPPORTED', details: { entity: 'patient' } });
        expect(failure.message).toContain('Patients');
      });

      test('nobody listens', async () => {
        await using rig = await startRig();
        const database = rig.server.connectionString();
        await rig.server.close();
        expect(await failureOf(rig.open({ database }))).toMatchObject({
          code: 'PRACTICE_UNREACHABLE',
          details: { host: `127.0.0.1:${rig.server.port}` },
        });
      });

      test('no such host', async () => {
        await using rig = await startRig();
        const failure = await failureOf(
          rig.open({ database: driver.string('Server=no-such-host.invalid,1433;UID=a;PWD=b;Encrypt=no') }),
        );
        expect(failure.code).toBe('PRACTICE_UNREACHABLE');
      });

      test('the connection is reset', async () => {
        await using rig = await startRig();
        rig.server.faults.add({ kind: 'refuse' });
        expect((await failureOf(rig.open())).code).toBe('PRACTICE_UNREACHABLE');
      });

      test('a firewall swallows everything', async () => {
        await using rig = await startRig();
        rig.server.faults.add({ kind: 'black-hole', at: 'connect' });
        expect((await failureOf(rig.open({ connectTimeoutMs: 150 }))).code).toBe('PRACTICE_NO_ANSWER');
      });

      test('something else listens', async () => {
        const other = createServer(
          (socket) => void socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
        );
        await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
        try {
          await using rig = await startRig();
          const { port } = other.address() as AddressInfo;
          const database = driver.string(`Server=127.0.0.1,${port};UID=a;PWD=b;Encrypt=no`);
          expect((await failureOf(rig.open({ database, connectTimeoutMs: 500 }))).code).toBe('PRACTICE_UNREACHABLE');
        } finally {
          other.close();
        }
      });

      test('an abort ends the wait and leaves no connection', async () => {
        await using rig = await startRig();
        rig.server.faults.add({ kind: 'black-hole', at: 'statement' });
        const stop = new AbortController();
        const opening = rig.connector().open(stop.signal);
        setTimeout(() => stop.abort(new Error('stopping')), 100);
        await expect(opening).rejects.toThrow('stopping');
        await expect.poll(() => rig.server.connections()).toBe(0);
      });
    });

    describe('encryption', () => {
      test.each(['1.2', '1.0-only'] as const)('over TLS %s', async (tls) => {
        await using rig = await startRig({ tls });
        await using reader = await rig.open();
        expect((await allPages(reader, 200)).flatMap((page) => page.rows)).toHaveLength(300);
      });

      test('encryption asked of a server that has none: refused, and nobody logged in', async () => {
        const logins: string[] = [];
        await using rig = await startRig({
          onEvent: (event) => void (event.kind.startsWith('login') && logins.push(event.kind)),
        });
        const encrypted = driver.string(rig.server.plainString().replace('Encrypt=no', 'Encrypt=yes'));
        const failure = await failureOf(rig.open({ database: encrypted }));
        expect(failure.code).toMatch(/^PRACTICE_(?:TLS_FAILED|UNREACHABLE)$/);
        expect(logins).toEqual([]);
      });

      test('a server that forces encryption on a client told not to: told as such, or encrypted', async () => {
        const scopes: string[] = [];
        await using rig = await startRig({
          tls: '1.2',
          forceEncryption: true,
          onEvent: (event) => void (event.kind === 'login' && scopes.push(event.encryption)),
        });
        const plain = driver.string(rig.server.plainString().replace('Encrypt=yes', 'Encrypt=no'));
        const outcome = await rig.open({ database: plain }).then(
          async (reader) => reader[Symbol.asyncDispose](),
          (error: unknown) => error,
        );
        if (isAgentError(outcome)) expect(outcome.code).toMatch(/^PRACTICE_(?:ENCRYPTION_REQUIRED|UNREACHABLE)$/);
        else expect(scopes.length).toBeGreaterThan(0);
        for (const scope of scopes) expect(scope).toBe('whole-connection');
      });

      // FreeTDS trusts every certificate, encrypts where the server demands it, and calls every failure of it the same.
      if (driver.name === 'msnodesqlv8') return;

      test('TLS 1.2 with a certificate that nobody signed: refused unless told to trust it', async () => {
        await using rig = await startRig({ tls: '1.2' });
        const trusting = rig.server.connectionString();
        await using reader = await rig.open({ database: trusting });
        await reader.ping(signal);
        const failure = await failureOf(
          rig.open({ database: trusting.replace('TrustServerCertificate=yes', 'TrustServerCertificate=no') }),
        );
        expect(failure.code).toBe('PRACTICE_TLS_FAILED');
      });

      test('a server that speaks TLS 1.0 alone is reached, and that is said', async () => {
        await using rig = await startRig({ tls: '1.0-only' });
        await using reader = await rig.open();
        expect((await allPages(reader, 200)).flatMap((page) => page.rows)).toHaveLength(300);
        expect(rig.log.events).toContainEqual({
          name: 'warning',
          fields: { code: 'PRACTICE_TLS_OLD', area: 'practice' },
        });
        expect(reader.schema.warnings).toContain('PRACTICE_TLS_OLD');
      });

      test('encryption asked of a server that has none', async () => {
        await using rig = await startRig();
        const failure = await failureOf(
          rig.open({ database: driver.string(rig.server.plainString().replace('Encrypt=no', 'Encrypt=yes')) }),
        );
        expect(failure.code).toBe('PRACTICE_TLS_FAILED');
      });

      test('a server that forces encryption on a client told not to', async () => {
        await using rig = await startRig({ tls: '1.2', forceEncryption: true });
        const failure = await failureOf(
          rig.open({ database: driver.string(rig.server.plainString().replace('Encrypt=yes', 'Encrypt=no')) }),
        );
        expect(failure.code).toBe('PRACTICE_ENCRYPTION_REQUIRED');
      });
    });

    describe('reading', () => {
      const ofPatients = /FROM \[dbo\]\.\[Patients\]/;

      test.each([
        ['a deadlock', { kind: 'deadlock', matching: ofPatients, times: 2 }],
        ['a lock', { kind: 'lock-timeout', matching: ofPatients, times: 2 }],
        ['a deadlock amidst the rows', { kind: 'deadlock', matching: ofPatients, times: 1, afterRows: 50 }],
        ['a connection cut in the middle of a page', { kind: 'cut', matching: ofPatients, times: 2, afterRows: 77 }],
        ['a connection cut before a row', { kind: 'cut', matching: ofPatients, times: 1 }],
      ] as const)('%s passes by itself: nothing is missing, nothing comes twice', async (_, fault) => {
        await using rig = await startRig();
        await using reader = await rig.open();
        rig.server.faults.add(fault);
        const codes = (await allPages(reader, 100)).flatMap((page) => page.rows.map((row) => row.patientCode));
        expect(rig.server.faults.fired(fault.kind)).toBe(fault.times);
        expect(codes).toHaveLength(300);
        expect(new Set(codes).size).toBe(300);
      });

      test.each([
        ['a deadlock', { kind: 'deadlock', times: 2 }],
        ['a lock', { kind: 'lock-timeout', times: 2 }],
        ['a connection cut amidst the answer', { kind: 'cut', times: 2, afterRows: 40 }],
        ['data that moved', { kind: 'data-moved', number: 601, times: 2 }],
      ] as const)('%s while the catalogue is read passes by itself', async (_, fault) => {
        await using rig = await startRig();
        rig.server.faults.add({ ...fault, matching: /INFORMATION_SCHEMA\.COLUMNS/ });
        await using reader = await rig.open();
        expect(rig.server.faults.fired(fault.kind)).toBe(2);
        expect(reader.schema.missing).toEqual([]);
      });

      test.each([
        ['deadlock', 'PRACTICE_DEADLOCK'],
        ['lock-timeout', 'PRACTICE_LOCK_TIMEOUT'],
        ['cut', 'PRACTICE_CONNECTION_LOST'],
      ] as const)('a %s without end gets its code after the tries are used up', async (kind, code) => {
        await using rig = await startRig();
        await using reader = await rig.open({ tries: 2 });
        const mend = rig.server.faults.add({ kind, matching: ofPatients });
        expect((await failureOf(reader.readBasicsPage(null, 100, signal))).code).toBe(code);
        expect(rig.server.faults.fired(kind)).toBe(2);
        mend();
        expect((await reader.readBasicsPage(null, 100, signal)).rows).toHaveLength(100);
      });

      test('a server that falls silent is left by the watchdog, and asked again on the next call', async () => {
        const clock = createVirtualClock();
        await using rig = await startRig({}, clock);
        await using reader = await rig.open();
        rig.server.faults.add({ kind: 'black-hole', at: 'statement', matching: ofPatients, times: 1 });
        const failed = failureOf(reader.readBasicsPage(null, 100, signal));
        await expect.poll(() => rig.server.faults.fired('black-hole')).toBe(1);
        await clock.advance(longerThanAnyLimitMs);
        expect(await failed).toMatchObject({
          code: 'PRACTICE_TIMEOUT',
          details: { reason: 'watchdog' },
        });
        expect((await reader.readBasicsPage(null, 100, signal)).rows).toHaveLength(100);
      });

      test('calls given up in a hurry leave nothing open, and the next one is not disturbed', async () => {
        const clock = createVirtualClock();
        await using rig = await startRig({}, clock);
        {
          await using reader = await rig.open();
          rig.server.faults.add({ kind: 'black-hole', at: 'statement', matching: ofPatients, times: 4 });
          for (let round = 0; round < 4; round += 1) {
            const failed = failureOf(reader.readBasicsPage(null, 10, signal));
            const given = reader.readBasicsPage(null, 10, AbortSignal.abort(new Error('no longer')));
            await expect(given).rejects.toThrow('no longer');
            await expect.poll(() => rig.server.faults.fired('black-hole')).toBe(round + 1);
            await clock.advance(longerThanAnyLimitMs);
            expect((await failed).code).toBe('PRACTICE_TIMEOUT');
          }
          expect((await reader.readBasicsPage(null, 10, signal)).rows).toHaveLength(10);
          expect(rig.server.connections()).toBeLessThanOrEqual(2);
        }
        await expect.poll(() => rig.server.connections()).toBe(0);
      });

      test('a patient is read while a page hangs', async () => {
        await using rig = await startRig();
        await using reader = await rig.open();
        rig.server.faults.add({ kind: 'black-hole', at: 'statement', matching: /TOP \(/, times: 1 });
        const stop = new AbortController();
        const page = reader.readBasicsPage(null, 100, stop.signal);
        expect((await reader.readPatient(1_000_005, signal))?.basics.patientCode).toBe(1_000_005);
        stop.abort(new Error('enough'));
        await expect(page).rejects.toThrow('enough');
      });

      test('the server was restarted: the next call connects again', async () => {
        await using rig = await startRig();
        await using reader = await rig.open();
        await reader.readPatient(1_000_005, signal);
        const { port } = rig.server;
        await rig.server.close();
        expect((await failureOf(reader.readPatient(1_000_005, signal))).code).toMatch(
          /^PRACTICE_(?:UNREACHABLE|CONNECTION_LOST)$/,
        );
        await using again = await startRig({ port });
        expect(again.server.port).toBe(port);
        expect((await reader.readPatient(1_000_005, signal))?.basics.patientCode).toBe(1_000_005);
        expect((await reader.readBasicsPage(null, 10, signal)).rows).toHaveLength(10);
      });

      test('the login was disabled meanwhile: said as such, not as a broken line', async () => {
        await using rig = await startRig();
        await using reader = await rig.open({ tries: 2 });
        rig.server.faults.add({ kind: 'cut', matching: ofPatients, times: 1 });
        rig.server.faults.add({ kind: 'login-failure', number: 4060 });
        expect((await failureOf(reader.readBasicsPage(null, 10, signal))).code).toBe('PRACTICE_DATABASE_UNAVAILABLE');
      });
    });

    describe('rights', () => {
      test('no right to read the patients: the table’s name, and nothing of the server’s text', async () => {
        await using rig = await startRig({ logins: [{ ...defaultLogins[0]!, denied: ['dbo.Patients'] }] });
        const failure = await failureOf(rig.open());
        expect(failure).toMatchObject({
          code: 'PRACTICE_PERMISSION_DENIED',
          details: { number: 229, name: 'Patients' },
        });
        expect(Object.keys(failure.details)).toEqual(['number', 'name']);
      });

      test('no right to read the addresses: nobody is said to have none', async () => {
        await using rig = await startRig({
          dialect: 'address-table',
          logins: [{ ...defaultLogins[0]!, denied: ['dbo.Addresses'] }],
        });
        expect(await failureOf(rig.open())).toMatchObject({
          code: 'PRACTICE_PERMISSION_DENIED',
          details: { name: 'Addresses' },
        });
      });

      test('no right to read the alerts: the rest is read, and the part is marked', async () => {
        await using rig = await startRig({ logins: [{ ...defaultLogins[0]!, denied: ['dbo.MedicalAlerts'] }] });
        await using reader = await rig.open();
        expect(reader.schema.missing).toEqual([
          { entity: 'medicalAlert', reason: 'denied', candidates: ['MedicalAlerts'] },
        ]);
        expect((await reader.readPatient(1_000_005, signal))?.unavailable).toEqual(['medical-alerts']);
      });

      test('no right to one column that can be done without: everything else is read, and that is said', async () => {
        await using rig = await startRig({
          logins: [{ ...defaultLogins[0]!, denied: ['dbo.Patients.EMail', 'dbo.Patients.NHSNumber'] }],
        });
        await using reader = await rig.open();
        const byField = reader.schema.missing.toSorted((one, other) => (one.field! < other.field! ? -1 : 1));
        expect(byField).toEqual([
          { entity: 'patient', field: 'email', reason: 'denied', candidates: ['Patients.EMail'] },
          { entity: 'patient', field: 'nhsNumber', reason: 'denied', candidates: ['Patients.NHSNumber'] },
        ]);
        expect(reader.schema.warnings).toEqual(['PRACTICE_PERMISSION_DENIED']);
        expect(reader.schema.grants.columns.map(({ table, column }) => `${table}.${column}`).toSorted()).toEqual([
          'Patients.EMail',
          'Patients.NHSNumber',
        ]);
        const rows = (await allPages(reader, 100)).flatMap((page) => page.rows);
        expect(rows.length).toBeGreaterThan(250);
        expect(rows.every((row) => row.emails.length === 0 && row.nhsNumber === null)).toBe(true);
        expect(rows.some((row) => row.dateOfBirth !== null && row.mobilePhones.some((phone) => phone !== null))).toBe(
          true,
        );
      });

      test.each([
        ['dbo.Patients.Surname', 'Patients', 'Surname'],
        ['dbo.Patients.Address1', 'Patients', 'Address1'],
        ['dbo.Patients.PatientCode', 'Patients', 'PatientCode'],
      ])(
        'no right to %s, without which nobody is who he is: refused, with both names',
        async (denied, name, column) => {
          await using rig = await startRig({ logins: [{ ...defaultLogins[0]!, denied: [denied] }] });
          expect(await failureOf(rig.open())).toMatchObject({
            code: 'PRACTICE_PERMISSION_DENIED',
            details: { number: 230, name, column },
          });
        },
      );

      test('no right to a column of a part: the part is missing, and the column named', async () => {
        await using rig = await startRig({
          logins: [{ ...defaultLogins[0]!, denied: ['dbo.CompletedQuestionnaire.Notes'] }],
        });
        await using reader = await rig.open();
        expect(reader.schema.missing).toContainEqual({
          entity: 'completedQuestionnaire',
          reason: 'denied',
          candidates: ['CompletedQuestionnaire.Notes'],
        });
        expect((await reader.readPatient(1_000_005, signal))?.unavailable).toContain('questionnaires');
      });

      test('a right that is taken away while the agent runs: the next call goes on without', async () => {
        const denied: string[] = [];
        await using rig = await startRig({ logins: [{ ...defaultLogins[0]!, denied }] });
        await using reader = await rig.open();
        expect(reader.schema.warnings).toEqual([]);
        denied.push('dbo.MedicalAlerts');
        expect((await reader.readPatient(1_000_005, signal))?.unavailable).toEqual(['medical-alerts']);
        expect(reader.schema.warnings).toEqual(['PRACTICE_PERMISSION_DENIED']);
        denied.push('dbo.Patients');
        expect((await failureOf(reader.readBasicsPage(null, 50, signal))).code).toBe('PRACTICE_PERMISSION_DENIED');
      });

      test('no right to read the preset answers: nothing is sent', async () => {
        await using rig = await startRig({
          logins: [{ ...defaultLogins[0]!, denied: ['dbo.QuestionnairePresetAnswers'] }],
        });
        await using reader = await rig.open();
        expect((await failureOf(reader.readPresetAnswers(signal))).code).toBe('QUESTIONNAIRE_PRESETS_UNKNOWN');
        expect((await reader.readQuestions(signal)).length).toBeGreaterThan(10);
      });
    });

    describe('the right to write', () => {
      test.each([
        ['flynotes_reader', false, false],
        ['reception', true, false],
        ['one_table', true, false],
        ['sa', true, true],
      ])('%s', async (user, canWrite, sysadmin) => {
        // A table that is not even read.
        const oneTable = { ...defaultLogins[0]!, user: 'one_table', writable: ['dbo.Users'] };
        await using rig = await startRig({ logins: [...defaultLogins, oneTable] });
        await using reader = await rig.open({ database: rig.server.connectionString(user) });
        expect([reader.schema.canWrite, reader.schema.sysadmin]).toEqual([canWrite, sysadmin]);
      });
    });
  });
}
