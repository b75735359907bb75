import { seededRandom, timesOf } from '@flynotes/testkit';
import { expect, test } from 'vitest';
import { createRig, eventually } from '../end-to-end/rig.ts';
import { startWire } from './wire.ts';

/** `npm test` is modest; the long run has the full counts. */
const kills = timesOf(6, 40);
const atOnce = 8;
const seed = Number(process.env['SEED'] ?? 20_261_125);

test(`killed ${kills} times among patients who are synced: each arrives, each is answered, none is stuck (SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  await using rig = await createRig({ patients: 400 });
  await using wire = await startWire(rig.flynotes.url);
  const session = rig.r4.engine.login({
    user: 'reception',
    password: 'reception-password',
    database: 'sys2000',
    applicationName: 'R4',
    hostName: 'reception-1',
  });
  const config = rig.config({ flynotesUrl: wire.url });
  const surnames = new Map<number, string>();
  const messages: string[] = [];
  let code = 1_900_000;
  for (let kill = 0; kill < kills; kill++) {
    const agent = rig.startAgent(config);
    // At one of the requests of patients and results; or a little later, when it is answered, noted, or the disk is waited for.
    const [event, delayMs] = [1 + random(2 * atOnce), random(8)];
    let events = 0;
    wire.onEvent = (path) => {
      if (!path.startsWith('/v1/patients/') && path !== '/v1/command-results') return;
      if (++events === event) setTimeout(() => agent.signal('SIGKILL'), delayMs);
    };
    const walkIns = Array.from({ length: atOnce }, () => (code += 1));
    for (const walkIn of walkIns) {
      surnames.set(walkIn, `Walk-In-${walkIn}`);
      const sql = `INSERT INTO Patients (PatientCode, Forename, Surname) VALUES (${walkIn}, 'Gwen', 'Walk-In-${walkIn}')`;
      for (const _ of session.execute(sql, [])) void _;
    }
    messages.push(
      ...(await Promise.all(walkIns.map((patientCode) => rig.operator.send({ type: 'patient-sync', patientCode })))),
    );
    const late = setTimeout(() => agent.signal('SIGKILL'), 30_000);
    expect(await agent.ended).toBeNull();
    clearTimeout(late);
    wire.onEvent = () => undefined;
    expect(events).toBeGreaterThanOrEqual(event);
  }
  rig.startAgent(config);
  // What a killed agent had in its hands is hidden for half a minute.
  const outcomes = await eventually(
    'a result for each',
    async () => {
      const rows = await rig.flynotes.database.query<{ outcome: string }>(
        `select result->>'outcome' as outcome from command_results
         where message_id in (select value from jsonb_array_elements_text($1::text::jsonb))`,
        [JSON.stringify(messages)],
      );
      return rows.length === messages.length ? rows.map(({ outcome }) => outcome) : null;
    },
    120_000,
  );
  expect(new Set(outcomes)).toEqual(new Set(['done']));
  await eventually(
    'an empty queue',
    async () => {
      const contents = await rig.sqs.contents(await rig.operator.queueUrl());
      return contents && Object.values(contents).every((list) => (list as unknown[]).length === 0);
    },
    60_000,
  );
  expect((await rig.operator.deadLetters()).count).toBe(0);
  const arrived = await rig.flynotes.database.query<{ code: number; surname: string }>(
    `select patient_code as code, basics->>'surname' as surname from patients
     where patient_code > 1900000 and state = 'held' and history is not null order by 1`,
  );
  expect(new Map(arrived.map((patient) => [patient.code, patient.surname]))).toEqual(surnames);
}, 600_000);
