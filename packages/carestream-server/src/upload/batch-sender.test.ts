import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import { createBulkUploads } from './bulk-uploads.ts';
import { createUploadRig, neverAborted, type UploadRig } from './upload-rig.ts';

const pass = (rig: UploadRig) => rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted));

function fill(rig: UploadRig, count: number): void {
  for (let code = 1; code <= count; code++) rig.practice.enter(code);
}

test('a batch that something on the way finds too large is divided until it passes, and the next ones stay small', async () => {
  using rig = createUploadRig({ pace: { pageRows: 500 } });
  fill(rig, 2_345);
  let refused = 0;
  rig.flynotes.hook = ({ batch }, when) => {
    if (when !== 'before' || !batch || batch.patients.length + batch.removals.length <= 200) return;
    refused += 1;
    throw new AgentError('REQUEST_TOO_LARGE');
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 2_345, sent: 2_345, changed: 2_345 });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
  expect(refused).toBeLessThan(12);
  const numbers = rig.flynotes.calls.flatMap(({ batch }) => (batch ? [batch.n] : []));
  expect(numbers).toEqual(numbers.map((_, index) => index));

  rig.practice.rows.clear();
  fill(rig, 1_300);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 1_300, removed: 1_045 });
});

test('what was gathered for a large batch goes in small ones once patients come, the last one too', async () => {
  using rig = createUploadRig({ pace: { pageRows: 500 } });
  fill(rig, 2_000);
  let most = 1_000;
  let sent = 0;
  const bulk = createBulkUploads({ ...rig.deps, batchRowsMost: () => most }, { pace: { pageRows: 500 } });
  rig.flynotes.hook = ({ batch }, when) => {
    if (batch && when === 'before' && ++sent === 1) most = 200;
  };
  expect(await rig.clock.runUntil(bulk.request('scheduled', neverAborted))).toMatchObject({ patients: 2_000 });
  const sizes = rig.flynotes.calls.flatMap(({ batch }) => (batch ? [batch.patients.length] : []));
  expect(sizes[0]).toBe(1_000);
  expect(Math.max(...sizes.slice(1))).toBe(200);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(2_000);
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('one patient alone who is too large is counted with that reason, and nobody else suffers', async () => {
  using rig = createUploadRig();
  fill(rig, 300);
  rig.flynotes.hook = ({ batch }, when) => {
    if (when === 'before' && batch?.patients.some(({ basics }) => basics.patientCode === 77)) {
      throw new AgentError('REQUEST_TOO_LARGE');
    }
  };
  const figures = { outcome: 'equal', patients: 299, refusedByServer: { REQUEST_TOO_LARGE: 1 } };
  expect(await pass(rig)).toMatchObject(figures);
  expect(rig.events.find(({ name }) => name === 'pass.rows-refused')?.fields).toMatchObject({
    code: 'REQUEST_TOO_LARGE',
    count: 1,
  });
  rig.flynotes.hook = () => undefined;
  rig.flynotes.calls.length = 0;
  // Nobody at Flynotes has judged the record: once the way is wider, it arrives.
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 300, refusedByServer: {} });
  expect(rig.flynotes.sentPatients()).toEqual([77]);
});

test('a held patient who has become too large is kept as held; batches stay large', async () => {
  using rig = createUploadRig({ pace: { pageRows: 500 } });
  fill(rig, 3_000);
  await pass(rig);
  rig.practice.enter(77, { surname: 'Large' });
  for (let code = 1_001; code <= 3_000; code++) rig.practice.enter(code, { surname: 'Changed' });
  rig.flynotes.calls.length = 0;
  rig.flynotes.hook = ({ batch }, when) => {
    if (when === 'before' && batch?.patients.some(({ basics }) => basics.patientCode === 77)) {
      throw new AgentError('REQUEST_TOO_LARGE');
    }
  };
  const figures = { outcome: 'equal', patients: 3_000, removed: 0, refusedByServer: { REQUEST_TOO_LARGE: 1 } };
  expect(await pass(rig)).toMatchObject(figures);
  expect(rig.flynotes.held.get(77)?.record.surname).toBe('Surname 77');
  const sizes = rig.flynotes.calls.flatMap(({ batch }) => batch?.patients.length ?? []);
  expect(sizes).toContain(1_000);
  // The bucket is told whole, which cannot have this patient.
  rig.flynotes.held.delete(77);
  expect(await pass(rig)).toMatchObject({ ...figures, patients: 2_999 });
});

test('a way on which everybody is too large fails the pass, and leaves nothing behind', async () => {
  using rig = createUploadRig();
  fill(rig, 300);
  await pass(rig);
  for (let code = 1; code <= 300; code++) rig.practice.enter(code, { surname: 'Changed' });
  let tries = 0;
  rig.flynotes.hook = ({ name }, when) => {
    if (name !== 'sendBatch' || when !== 'before') return;
    tries += 1;
    throw new AgentError('REQUEST_TOO_LARGE');
  };
  await expect(pass(rig)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' });
  expect(tries).toBeLessThan(40);
  rig.flynotes.hook = () => undefined;
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 300, refusedByServer: {} });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('a pass that fails leaves no batch behind that goes on trying', async () => {
  using rig = createUploadRig({ pace: { pageRows: 1_000 } });
  fill(rig, 3_000);
  let tries = 0;
  rig.flynotes.hook = (call, when) => {
    if (call.name !== 'sendBatch' || when !== 'before') return;
    tries += 1;
    throw new AgentError('FLYNOTES_UNREACHABLE');
  };
  let pages = 0;
  rig.practice.hook = (_read, when) => {
    if (when === 'before' && ++pages > 1) throw new AgentError('PRACTICE_LOGIN_FAILED');
  };
  await expect(pass(rig)).rejects.toMatchObject({ code: 'PRACTICE_LOGIN_FAILED' });
  await nextTurn();
  const triesOfThePass = tries;
  expect(triesOfThePass).toBeGreaterThan(0);
  expect(rig.clock.sleepers()).toBe(0);
  await rig.clock.advance(3_600_000);
  expect(tries).toBe(triesOfThePass);
});
