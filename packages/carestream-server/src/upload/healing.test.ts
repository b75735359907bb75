import { expect, test } from 'vitest';
import type { BasicRecord, Digester } from '../contract/index.ts';
import { createKeyedDigester } from './digester.ts';
import { createUploadRig, neverAborted, testKey, type UploadRig } from './upload-rig.ts';

const patients = 600;
const pass = (rig: UploadRig, reason: 'scheduled' | 'requested' = 'scheduled') =>
  rig.clock.runUntil(rig.bulk.request(reason, neverAborted));

/** A practice of which both sides hold everybody. */
async function uploaded(): Promise<UploadRig> {
  const rig = createUploadRig({ pace: { pageRows: 50 } });
  for (let code = 1; code <= patients; code++) rig.practice.enter(code);
  await pass(rig);
  rig.flynotes.calls.length = 0;
  return rig;
}

const sameOnBothSides = (rig: UploadRig) => expect(rig.atFlynotes()).toEqual(rig.inR4());
const bucketOf = (rig: UploadRig, code: number) => rig.digester.bucketOf(code);

test('a lost ledger is won back by comparing: nobody travels', async () => {
  using rig = await uploaded();
  rig.restart(true);
  expect(await pass(rig)).toMatchObject({
    outcome: 'equal',
    patients,
    sent: 0,
    adopted: patients,
    retold: 0,
    rounds: 0,
  });
  expect(rig.flynotes.calls.map(({ name }) => name)).toEqual(['beginPass', 'completePass']);
  expect(rig.state.ledger.count()).toBe(patients);
  expect(rig.state.findings.countReadings()).toBe(0);
  // What was won back is a ledger like any other.
  rig.practice.enter(5, { surname: 'Changed' });
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', sent: 1, changed: 1, adopted: 0 });
  sameOnBothSides(rig);
});

test('where R4 has changed since, only the buckets of what differs travel', async () => {
  using rig = await uploaded();
  rig.restart(true);
  rig.practice.enter(7, { surname: 'Changed' });
  rig.practice.rows.delete(8);
  rig.practice.enter(9_000);
  const buckets = new Set([7, 8, 9_000].map((code) => bucketOf(rig, code)));
  const figures = await pass(rig);
  const inBuckets = [...rig.practice.rows.keys()].filter((code) => buckets.has(bucketOf(rig, code))).length;
  expect(figures).toMatchObject({
    outcome: 'equal',
    patients,
    sent: inBuckets,
    adopted: patients - inBuckets,
    rounds: 1,
  });
  expect(figures).toMatchObject({ retold: inBuckets, healed: 2 });
  expect(rig.flynotes.sentPatients().every((code) => buckets.has(bucketOf(rig, code)))).toBe(true);
  sameOnBothSides(rig);
  expect(rig.state.ledger.count()).toBe(patients);
});

test('a patient-sync while the ledger is being won back is kept, whichever read was first', async () => {
  using rig = await uploaded();
  rig.restart(true);
  let pages = 0;
  const synced: Promise<unknown>[] = [];
  rig.practice.hook = (read, when) => {
    if (read !== 'page' || when !== 'after') return;
    pages += 1;
    // Page 2 holds 51 to 100: one of them is edited after it was read, one before.
    if (pages === 2) {
      rig.practice.enter(75, { surname: 'Typed in after the page' });
      rig.practice.enter(550, { surname: 'Typed in before the page' });
      for (const patientCode of [75, 550])
        synced.push(rig.patients.sync({ patientCode, messageId: `m-${patientCode}` }, neverAborted));
    }
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients });
  await Promise.all(synced);
  sameOnBothSides(rig);
  expect(rig.flynotes.held.get(75)?.record.surname).toBe('Typed in after the page');
});

test('killed while the ledger is being won back, the next start goes on and still sends nobody', async () => {
  using rig = await uploaded();
  rig.restart(true);
  const stop = new AbortController();
  let pages = 0;
  rig.practice.hook = async (read, when) => {
    if (read !== 'page' || when !== 'before') return;
    pages += 1;
    await rig.clock.sleep(300);
    if (pages === 9) stop.abort(new Error('killed'));
  };
  await expect(rig.clock.runUntil(rig.bulk.request('scheduled', stop.signal))).rejects.toThrow('killed');
  rig.restart();
  const pagesBefore = pages;
  expect(await pass(rig)).toMatchObject({
    outcome: 'equal',
    resumed: true,
    sent: 0,
    adopted: patients,
    rows: patients,
  });
  expect(pages - pagesBefore).toBeLessThanOrEqual(6);
});

test('nothing is taken into the ledger before Flynotes has answered', async () => {
  using rig = await uploaded();
  rig.restart(true);
  const counts: number[] = [];
  rig.flynotes.hook = ({ name }, when) => {
    if (name === 'completePass' && when === 'after') counts.push(rig.state.ledger.count());
  };
  expect(await pass(rig)).toMatchObject({ adopted: patients });
  expect(counts).toEqual([0]);
});

test('the first upload of a practice asks for nothing: what it finds travels at once', async () => {
  using rig = createUploadRig();
  for (let code = 1; code <= 300; code++) rig.practice.enter(code);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', sent: 300, adopted: 0, rounds: 0 });
});

test('a first upload that was killed goes on by its ledger, not by comparing', async () => {
  using rig = createUploadRig({ pace: { pageRows: 500 } });
  for (let code = 1; code <= 3_000; code++) rig.practice.enter(code);
  const stop = new AbortController();
  rig.flynotes.hook = ({ name }, when) => {
    if (name === 'sendBatch' && when === 'after' && rig.flynotes.held.size === 2_000) stop.abort(new Error('killed'));
  };
  await expect(rig.clock.runUntil(rig.bulk.request('scheduled', stop.signal))).rejects.toThrow('killed');
  rig.flynotes.hook = () => undefined;
  rig.restart();
  expect(await pass(rig, 'requested')).toMatchObject({ outcome: 'equal', patients: 3_000, adopted: 0, rounds: 0 });
  const times = new Map<number, number>();
  for (const code of rig.flynotes.sentPatients()) times.set(code, (times.get(code) ?? 0) + 1);
  expect(Math.max(...times.values())).toBeLessThanOrEqual(2);
  sameOnBothSides(rig);
});

test('a stale ledger, as an older copy of the folder leaves it, is healed', async () => {
  using rig = await uploaded();
  const copy = rig.state.ledger.codesAfter(0, 5_000);
  rig.practice.enter(10, { surname: 'Newer' });
  rig.practice.rows.delete(11);
  rig.practice.enter(9_001);
  await pass(rig);
  // The copy knows of none of that.
  rig.state.ledger.forget(rig.state.ledger.codesAfter(0, 5_000).map(({ patientCode }) => patientCode));
  rig.state.ledger.putAcknowledged(copy);
  rig.practice.enter(10, { surname: 'Newest' });
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients, removed: 0, changed: 1 });
  sameOnBothSides(rig);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', sent: 0 });
});

test('damaged entries are healed: digest, number of the read, number of the patient', async () => {
  using rig = await uploaded();
  const { ledger } = rig.state;
  const beyond = Number.MAX_SAFE_INTEGER;
  const held = (code: number) => ledger.get(code)?.digest ?? '';
  ledger.putAcknowledged([
    { patientCode: 20, digest: 'ab'.repeat(16), readSequence: beyond },
    { patientCode: 21, digest: held(21), readSequence: beyond },
    { patientCode: 22, digest: '', readSequence: rig.state.nextReadSequence() },
    { patientCode: 9_002, digest: 'cd'.repeat(16), readSequence: beyond },
    { patientCode: 3_000_000_000, digest: 'cd'.repeat(16), readSequence: 1 },
  ]);
  rig.practice.enter(21, { surname: 'Changed since' });
  const figures = await pass(rig);
  expect(figures).toMatchObject({ outcome: 'equal', patients, changed: 1, removed: 0 });
  sameOnBothSides(rig);
  expect(ledger.count()).toBe(patients);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', sent: 0 });
});

test('Flynotes restored from an older backup is healed, and the figures say by how much', async () => {
  using rig = await uploaded();
  const backup = structuredClone([...rig.flynotes.held]);
  rig.practice.rows.delete(5);
  rig.practice.enter(6, { surname: 'Newer' });
  rig.practice.enter(9_003);
  await pass(rig);
  rig.flynotes.held.clear();
  for (const [code, held] of backup) rig.flynotes.held.set(code, held);
  const figures = await pass(rig);
  expect(figures).toMatchObject({ outcome: 'equal', patients, rounds: 1, healed: 2 });
  expect(figures.retold).toBe(figures.sent);
  sameOnBothSides(rig);
});

test('Flynotes restored to nothing at all gets everybody', async () => {
  using rig = await uploaded();
  rig.flynotes.held.clear();
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients, sent: patients, healed: patients });
  sameOnBothSides(rig);
});

test('a removal that was missed is made good', async () => {
  using rig = await uploaded();
  rig.practice.rows.delete(33);
  rig.practice.rows.delete(34);
  // The ledger has lost them already; Flynotes never heard of it.
  rig.state.ledger.forget([33, 34]);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: patients - 2, rounds: 1 });
  sameOnBothSides(rig);
});

/** Digests in a form that no release has yet: the next canonical version, as far as a pass can tell. */
function nextForm(of: Digester): Digester {
  const before = { ...of };
  return {
    ...of,
    ofRecord: (record) => before.ofRecord({ ...record, surname: `next form: ${record.surname}` } as BasicRecord),
  };
}

test.each([
  ['key', Buffer.alloc(32, 9).toString('base64'), (digester: Digester) => digester],
  ['canonical version', testKey, nextForm],
])('a new %s of the digests means a new ledger, and nobody travels', async (_what, key, form) => {
  using rig = await uploaded();
  const digester = { ...createKeyedDigester({ key, canonicalVersion: 1 }), keyId: `new:${key.slice(0, 4)}` };
  Object.assign(digester, form(digester));
  // Flynotes has computed what it holds anew, as it does when a licence answer brings either.
  for (const held of rig.flynotes.held.values()) held.digest = digester.ofRecord(held.record);
  Object.assign(rig.deps, { digester });
  Object.assign(rig.flynotes.digester, digester);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients, sent: 0, adopted: patients });
  expect(rig.events).toContainEqual({ name: 'warning', fields: { area: 'upload', name: 'digest-key' } });
});

test('a canonical version that only one side has fails loudly, and is healed when the other has it too', async () => {
  using rig = await uploaded();
  const next = { ...rig.digester, ...nextForm(rig.digester) };
  const before = { ...rig.flynotes.digester };
  Object.assign(rig.flynotes.digester, next);
  for (const held of rig.flynotes.held.values()) held.digest = next.ofRecord(held.record);
  await expect(pass(rig)).rejects.toMatchObject({ code: 'PARITY_FAILED' });
  Object.assign(rig.flynotes.digester, before);
  for (const held of rig.flynotes.held.values()) held.digest = rig.digester.ofRecord(held.record);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients });
  sameOnBothSides(rig);
});
