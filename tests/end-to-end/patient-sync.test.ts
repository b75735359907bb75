import { createServer, request as askUpstream } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { timesOf } from '@flynotes/testkit';
import { expect, test } from 'vitest';
import { bytesIn, createRig, eventually, type Rig } from './rig.ts';

/** Types into R4 as reception does, and gives the first column of what it shows. */
function reception(rig: Rig) {
  const session = rig.r4.engine.login({
    user: 'reception',
    password: 'reception-password',
    database: 'sys2000',
    applicationName: 'R4',
    hostName: 'reception-1',
  });
  return (sql: string): unknown[] => {
    const first: unknown[] = [];
    for (const result of session.execute(sql, [])) {
      if (result.kind === 'rows') for (const [value] of result.rows) first.push(value);
    }
    return first;
  };
}

/** Stands before flynotes-server and turns full records away while it is told to. */
async function startGate(upstream: string) {
  let closed = false;
  let turnedAway = 0;
  const server = createServer((request, response) => {
    if (closed && request.method === 'PUT') {
      turnedAway += 1;
      request.resume().on('end', () => response.writeHead(503).end());
      return;
    }
    const { method, headers, url = '/' } = request;
    const onwards = askUpstream(new URL(url, upstream), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onwards.on('error', () => response.destroy());
    request.pipe(onwards);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void (closed = true),
    open: () => void (closed = false),
    turnedAway: () => turnedAway,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const holds = (bytes: Buffer, text: string): boolean =>
  (['utf8', 'utf16le', 'latin1'] as const).some((encoding) => bytes.includes(Buffer.from(text, encoding)));

test('somebody typed in a second ago is found, and so is what was typed a second later', async () => {
  await using rig = await createRig({ patients: 200 });
  const type = reception(rig);
  rig.startAgent(rig.config());
  await eventually('the first pass', async () => (await rig.operator.passes(1))[0]?.status === 'equal' || null);
  const code = 1_900_000;
  const missing = await rig.operator.send({ type: 'patient-sync', patientCode: code });
  expect(await eventually('a result', () => rig.operator.result(missing))).toMatchObject({ outcome: 'not-found' });

  type(`INSERT INTO Patients (PatientCode, Forename, Surname) VALUES (${code}, 'Gwen', 'Walk-In')`);
  for (const surname of ['Walk-In', 'Nowak-Evans', 'Ó Briain']) {
    type(`UPDATE Patients SET Surname = N'${surname}' WHERE PatientCode = ${code}`);
    const messageId = await rig.operator.send({ type: 'patient-sync', patientCode: code });
    const result = await eventually('a result', () => rig.operator.result(messageId));
    expect(result).toMatchObject({ outcome: 'done', patientCode: code });
    expect(Object.keys(result.legs).sort()).toEqual(['dispatchedMs', 'mappedMs', 'queuedMs', 'readMs', 'uploadedMs']);
    expect((await rig.operator.patient(code))?.fullRecord?.basics.surname).toBe(surname);
  }
});

test('while Flynotes takes nothing, R4 is read again for each try, and nothing of the patient is kept', async () => {
  await using rig = await createRig({ patients: 200 });
  await using gate = await startGate(rig.flynotes.url);
  const type = reception(rig);
  const config = rig.config({ flynotesUrl: gate.url });
  const dataDir = String(config['dataDir']);
  rig.startAgent(config);
  await eventually('the first pass', async () => (await rig.operator.passes(1))[0]?.status === 'equal' || null);

  const code = 1_900_000;
  const canaries = ['Zyxwvanian', 'Qwertyuiopia', 'canary@example.com', 'XY9 8ZZ', 'Vwxyzallergia'];
  const [surname = '', forename = '', email = '', postcode = '', alert = ''] = canaries;
  gate.close();
  type(
    `INSERT INTO Patients (PatientCode, Forename, Surname, EMail, PostCode) VALUES (${code}, '${forename}', '${surname}', '${email}', '${postcode}')`,
  );
  type(`INSERT INTO MedicalAlerts (AlertID, PatientCode, Alert, Active) VALUES (9900001, ${code}, '${alert}', 1)`);
  const messageId = await rig.operator.send({ type: 'patient-sync', patientCode: code });
  await eventually('several tries', async () => (gate.turnedAway() >= 3 ? true : null));
  const during = bytesIn(dataDir);
  expect(during.byteLength).toBeGreaterThan(4_096);
  expect(canaries.filter((canary) => holds(during, canary))).toEqual([]);

  // What is sent in the end is what R4 holds then, not what it held when the message came.
  type(`UPDATE Patients SET Surname = 'Married-Since' WHERE PatientCode = ${code}`);
  gate.open();
  await eventually(
    'the record',
    async () => (await rig.operator.patient(code))?.fullRecord?.basics.surname === 'Married-Since' || null,
    60_000,
  );
  expect((await rig.operator.patient(code))?.fullRecord).toMatchObject({
    basics: { forename, emails: [email] },
    medicalAlerts: [{ text: alert }],
  });
  await eventually(
    'the result',
    async () => (await rig.operator.result(messageId))?.outcome === 'done' || null,
    60_000,
  );
  const afterwards = bytesIn(dataDir);
  expect([...canaries, 'Married-Since'].filter((canary) => holds(afterwards, canary))).toEqual([]);
}, 150_000);

test('a hundred patients during a pass: each arrives as R4 has it, and none waits for the pass', async () => {
  const long = timesOf(0, 1) === 1;
  const patients = long ? 1_000_000 : 6_000;
  await using rig = await createRig({ patients });
  const type = reception(rig);
  const inR4 = type('SELECT PatientCode FROM Patients ORDER BY PatientCode').map(Number);
  const codes = Array.from({ length: 100 }, (_, index) => inR4[Math.floor((index * inR4.length) / 100)] ?? 0);
  // The modest practice would be through before anybody has looked at anybody: its pages take a while.
  if (!long) rig.r4.faults.add({ kind: 'delay', delayMs: 4_000, at: 'statement', matching: /SELECT\s+TOP/i });
  rig.startAgent(rig.config());
  const { passId } = await eventually(
    'a pass that runs',
    async () => (await rig.operator.passes(1)).find(({ status }) => status === 'running'),
    60_000,
  );
  const pass = async () => (await rig.operator.passes(10)).find((one) => one.passId === passId);
  // Somebody waits for it, so that it takes no pauses; the one that follows is no part of this.
  await rig.operator.send({ type: 'bulk-upload-patients' });

  const surnames = new Map(codes.map((code, index) => [code, `Opened-${index + 1}`]));
  const messages = new Set<string>();
  for (const [patientCode, surname] of surnames) {
    type(`UPDATE Patients SET Surname = '${surname}' WHERE PatientCode = ${patientCode}`);
    messages.add(await rig.operator.send({ type: 'patient-sync', patientCode }));
    await sleep(long ? 200 : 10);
  }
  expect(messages.size).toBe(100);
  expect((await pass())?.status).toBe('running');
  const results = await eventually(
    'a result for each',
    async () => {
      const rows = await rig.flynotes.database.query<{ outcome: string; total: number }>(
        `select result->>'outcome' as outcome,
           extract(epoch from (result->>'at')::timestamptz - (result->>'requestedAt')::timestamptz)::float8 * 1000 as total
         from command_results where message_id in (select value from jsonb_array_elements_text($1::text::jsonb))`,
        [JSON.stringify([...messages])],
      );
      return rows.length === messages.size ? rows : null;
    },
    120_000,
  );
  expect(results.filter(({ outcome }) => outcome !== 'done')).toEqual([]);
  const arrived = await rig.flynotes.database.query<{ code: number; surname: string; whole: boolean }>(
    `select patient_code as code, basics->>'surname' as surname, history is not null as whole from patients
     where patient_code in (select value::int from jsonb_array_elements_text($1::text::jsonb))`,
    [JSON.stringify(codes)],
  );
  // All of them are there, and the pass is not.
  expect((await pass())?.status).toBe('running');
  expect(arrived.filter(({ whole }) => !whole)).toEqual([]);
  expect(new Map(arrived.map(({ code, surname }) => [code, surname]))).toEqual(surnames);
  const totals = results.map(({ total }) => total).sort((a, b) => a - b);
  process.stdout.write(
    `100 patient-syncs during a pass over ${patients.toLocaleString('en-GB')} patients: ${[0.5, 0.95, 0.99]
      .map((share) => `p${share * 100} ${Math.round(totals[Math.ceil(share * 100) - 1] ?? 0)} ms`)
      .join(', ')} from request to result\n`,
  );
  rig.r4.faults.clear();
  // Reception goes on, also while both sides compare.
  let later = 0;
  const ended = await eventually(
    'the pass',
    async () => {
      const patientCode = codes[later % codes.length] ?? 0;
      later += 1;
      surnames.set(patientCode, `Again-${later}`);
      type(`UPDATE Patients SET Surname = 'Again-${later}' WHERE PatientCode = ${patientCode}`);
      const messageId = await rig.operator.send({ type: 'patient-sync', patientCode });
      await eventually('a result', () => rig.operator.result(messageId));
      const seen = await pass();
      return seen?.status === 'running' ? null : seen;
    },
    long ? 1_200_000 : 60_000,
  );
  expect(ended).toMatchObject({ status: 'equal', figures: { rows: patients, retold: 0 } });
  const { refusedByAgent = {} } = ended.figures ?? {};
  const refused = Object.values(refusedByAgent).reduce((sum, count) => sum + count, 0);
  expect((ended.patients ?? 0) + refused).toBe(patients);
  const tookS = (Date.parse(ended.endedAt ?? '') - Date.parse(ended.startedAt)) / 1_000;
  process.stdout.write(
    `the pass ended equal after ${Math.round(tookS)} s: ${ended.patients?.toLocaleString('en-GB')} patients, ${refused} refused; ${later} more synced meanwhile\n`,
  );
  for (const code of codes)
    expect((await rig.operator.patient(code))?.fullRecord?.basics.surname).toBe(surnames.get(code));
}, 1_800_000);
