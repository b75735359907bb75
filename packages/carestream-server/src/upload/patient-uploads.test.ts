import { expect, test } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import { createUploadRig, neverAborted, type UploadRig } from './upload-rig.ts';

const sync = (rig: UploadRig, patientCode: number, signal = neverAborted) =>
  rig.clock.runUntil(rig.patients.sync({ patientCode, messageId: 'm-1' }, signal));
const putsOf = (rig: UploadRig) => rig.flynotes.calls.filter(({ name }) => name === 'putPatient').length;

test('a patient is uploaded, noted in the ledger, and not sent again by the next pass', async () => {
  using rig = createUploadRig();
  rig.practice.enter(1_000_001);
  const { outcome, legs } = await sync(rig, 1_000_001);
  expect(outcome).toBe('done');
  expect(Object.keys(legs).sort()).toEqual(['mappedMs', 'readMs', 'uploadedMs']);
  expect(rig.state.ledger.get(1_000_001)?.digest).toBe(rig.flynotes.held.get(1_000_001)?.digest);
  const figures = await rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted));
  expect(figures).toMatchObject({ outcome: 'equal', sent: 0, patients: 1 });
});

test('a history that had to be cut arrives, and that it was cut is reported', async () => {
  using rig = createUploadRig();
  rig.practice.enter(7);
  const before = { ...rig.practice.reader };
  const questionnaires = [{ id: 1, completedAt: null, name: null, notes: 'x'.repeat(1_000_001) }];
  Object.assign(rig.practice.reader, {
    readPatient: async (...asked: Parameters<typeof before.readPatient>) => {
      const rows = await before.readPatient(...asked);
      return rows && { ...rows, questionnaires };
    },
  });
  expect(await rig.clock.runUntil(rig.patients.sync({ patientCode: 7 }, neverAborted))).toMatchObject({
    outcome: 'done',
  });
  const { full, record } = rig.flynotes.held.get(7) ?? {};
  expect(full?.marks).toEqual(['text-truncated']);
  expect(record?.marks ?? []).not.toContain('text-truncated');
  expect(rig.events).toContainEqual({ name: 'warning', fields: { area: 'upload', name: 'text-truncated', count: 1 } });
});

test('no such patient is said so, and nothing is sent', async () => {
  using rig = createUploadRig();
  expect(await sync(rig, 5)).toMatchObject({ outcome: 'not-found' });
  expect(putsOf(rig)).toBe(0);
});

test('a record that cannot be valid fails with its reason', async () => {
  using rig = createUploadRig();
  rig.practice.enter(5, { surname: null, forename: ' ' });
  await expect(sync(rig, 5)).rejects.toMatchObject({ code: 'NAME_MISSING' });
  expect(putsOf(rig)).toBe(0);
  rig.practice.enter(6);
  rig.flynotes.refuse.set(6, 'RECORD_INVALID');
  await expect(sync(rig, 6)).rejects.toMatchObject({ code: 'RECORD_INVALID' });
});

test('each try reads R4 anew', async () => {
  using rig = createUploadRig();
  rig.practice.enter(5, { surname: 'Before' });
  rig.flynotes.hook = (_call, when) => {
    if (when !== 'after') return;
    rig.flynotes.hook = () => undefined;
    rig.practice.enter(5, { surname: 'Meanwhile' });
    throw new AgentError('FLYNOTES_TIMEOUT');
  };
  expect(await sync(rig, 5)).toMatchObject({ outcome: 'done' });
  expect(rig.flynotes.held.get(5)?.record.surname).toBe('Meanwhile');
  expect(putsOf(rig)).toBe(2);
  expect(rig.state.ledger.get(5)?.readSequence).toBe(rig.flynotes.held.get(5)?.readSequence);
});

test('it gives up after a few tries, and says with what', async () => {
  using rig = createUploadRig();
  rig.practice.enter(5);
  rig.flynotes.hook = () => {
    throw new AgentError('FLYNOTES_UNREACHABLE');
  };
  await expect(sync(rig, 5)).rejects.toMatchObject({ code: 'FLYNOTES_UNREACHABLE' });
});

test('told to come back in an hour, it lets others pass and leaves the waiting to the queue', async () => {
  using rig = createUploadRig();
  rig.practice.enter(7);
  let puts = 0;
  rig.flynotes.hook = (call, when) => {
    if (call.name !== 'putPatient' || when !== 'before') return;
    puts += 1;
    throw new AgentError('FLYNOTES_UNAVAILABLE', { retryAfterMs: puts === 1 ? 2_000 : 3_600_000 });
  };
  const startedMs = rig.clock.monotonic();
  await expect(rig.clock.runUntil(rig.patients.sync({ patientCode: 7 }, neverAborted))).rejects.toMatchObject({
    code: 'FLYNOTES_UNAVAILABLE',
  });
  expect(puts).toBe(2);
  expect(rig.clock.monotonic() - startedMs).toBe(2_000);
});

test('asked for ten times at once it is done once; asked for after it began to read, once more', async () => {
  using rig = createUploadRig();
  rig.practice.enter(5, { surname: 'Before' });
  let asked: Promise<unknown> | null = null;
  rig.practice.hook = (_read, when) => {
    if (when !== 'after' || asked) return;
    // R4 has answered; only now someone types, and only then Flynotes asks.
    rig.practice.enter(5, { surname: 'Typed in' });
    asked = Promise.all(
      Array.from({ length: 10 }, () => rig.patients.sync({ patientCode: 5, messageId: 'm-2' }, neverAborted)),
    );
  };
  await rig.clock.runUntil(
    Promise.all(Array.from({ length: 10 }, () => rig.patients.sync({ patientCode: 5 }, neverAborted))),
  );
  await rig.clock.runUntil(asked ?? Promise.resolve());
  expect(putsOf(rig)).toBe(2);
  expect(rig.flynotes.held.get(5)?.record.surname).toBe('Typed in');
});

test('an asker who leaves takes nobody along', async () => {
  using rig = createUploadRig();
  rig.practice.enter(5);
  const leaver = new AbortController();
  const one = rig.patients.sync({ patientCode: 5 }, leaver.signal);
  const two = rig.patients.sync({ patientCode: 5 }, neverAborted);
  leaver.abort(new Error('left'));
  await expect(one).rejects.toThrow('left');
  expect(await rig.clock.runUntil(two)).toMatchObject({ outcome: 'done' });
});

test('a full disk does not fail what has arrived', async () => {
  using rig = createUploadRig();
  rig.practice.enter(5);
  rig.deps.state.ledger.putAcknowledged = () => {
    throw new AgentError('DISK_FULL');
  };
  expect(await sync(rig, 5)).toMatchObject({ outcome: 'done' });
  expect(rig.errors).toMatchObject([{ code: 'DISK_FULL' }]);
});

for (const order of ['the page arrives first', 'the patient-sync arrives first'] as const) {
  test(`a page that was read before a patient-sync never wins: ${order}`, async () => {
    using rig = createUploadRig();
    rig.practice.enter(5, { surname: 'Old' });
    rig.practice.enter(6);
    let synced: Promise<unknown> | undefined;
    const syncNow = () => (synced ??= rig.patients.sync({ patientCode: 5 }, neverAborted));
    rig.practice.hook = (read, when) => {
      // The page has been read with the old name; now the new one is typed in.
      if (read === 'page' && when === 'after') rig.practice.enter(5, { surname: 'New' });
    };
    rig.flynotes.hook = async (call, when) => {
      if (call.name !== 'sendBatch') return;
      if (when === 'before' && order === 'the patient-sync arrives first') await syncNow();
      if (when === 'after' && order === 'the page arrives first') await syncNow();
    };
    const figures = await rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted));
    await Promise.resolve(synced);
    expect(figures).toMatchObject({ outcome: 'equal', patients: 2 });
    expect(rig.flynotes.held.get(5)?.record.surname).toBe('New');
    expect(rig.state.ledger.get(5)?.digest).toBe(rig.flynotes.held.get(5)?.digest);
    rig.practice.hook = () => undefined;
    rig.flynotes.hook = () => undefined;
    expect(await rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted))).toMatchObject({ sent: 0 });
  });
}

test('a patient-sync that comes and goes while a page is under way is not undone by the page', async () => {
  using rig = createUploadRig();
  rig.practice.enter(5, { surname: 'Old' });
  let synced: Promise<unknown> | null = null;
  rig.practice.hook = async (read, when) => {
    if (read !== 'page' || when !== 'after' || synced) return;
    // The page holds the old name already, but has not arrived yet.
    rig.practice.enter(5, { surname: 'New' });
    synced = rig.patients.sync({ patientCode: 5 }, neverAborted);
    await synced;
  };
  expect(await rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted))).toMatchObject({ outcome: 'equal' });
  expect(rig.flynotes.held.get(5)?.record.surname).toBe('New');
});

test('a patient who comes by patient-sync behind the pass is not taken for removed', async () => {
  using rig = createUploadRig({ pace: { pageRows: 5 } });
  for (let code = 10; code <= 40; code += 2) rig.practice.enter(code);
  let synced: Promise<unknown> | null = null;
  rig.practice.hook = async (read, when) => {
    if (read !== 'page' || when !== 'after' || synced) return;
    rig.practice.enter(11);
    synced = rig.patients.sync({ patientCode: 11 }, neverAborted);
    await synced;
  };
  const figures = await rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted));
  expect(figures).toMatchObject({ outcome: 'equal', removed: 0, patients: 17 });
});
