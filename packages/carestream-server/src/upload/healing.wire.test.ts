import { createFlynotesServer, type FlynotesServer } from '@flynotes/flynotes-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKeyedDigester } from './digester.ts';
import { createUploadWireRig } from './upload-wire-rig.ts';

const patients = 1_200;
/** One server for all; each test is a practice of its own. */
let server: FlynotesServer;

beforeAll(async () => {
  server = await createFlynotesServer({ operatorToken: 'operator-token-of-the-tests' });
});
afterAll(() => server.close());

type Rig = Awaited<ReturnType<typeof createUploadWireRig>>;

const rigOf = () => createUploadWireRig(server, { patients, pageRows: 250 });
const operator = async (rig: Rig, method: 'GET' | 'POST', path: string): Promise<Record<string, unknown>> => {
  const response = await fetch(`${server.url}/v1/operator/practices/${rig.practice.id}${path}`, {
    method,
    headers: { authorization: `Bearer ${server.operatorToken}` },
  });
  return (await response.json()) as Record<string, unknown>;
};
const lastPass = async (rig: Rig) =>
  ((await operator(rig, 'GET', '/passes?limit=1'))['passes'] as Record<string, unknown>[])[0];
const query = (sql: string, ...values: (string | number)[]) => server.database.query(sql, values);

test('a lost ledger: nobody travels, and less than a batch goes over the wire', async () => {
  await using rig = await rigOf();
  const before = await rig.pass();
  const sequences = () =>
    query('select patient_code, read_sequence from patients where practice_id = $1 order by 1', rig.practice.id);
  const held = await sequences();
  rig.restart(true);
  const sentBytes = rig.client.sentBytes();
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', sent: 0, adopted: before.patients, rounds: 0 });
  expect(rig.client.sentBytes() - sentBytes).toBeLessThan(2_000);
  // Not one row was written again, and the operator sees what happened.
  expect(await sequences()).toEqual(held);
  expect(await lastPass(rig)).toMatchObject({ batches: 0, healed: 0, figures: { adopted: before.patients } });
});

test('a lost ledger, with R4 changed meanwhile', async () => {
  await using rig = await rigOf();
  const before = await rig.pass();
  const [changed = 0, gone = 0] = await rig.heldCodes();
  rig.type(`UPDATE Patients SET Surname = 'Changed' WHERE PatientCode = ${changed}`);
  rig.type(`DELETE FROM Patients WHERE PatientCode = ${gone}`);
  rig.restart(true);
  const figures = await rig.pass();
  expect(figures).toMatchObject({ outcome: 'equal', patients: before.patients - 1, rounds: 1, changed: 1 });
  expect(figures.sent).toBeLessThan(30);
  expect((figures.adopted ?? 0) + figures.sent).toBe(figures.patients);
  expect(await rig.basicsOf(changed)).toMatchObject({ surname: 'Changed' });
  expect(await rig.heldCodes()).not.toContain(gone);
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', sent: 0, adopted: 0 });
});

test('Flynotes restored from an older backup', async () => {
  await using rig = await rigOf();
  await rig.pass();
  await query('create table backup as select * from patients where practice_id = $1', rig.practice.id);
  const [changed = 0, gone = 0] = await rig.heldCodes();
  rig.type(`UPDATE Patients SET Surname = 'Newer' WHERE PatientCode = ${changed}`);
  rig.type(`DELETE FROM Patients WHERE PatientCode = ${gone}`);
  rig.type(`INSERT INTO Patients (PatientCode, Forename, Surname) VALUES (9000001, 'Gwen', 'Walk-In')`);
  const current = await rig.pass();
  await query('delete from patients where practice_id = $1', rig.practice.id);
  await query('insert into patients select * from backup');
  await query('drop table backup');
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', patients: current.patients, rounds: 1, healed: 2 });
  expect(await lastPass(rig)).toMatchObject({ bucketsAsked: 3, healed: 3, removed: 1, rounds: 1 });
  expect(await rig.basicsOf(changed)).toMatchObject({ surname: 'Newer' });
  expect(await rig.heldCodes()).toContain(9_000_001);
  expect(await rig.heldCodes()).not.toContain(gone);
});

test('rows edited and deleted behind the server’s back: found by the operator’s call, counted, healed', async () => {
  await using rig = await rigOf();
  const { patients: held } = await rig.pass();
  const [edited = 0, deleted = 0, misplaced = 0] = await rig.heldCodes();
  const original = await rig.basicsOf(edited);
  const at = 'where practice_id = $1 and patient_code = $2::int';
  await query(`update patients set basics = basics || '{"surname": "Edited"}' ${at}`, rig.practice.id, edited);
  await query(`delete from patients ${at}`, rig.practice.id, deleted);
  await query(`update patients set bucket = (bucket + 7) % 256 ${at}`, rig.practice.id, misplaced);
  // Until somebody computes anew, the edited row looks as it did; the others do not.
  expect(await operator(rig, 'POST', '/digest-check')).toMatchObject({ mismatches: 2 });
  expect(await operator(rig, 'GET', '')).toMatchObject({ digestChecks: { mismatches: 2 } });
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', patients: held, rounds: 1, healed: 2 });
  expect(await rig.basicsOf(edited)).toEqual(original);
  expect(await rig.heldCodes()).toContain(deleted);
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', sent: 0, rounds: 0 });
});

test('a new digest key: a new ledger, and nobody travels', async () => {
  await using rig = await rigOf();
  const { patients: held } = await rig.pass();
  const key = Buffer.alloc(32, 3).toString('base64');
  await query('update practices set digest_key = $2 where id = $1', rig.practice.id, key);
  await operator(rig, 'POST', '/digest-check');
  rig.useDigester(createKeyedDigester({ key, canonicalVersion: 1 }));
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', patients: held, sent: 0, adopted: held });
  expect(rig.events).toContainEqual({ name: 'warning', fields: { area: 'upload', name: 'digest-key' } });
});

test('a new digest key while a pass runs: it begins anew under that one, and nobody travels', async () => {
  await using rig = await rigOf();
  const { patients: held } = await rig.pass();
  const key = Buffer.alloc(32, 5).toString('base64');
  const { reader } = rig;
  let pages = 0;
  rig.between.reader.readBasicsPage = async (...asked) => {
    if (++pages === 3) {
      await query('update practices set digest_key = $2 where id = $1', rig.practice.id, key);
      await operator(rig, 'POST', '/digest-check');
      rig.useDigester(createKeyedDigester({ key, canonicalVersion: 1 }));
    }
    return reader.readBasicsPage(...asked);
  };
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', patients: held, sent: 0, adopted: held, rounds: 0 });
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', patients: held, sent: 0, adopted: 0 });
});

test('a new patient put by an older read while a bucket is sent whole stays, with the history', async () => {
  await using rig = await rigOf();
  await rig.pass();
  const [lost = 0, other = 0] = await rig.heldCodes();
  await query('delete from patients where practice_id = $1 and patient_code = $2::int', rig.practice.id, lost);
  const digester = createKeyedDigester({ key: rig.practice.digestKey, canonicalVersion: 1 });
  let walkIn = 5_000_000;
  while (digester.bucketOf(walkIn) !== digester.bucketOf(lost)) walkIn += 1;
  const { client, reader } = rig;
  const read = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const stored = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  rig.between.reader.readPatient = async (...call) => {
    const rows = await reader.readPatient(...call);
    if (call[0] !== walkIn) return rows;
    read.resolve();
    await asked.promise;
    return rows;
  };
  rig.between.client.putPatient = async (...put) => {
    const answer = await client.putPatient(...put);
    if (put[0] !== walkIn) return answer;
    stored.resolve();
    await told.promise;
    return answer;
  };
  rig.type(`INSERT INTO Patients (PatientCode, Forename, Surname) VALUES (${walkIn}, 'Gwen', 'Walk-In')`);
  const syncing = rig.sync(walkIn);
  await read.promise;
  rig.type(`DELETE FROM Patients WHERE PatientCode = ${walkIn}`);
  // A later read is stored before it: by the number alone, the walk-in's would be older than the round.
  await rig.sync(other);
  // The bucket has been asked for, and is about to be read by key.
  rig.between.reader.readBasicsOf = async (...call) => {
    asked.resolve();
    await stored.promise;
    return reader.readBasicsOf(...call);
  };
  rig.between.client.completePass = async (...request) => {
    if (request[1].resent) told.resolve();
    return client.completePass(...request);
  };
  const passing = rig.pass();
  await Promise.all([syncing, passing.catch(() => undefined)]);
  const [row] = await query(
    'select state, history is not null as "hasHistory" from patients where practice_id = $1 and patient_code = $2::int',
    rig.practice.id,
    walkIn,
  );
  expect(row).toEqual({ state: 'held', hasHistory: true });
});

test('a lost state and an R4 that reads as empty: nobody is removed', async () => {
  await using rig = await rigOf();
  const { patients: held } = await rig.pass();
  rig.restart(true);
  rig.between.reader.readBasicsPage = async () => ({ rows: [], lastCode: null, repeatedCodes: [], elapsedMs: 1 });
  rig.between.reader.readBasicsOf = async () => [];
  await expect(rig.pass()).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK' });
  expect(await rig.heldCodes()).toHaveLength(held);
  // An agent without a guard of its own would be stopped by the server.
  await operator(rig, 'POST', '/confirm-removals');
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', patients: 0 });
  expect(await rig.heldCodes()).toEqual([]);
});

test('Flynotes holds a read far in the future: the licence answer tells, and the agent goes on above it', async () => {
  await using rig = await rigOf();
  const { patients: held } = await rig.pass();
  const [code = 0] = await rig.heldCodes();
  const future = 4_000_000_000_000_000;
  await query(
    `update patients set read_sequence = ${future}, basics = basics || '{"surname": "Stuck"}' where practice_id = $1 and patient_code = $2::int`,
    rig.practice.id,
    code,
  );
  await operator(rig, 'POST', '/digest-check');
  await expect(rig.pass()).rejects.toMatchObject({ code: 'PARITY_FAILED' });
  rig.state.raiseReadSequence(future);
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', patients: held });
  expect(await rig.basicsOf(code)).not.toMatchObject({ surname: 'Stuck' });
});
