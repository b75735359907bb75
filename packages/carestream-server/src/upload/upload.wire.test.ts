import type { BatchRequest } from '../contract/index.ts';
import { dialectNames } from '@flynotes/sandbox/r4-server';
import { createFlynotesServer, type FlynotesServer } from '@flynotes/flynotes-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import { createUploadWireRig } from './upload-wire-rig.ts';

const patients = 2_300;
/** One server for all; each test is a practice of its own. */
let server: FlynotesServer;

beforeAll(async () => {
  server = await createFlynotesServer({ operatorToken: 'operator-token-of-the-tests' });
});
afterAll(() => server.close());

test.each(dialectNames)('from R4 to Flynotes, all of it: %s', async (dialect) => {
  await using rig = await createUploadWireRig(server, { patients, dialect, pageRows: 500 });
  const figures = await rig.pass();
  const refused = Object.values(figures.refusedByAgent).reduce((sum, count) => sum + count, 0);
  expect(figures).toMatchObject({ outcome: 'equal', refusedByServer: {}, removed: 0 });
  expect(figures.rows).toBeGreaterThanOrEqual(patients);
  expect(figures.patients).toBe(figures.rows - refused);
  expect(figures.sent).toBe(figures.patients);
  expect(await rig.heldCodes()).toHaveLength(figures.patients);
  const sentBytes = rig.client.sentBytes();
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', sent: 0, patients: figures.patients });
  expect(rig.client.sentBytes() - sentBytes).toBeLessThan(2_000);
});

test('what reception types, changes and deletes arrives', async () => {
  await using rig = await createUploadWireRig(server, { patients: 600, pageRows: 200 });
  await rig.pass();
  const codes = await rig.heldCodes();
  const [first = 0, second = 0, third = 0] = codes;
  const last = (codes.at(-1) ?? 0) + 50;
  rig.type(`UPDATE Patients SET Surname = 'Nowak-Evans' WHERE PatientCode = ${second}`);
  rig.type(`DELETE FROM Patients WHERE PatientCode = ${third}`);
  rig.type(`INSERT INTO Patients (PatientCode, Forename, Surname) VALUES (${last}, 'Gwen', 'Walk-In')`);
  rig.type(`UPDATE Patients SET Surname = ' ', Forename = NULL WHERE PatientCode = ${first}`);
  const figures = await rig.pass();
  expect(figures).toMatchObject({ outcome: 'equal', sent: 2, changed: 2, removed: 2, patients: codes.length - 1 });
  expect(await rig.basicsOf(second)).toMatchObject({ surname: 'Nowak-Evans' });
  expect(await rig.basicsOf(last)).toMatchObject({ forename: 'Gwen', surname: 'Walk-In' });
  expect(await rig.heldCodes()).not.toContain(third);
  expect(await rig.heldCodes()).not.toContain(first);
});

test('a lost answer is repeated, and stored once', async () => {
  await using rig = await createUploadWireRig(server, { patients });
  let lost = 0;
  rig.between.client.sendBatch = async (...call) => {
    const answer = await rig.client.sendBatch(...call);
    if (lost++ < 2) throw new AgentError('FLYNOTES_TIMEOUT');
    return answer;
  };
  const figures = await rig.pass();
  expect(figures).toMatchObject({ outcome: 'equal', changed: figures.patients });
  const [stored] = await server.database.query<{ batches: number; patients: number }>(
    'select count(*)::int as batches, sum(changed)::int as patients from passes, batches where batches.pass_id = passes.id and n = 0 and practice_id = $1',
    [rig.practice.id],
  );
  expect(stored?.batches).toBe(1);
});

test('cut off anywhere, the next start goes on, and nobody is sent more than twice', async () => {
  await using rig = await createUploadWireRig(server, { patients, pageRows: 300 });
  const times = new Map<number, number>();
  for (let stopAt = 1; stopAt <= 3; stopAt++) {
    const stop = new AbortController();
    let batches = 0;
    rig.between.client.sendBatch = async (...call) => {
      const { patients: sent } = JSON.parse(Buffer.from(call[1]).toString()) as BatchRequest;
      for (const { basics } of sent) times.set(basics.patientCode, (times.get(basics.patientCode) ?? 0) + 1);
      const answer = await rig.client.sendBatch(...call);
      if (stopAt < 3 && ++batches === stopAt) stop.abort(new Error('cut off'));
      stop.signal.throwIfAborted();
      return answer;
    };
    if (stopAt < 3) {
      await expect(rig.pass(stop.signal)).rejects.toThrow('cut off');
      rig.restart();
    }
  }
  const figures = await rig.pass();
  expect(figures).toMatchObject({ outcome: 'equal' });
  expect(Math.max(...times.values())).toBeLessThanOrEqual(2);
  expect(await rig.heldCodes()).toHaveLength(figures.patients);
  expect(rig.events.filter(({ name, fields }) => name === 'pass.started' && fields['resumed'] === true)).toHaveLength(
    2,
  );
});

test('a lost state folder, an edited row and a deleted one are healed by the next pass', async () => {
  await using rig = await createUploadWireRig(server, { patients: 600 });
  const before = await rig.pass();
  rig.restart(true);
  expect(await rig.pass()).toMatchObject({ outcome: 'equal', changed: 0, patients: before.patients });

  const [edited = 0, deleted = 0] = await rig.heldCodes();
  const original = await rig.basicsOf(edited);
  await server.database.query(
    `update patients set basics = jsonb_set(basics, '{surname}', '"Edited"') where practice_id = $1 and patient_code = $2`,
    [rig.practice.id, edited],
  );
  await server.database.query('delete from patients where practice_id = $1 and patient_code = $2', [
    rig.practice.id,
    deleted,
  ]);
  const check = await fetch(`${server.url}/v1/operator/practices/${rig.practice.id}/digest-check`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.operatorToken}` },
  });
  expect(await check.json()).toMatchObject({ mismatches: 1 });
  const healed = await rig.pass();
  expect(healed).toMatchObject({ outcome: 'equal', patients: before.patients });
  // Two buckets of 256 at most were told anew.
  expect(healed.sent).toBeLessThan(30);
  expect(await rig.basicsOf(edited)).toEqual(original);
  expect(await rig.heldCodes()).toContain(deleted);
});

test('a patient-sync during a pass arrives at once, with history, and the pass ends equal', async () => {
  await using rig = await createUploadWireRig(server, { patients, pageRows: 100 });
  const order: string[] = [];
  let synced: Promise<unknown> | null = null;
  rig.between.reader.readBasicsPage = async (...call) => {
    const page = await rig.reader.readBasicsPage(...call);
    synced ??= rig.sync(Number(page.rows.at(5)?.patientCode)).then(() => order.push('patient'));
    return page;
  };
  const passed = rig.pass().then((figures) => {
    order.push('pass');
    return figures;
  });
  expect(await passed).toMatchObject({ outcome: 'equal' });
  await Promise.resolve(synced);
  expect(order).toEqual(['patient', 'pass']);
  expect(await rig.sync(1)).toMatchObject({ outcome: 'not-found' });
});

for (const order of ['the page arrives first', 'the patient-sync arrives first'] as const) {
  test(`the newer read wins at Flynotes: ${order}`, async () => {
    await using rig = await createUploadWireRig(server, { patients: 50 });
    await rig.pass();
    const [code = 0, other = 0] = await rig.heldCodes();
    rig.type(`UPDATE Patients SET Surname = 'Old', Forename = 'Very' WHERE PatientCode = ${code}`);
    rig.between.reader.readBasicsPage = async (...call) => {
      const page = await rig.reader.readBasicsPage(...call);
      rig.type(`UPDATE Patients SET Surname = 'New', Forename = 'Very' WHERE PatientCode = ${code}`);
      return page;
    };
    rig.between.client.sendBatch = async (...call) => {
      if (order === 'the patient-sync arrives first') await rig.sync(code);
      const answer = await rig.client.sendBatch(...call);
      if (order === 'the page arrives first') await rig.sync(code);
      return answer;
    };
    expect(await rig.pass()).toMatchObject({ outcome: 'equal', sent: 1 });
    expect(await rig.basicsOf(code)).toMatchObject({ surname: 'New' });
    rig.clearTheWay();
    expect(await rig.pass()).toMatchObject({ outcome: 'equal', sent: 0 });
    expect(await rig.basicsOf(other)).not.toBeNull();
  });
}

test('the state’s files hold nothing of a patient but the number', async () => {
  await using rig = await createUploadWireRig(server, { patients: 400, pageRows: 50 });
  await rig.pass();
  const codes = await rig.heldCodes();
  const [code = 0] = codes;
  const canaries = ['Zyxwvanian', 'Qwertyuiopia', 'canary@example.com', 'XY9 8ZZ'];
  rig.type(
    `UPDATE Patients SET Surname = '${canaries[0]}', Forename = '${canaries[1]}', EMail = '${canaries[2]}', PostCode = '${canaries[3]}' WHERE PatientCode = ${code}`,
  );
  await rig.sync(code);
  await rig.pass();
  expect(await rig.basicsOf(code)).toMatchObject({ surname: canaries[0] });
  // While a ledger is being won back, more is kept than otherwise; cut off, it stays.
  rig.restart(true);
  const stop = new AbortController();
  rig.between.client.completePass = async () => {
    stop.abort(new Error('cut off'));
    throw new AgentError('FLYNOTES_UNREACHABLE');
  };
  await expect(rig.pass(stop.signal)).rejects.toThrow('cut off');
  expect(rig.state.findings.countReadings()).toBe(codes.length);

  const bytes = rig.stateBytes();
  expect(bytes.byteLength).toBeGreaterThan(4_096);
  const texts = new Set(canaries);
  for (const held of codes) {
    // Names of rules are ours, and are counted there.
    const record = { ...(await rig.basicsOf(held)), marks: [] };
    for (const text of textsIn(record)) texts.add(text);
  }
  expect(texts.size).toBeGreaterThan(1_000);
  const found = [...texts].filter((text) =>
    (['utf8', 'utf16le', 'latin1'] as const).some((encoding) => bytes.includes(Buffer.from(text, encoding))),
  );
  expect(found).toEqual([]);
  for (const canary of canaries) expect(JSON.stringify(rig.events)).not.toContain(canary);
});

/** Every text of a record that is long enough to say something. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= 6 ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
