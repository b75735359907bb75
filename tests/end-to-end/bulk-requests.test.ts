import { expect, test } from 'vitest';
import { createRig, eventually } from './rig.ts';

const requests = 10;

test('ten requests, two passes: each requester gets the result of a pass that saw what was typed in before it asked', async () => {
  await using rig = await createRig({ patients: 3_000, seed: 5 });
  const { operator } = rig;
  rig.startAgent(rig.config());
  const first = await eventually('the first pass', async () =>
    (await operator.passes(5)).find(({ status }) => status === 'equal'),
  );

  // Pages take a while from now on, so that the ten ask while one pass is reading.
  rig.r4.faults.add({ kind: 'delay', delayMs: 1_200, at: 'statement', matching: /SELECT\s+TOP/i });
  const started = await operator.send({ type: 'bulk-upload-patients' });
  const running = await eventually('a pass that reads', async () =>
    (await operator.passes(5)).find(({ status }) => status === 'running'),
  );
  // Below where the running pass has read already: only one that follows it can bring it.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const [row] = await rig.flynotes.database.query<{ code: number }>(
    `select min(patient_code) as code from patients where state = 'held'`,
  );
  const session = rig.r4.engine.login({
    user: 'reception',
    password: 'reception-password',
    database: 'sys2000',
    applicationName: 'R4',
    hostName: 'reception-1',
  });
  for (const _ of session.execute(`UPDATE Patients SET Surname = 'Walk-In' WHERE PatientCode = ${row?.code}`, []))
    void _;
  const asked = await Promise.all(
    Array.from({ length: requests }, () => operator.send({ type: 'bulk-upload-patients' })),
  );
  const results = await Promise.all(
    asked.map((messageId) => eventually('a result for each', () => operator.result(messageId), 60_000)),
  );
  rig.r4.faults.clear();

  expect(results.map(({ outcome }) => outcome)).toEqual(asked.map(() => 'done'));
  const passIds = new Set(results.map(({ figures }) => figures?.['passId']));
  expect(passIds.size).toBe(1);
  expect(passIds.has(running.passId)).toBe(false);
  expect((await eventually('its own result', () => operator.result(started))).figures?.['passId']).toBe(running.passId);
  const since = (await operator.passes(20)).filter(({ startedAt }) => startedAt > first.startedAt);
  expect(since.map(({ status }) => status)).toEqual(['equal', 'equal']);
  expect((await operator.patient(row?.code ?? 0))?.basics?.surname).toBe('Walk-In');
}, 120_000);
