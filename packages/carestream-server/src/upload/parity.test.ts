import { expect, test } from 'vitest';
import { canonicalBasics, type BasicRecord } from '../contract/index.ts';
import { createUploadRig, neverAborted, type UploadRig } from './upload-rig.ts';

const pass = (rig: UploadRig) => rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted));
const patients = 400;

async function uploaded(): Promise<UploadRig> {
  const rig = createUploadRig();
  for (let code = 1; code <= patients; code++) rig.practice.enter(code);
  await pass(rig);
  rig.flynotes.calls.length = 0;
  return rig;
}

function edit(rig: UploadRig, code: number, surname: string): void {
  const held = rig.flynotes.held.get(code);
  if (!held) throw new Error('not held');
  held.record = { ...held.record, surname } as BasicRecord;
  held.digest = rig.digester.ofRecord(held.record);
}

test('a row edited at Flynotes is healed by sending its bucket alone', async () => {
  using rig = await uploaded();
  edit(rig, 17, 'Edited');
  const figures = await pass(rig);
  expect(figures).toMatchObject({ outcome: 'equal', changed: 1, patients });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
  const bucket = rig.digester.bucketOf(17);
  expect(rig.flynotes.sentPatients().every((code) => rig.digester.bucketOf(code) === bucket)).toBe(true);
  expect(figures.sent).toBe(rig.flynotes.sentPatients().length);
  expect(rig.flynotes.calls.find(({ complete }) => complete?.resent)?.complete).toMatchObject({
    round: 1,
    resent: [bucket],
  });
});

test('a row lost at Flynotes, and one that should not be there, are healed', async () => {
  using rig = await uploaded();
  rig.flynotes.held.delete(20);
  const stranger = structuredClone(rig.flynotes.held.get(21));
  if (stranger) rig.flynotes.held.set(9_999, { ...stranger, digest: 'ab'.repeat(16) });
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('Flynotes restored from an older backup is healed', async () => {
  using rig = await uploaded();
  const backup = structuredClone([...rig.flynotes.held]);
  rig.practice.rows.delete(5);
  rig.practice.enter(6, { surname: 'Newer' });
  rig.practice.enter(9_000);
  await pass(rig);
  rig.flynotes.held.clear();
  for (const [code, held] of backup) rig.flynotes.held.set(code, held);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('a lost state folder is healed by the next pass', async () => {
  using rig = await uploaded();
  rig.practice.rows.delete(3);
  rig.restart(true);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: patients - 1 });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('a ledger with wrong, missing and surplus entries is healed', async () => {
  using rig = await uploaded();
  const readSequence = rig.state.nextReadSequence();
  rig.state.ledger.putAcknowledged([
    { patientCode: 30, digest: 'cd'.repeat(16), readSequence },
    { patientCode: 8_000, digest: 'ef'.repeat(16), readSequence },
  ]);
  rig.state.ledger.remove([{ patientCode: 31, readSequence }]);
  // A stale ledger: it says that the newer form was acknowledged, which Flynotes never got.
  rig.practice.enter(32, { surname: 'Newer' });
  const record = { ...rig.flynotes.held.get(32)?.record, surname: 'Newer' } as BasicRecord;
  rig.state.ledger.putAcknowledged([{ patientCode: 32, digest: rig.digester.ofRecord(record), readSequence }]);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('what cannot be healed fails loudly after three rounds', async () => {
  using rig = await uploaded();
  // This Flynotes stores something else than it is sent.
  rig.flynotes.hook = (_call, when) => {
    if (when === 'after') edit(rig, 40, 'Never right');
  };
  edit(rig, 40, 'Never right');
  await expect(pass(rig)).rejects.toMatchObject({ code: 'PARITY_FAILED' });
  expect(rig.bulk.last()).toMatchObject({ outcome: 'failed', code: 'PARITY_FAILED' });
  expect(rig.errors).toHaveLength(1);
  const rounds = rig.flynotes.calls.flatMap(({ complete }) => (complete ? [complete.round] : []));
  expect(Math.max(...rounds)).toBe(3);
});

test('an answer that calls other figures equal proves nothing', async () => {
  using rig = await uploaded();
  const { completePass } = rig.deps.flynotes;
  const lying = { root: '0'.repeat(32), patients, outcome: 'equal' as const, at: '2026-01-05T08:00:00Z' };
  rig.deps.flynotes.completePass = async () => lying;
  await expect(pass(rig)).rejects.toMatchObject({ code: 'PARITY_FAILED', details: { reason: 'equal-to-others' } });
  expect(rig.bulk.last()).toMatchObject({ outcome: 'failed' });
  rig.deps.flynotes.completePass = completePass;
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients });
});

test('patients who are put while sums are compared use up no round, however many they are', async () => {
  using rig = await uploaded();
  let calls = 0;
  rig.flynotes.hook = async ({ name }, when) => {
    if (name !== 'completePass' || when !== 'before' || ++calls > 60) return;
    rig.practice.enter(calls, { surname: `Typed in ${calls}` });
    await rig.patients.sync({ patientCode: calls }, neverAborted);
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients, rounds: 0, retold: 0 });
  expect(calls).toBe(61);
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('a patient whose answer comes late: their bucket is compared again, and not told', async () => {
  using rig = await uploaded();
  const [late, other] = [17, 18];
  const answered = Promise.withResolvers<void>();
  let comparisons = 0;
  let syncing = Promise.resolve<unknown>(null);
  rig.flynotes.hook = async ({ name }, when) => {
    if (name === 'putPatient' && when === 'after') await answered.promise;
    if (name !== 'completePass' || when !== 'before') return;
    comparisons += 1;
    if (comparisons === 5) answered.resolve();
    if (comparisons > 1) return;
    // All pages were read by now.
    rig.practice.enter(late, { surname: 'Stored, and not noted' });
    syncing = rig.patients.sync({ patientCode: late }, neverAborted);
    rig.flynotes.held.delete(other);
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients, rounds: 1, healed: 1 });
  expect(await syncing).toMatchObject({ outcome: 'done' });
  expect(comparisons).toBeGreaterThan(4);
  // The one that Flynotes had lost was told with its bucket, as soon as nothing else differed.
  const buckets = new Set(rig.flynotes.sentPatients().map((code) => rig.digester.bucketOf(code)));
  expect(buckets).toEqual(new Set([rig.digester.bucketOf(other)]));
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('a difference elsewhere is mended while a patient is being put', async () => {
  using rig = await uploaded();
  const answered = Promise.withResolvers<void>();
  rig.flynotes.hook = async ({ name }, when) => {
    if (name === 'putPatient' && when === 'before') await answered.promise;
  };
  const syncing = rig.patients.sync({ patientCode: 17 }, neverAborted);
  await rig.clock.advance(1);
  rig.flynotes.held.delete(18);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients, rounds: 1, healed: 1 });
  answered.resolve();
  await syncing;
});

test('a new digest key begins a new ledger', async () => {
  using rig = await uploaded();
  using other = createUploadRig({ key: Buffer.alloc(32, 9).toString('base64') });
  expect(other.digester.keyId).not.toBe(rig.digester.keyId);
  rig.state.ledger.useDigestKey(rig.digester.keyId);
  expect(rig.state.ledger.count()).toBe(patients);
  expect(rig.state.ledger.useDigestKey(other.digester.keyId)).toBe(true);
  expect(rig.state.ledger.count()).toBe(0);
});

test('the digest is the contract’s, and its key id gives nothing away', () => {
  using rig = createUploadRig();
  const record = { patientCode: 7, surname: 'Šimůnek' } as BasicRecord;
  expect(canonicalBasics(record)).toBe('{"patientCode":7,"surname":"Šimůnek"}');
  expect(rig.digester.ofRecord(record)).toMatch(/^[0-9a-f]{32}$/);
  expect(rig.digester.keyId).toMatch(/^1:[0-9a-f]{16}$/);
});
