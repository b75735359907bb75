import { createServer, request as askUpstream } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { timesOf } from '@flynotes/testkit';
import { expect, test } from 'vitest';
import { bytesIn, createRig, eventually, type Rig } from './rig.ts';

/** Types into R4 as reception does. */
function reception(rig: Rig) {
  const session = rig.r4.engine.login({
    user: 'reception',
    password: 'reception-password',
    database: 'sys2000',
    applicationName: 'R4',
    hostName: 'reception-1',
  });
  return (sql: string): void => {
    for (const _ of session.execute(sql, [])) void _;
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

test('a hundred patients during a pass: each arrives, and none waits for the pass', async () => {
  const long = timesOf(0, 1) === 1;
  const patients = long ? 1_000_000 : 6_000;
  await using rig = await createRig({ patients });
  // The modest practice would be through before anybody has looked at anybody: its pages take a while.
  if (!long) rig.r4.faults.add({ kind: 'delay', delayMs: 4_000, at: 'statement', matching: /SELECT\s+TOP/i });
  rig.startAgent(rig.config());
  await eventually(
    'a pass that runs',
    async () => (await rig.operator.passes(1))[0]?.status === 'running' || null,
    60_000,
  );
  await rig.operator.send({ type: 'bulk-upload-patients' });

  const codes = Array.from({ length: 100 }, (_, index) => 1_000_000 + Math.floor((index * patients) / 101));
  const messages: string[] = [];
  for (const patientCode of codes) {
    messages.push(await rig.operator.send({ type: 'patient-sync', patientCode }));
    await sleep(long ? 200 : 10);
  }
  const results = await eventually(
    'a result for each',
    async () => {
      const rows = await rig.flynotes.database.query<{ outcome: string; legs: Record<string, number>; total: number }>(
        `select result->>'outcome' as outcome, result->'legs' as legs,
           extract(epoch from (result->>'at')::timestamptz - (result->>'requestedAt')::timestamptz)::float8 * 1000 as total
         from command_results where message_id in (select value from jsonb_array_elements_text($1::text::jsonb))`,
        [JSON.stringify(messages)],
      );
      return rows.length === messages.length ? rows : null;
    },
    120_000,
  );
  // All of them are there, and the pass is not.
  expect((await rig.operator.passes(1))[0]?.status).toBe('running');
  expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['done']));
  const totals = results.map(({ total }) => total).sort((a, b) => a - b);
  process.stdout.write(
    `100 patient-syncs during a pass over ${patients.toLocaleString('en-GB')} patients: ${[0.5, 0.95, 0.99]
      .map((share) => `p${share * 100} ${Math.round(totals[Math.ceil(share * 100) - 1] ?? 0)} ms`)
      .join(', ')} from request to result\n`,
  );
  rig.r4.faults.clear();
  await eventually(
    'the pass',
    async () => (await rig.operator.passes(1))[0]?.status === 'equal' || null,
    long ? 1_200_000 : 60_000,
  );
  for (const code of codes) expect((await rig.operator.patient(code))?.fullRecord?.basics.patientCode).toBe(code);
}, 1_800_000);
