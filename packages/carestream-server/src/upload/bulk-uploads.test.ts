import { expect, test } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import { createUploadRig, neverAborted, type UploadRig } from './upload-rig.ts';

const pass = (rig: UploadRig, signal = neverAborted) => rig.clock.runUntil(rig.bulk.request('scheduled', signal));

function fill(rig: UploadRig, count: number, from = 1_000_000): void {
  for (let code = from; code < from + count; code++) rig.practice.enter(code);
}

test('a first pass uploads everyone, and both sides prove to hold the same', async () => {
  using rig = createUploadRig({ pace: { pageRows: 500 } });
  fill(rig, 2_345);
  const figures = await pass(rig);
  expect(figures).toMatchObject({
    outcome: 'equal',
    rows: 2_345,
    pages: 5,
    patients: 2_345,
    sent: 2_345,
    changed: 2_345,
    removed: 0,
  });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
  expect(rig.bulk.current()).toBeNull();
  expect(rig.bulk.last()).toEqual(figures);
  expect(rig.bulk.lastEqualAt()).toBe(figures.endedAt);
  const batches = rig.flynotes.calls.flatMap(({ batch }) => batch?.patients.length ?? []);
  expect(batches).toEqual([1000, 1000, 345]);
});

test('only new, changed and removed patients travel', async () => {
  using rig = createUploadRig({ pace: { pageRows: 100 } });
  fill(rig, 950);
  await pass(rig);
  rig.flynotes.calls.length = 0;
  rig.practice.enter(1_000_010, { surname: 'Changed' });
  rig.practice.enter(1_000_990);
  rig.practice.rows.delete(1_000_000);
  rig.practice.rows.delete(1_000_500);
  rig.practice.rows.delete(1_000_949);
  const figures = await pass(rig);
  expect(figures).toMatchObject({ outcome: 'equal', sent: 2, changed: 2, removed: 3, patients: 948 });
  expect(rig.flynotes.sentPatients()).toEqual([1_000_010, 1_000_990]);
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('an unchanged practice costs a beginning and an end', async () => {
  using rig = createUploadRig();
  fill(rig, 300);
  await pass(rig);
  rig.flynotes.calls.length = 0;
  const figures = await pass(rig);
  expect(figures).toMatchObject({ outcome: 'equal', sent: 0, changed: 0, patients: 300 });
  expect(rig.flynotes.calls.map(({ name }) => name)).toEqual(['beginPass', 'completePass']);
});

test('an empty practice is equal to an empty Flynotes', async () => {
  using rig = createUploadRig();
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', rows: 0, patients: 0 });
});

test('a patient that cannot be valid is counted with its reason, and removed where Flynotes holds it', async () => {
  using rig = createUploadRig();
  fill(rig, 20);
  rig.practice.enter(1_000_003, { surname: ' ', forename: null });
  const first = await pass(rig);
  expect(first).toMatchObject({ patients: 19, refusedByAgent: { NAME_MISSING: 1 } });
  rig.practice.enter(1_000_004, { surname: null, forename: '' });
  rig.practice.enter(1_000_003, { surname: 'Named' });
  const second = await pass(rig);
  expect(second).toMatchObject({ patients: 19, sent: 1, removed: 1, refusedByAgent: { NAME_MISSING: 1 } });
  expect([...rig.atFlynotes().keys()]).not.toContain(1_000_004);
  expect(rig.events.filter(({ name }) => name === 'pass.rows-refused').map(({ fields }) => fields['count'])).toEqual([
    1, 1,
  ]);
});

test('of two rows with one number the first counts, and the other is counted', async () => {
  using rig = createUploadRig();
  fill(rig, 5);
  const [row] = rig.practice.rows.get(1_000_002) ?? [];
  if (!row) throw new Error('no row');
  rig.practice.rows.set(1_000_002, [row, { ...row, surname: 'Other' }]);
  expect(await pass(rig)).toMatchObject({ rows: 6, patients: 5, refusedByAgent: { PATIENT_CODE_REPEATED: 1 } });
  expect(rig.flynotes.held.get(1_000_002)?.record.surname).toBe('Surname 1000002');
});

test('what Flynotes refuses is not sent each hour, but again when it changes', async () => {
  using rig = createUploadRig();
  fill(rig, 20);
  rig.flynotes.refuse.set(1_000_007, 'RECORD_INVALID');
  expect(await pass(rig)).toMatchObject({ sent: 20, patients: 19, refusedByServer: { RECORD_INVALID: 1 } });
  rig.flynotes.calls.length = 0;
  expect(await pass(rig)).toMatchObject({ sent: 0, patients: 19, refusedByServer: { RECORD_INVALID: 1 } });
  rig.restart();
  expect(await pass(rig)).toMatchObject({ sent: 0, refusedByServer: { RECORD_INVALID: 1 } });
  rig.practice.enter(1_000_007, { surname: 'Mended' });
  rig.flynotes.refuse.clear();
  expect(await pass(rig)).toMatchObject({ sent: 1, patients: 20, refusedByServer: {} });
  expect(rig.state.refusals.count()).toBe(0);
});

test('a patient held before and refused now counts on neither side, until it changes again', async () => {
  using rig = createUploadRig();
  fill(rig, 20);
  await pass(rig);
  rig.flynotes.refuse.set(1_000_007, 'RECORD_INVALID');
  rig.practice.enter(1_000_007, { surname: 'Refused' });
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 19, refusedByServer: { RECORD_INVALID: 1 } });
  // Typed back to what was once acknowledged: it travels all the same, as it is no longer held.
  rig.flynotes.refuse.clear();
  rig.practice.enter(1_000_007);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 20, sent: 1, refusedByServer: {} });
});

test('a lost answer is repeated with the same idempotency key and the same content', async () => {
  using rig = createUploadRig();
  fill(rig, 1_500);
  let lost = 0;
  rig.flynotes.hook = (call, when) => {
    if (call.name === 'sendBatch' && when === 'after' && lost++ < 2) throw new AgentError('FLYNOTES_TIMEOUT');
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', sent: 1_500, changed: 1_500 });
  const sent = rig.flynotes.calls.filter(({ name }) => name === 'sendBatch');
  expect(sent).toHaveLength(4);
  expect(sent[1]).toEqual(sent[0]);
  expect(sent[2]).toEqual(sent[0]);
  expect(sent[3]?.idempotencyKey).not.toBe(sent[0]?.idempotencyKey);
});

test('the ledger knows nothing that was not acknowledged', async () => {
  using rig = createUploadRig();
  fill(rig, 1_500);
  rig.flynotes.hook = (call) => {
    if (call.name === 'sendBatch' && call.batch?.n === 1) throw new AgentError('LICENCE_SUSPENDED');
  };
  await expect(pass(rig)).rejects.toMatchObject({ code: 'LICENCE_SUSPENDED' });
  expect(rig.state.ledger.count()).toBe(1_000);
  expect(rig.bulk.last()).toMatchObject({ outcome: 'failed', code: 'LICENCE_SUSPENDED' });
  expect(rig.events.map(({ name }) => name)).toContain('pass.failed');
});

test('Flynotes away: the pass waits with growing pauses and then goes on', async () => {
  using rig = createUploadRig();
  fill(rig, 1_500);
  let failures = 0;
  rig.flynotes.hook = (_call, when) => {
    if (when === 'before' && failures++ % 8 !== 7) throw new AgentError('FLYNOTES_UNREACHABLE');
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', sent: 1_500 });
});

test('an aborted pass is gone on with, and no patient is sent more than twice', async () => {
  using rig = createUploadRig({ pace: { pageRows: 300 } });
  fill(rig, 4_200);
  for (let stopAt = 0; stopAt < 3; stopAt++) {
    const stop = new AbortController();
    let batches = 0;
    // Cut off while the answer of the second batch is under way: it landed, and we never learn.
    rig.flynotes.hook = (call, when) => {
      if (call.name === 'sendBatch' && when === 'after' && ++batches === 2) stop.abort(new Error('stop'));
    };
    await expect(pass(rig, stop.signal)).rejects.toThrow('stop');
    expect(rig.bulk.current()).toBeNull();
    rig.restart();
  }
  rig.flynotes.hook = () => undefined;
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 4_200 });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
  const times = new Map<number, number>();
  for (const code of rig.flynotes.sentPatients()) times.set(code, (times.get(code) ?? 0) + 1);
  expect(Math.max(...times.values())).toBeLessThanOrEqual(2);
  expect(rig.flynotes.calls.filter(({ name }) => name === 'beginPass')).toHaveLength(4);
});

test('a pass that Flynotes lost is begun anew, once', async () => {
  using rig = createUploadRig({ pace: { pageRows: 300 } });
  fill(rig, 2_500);
  let expired = false;
  rig.flynotes.hook = (call, when) => {
    if (call.name === 'sendBatch' && call.batch?.n === 1 && when === 'before' && !expired) {
      expired = true;
      rig.flynotes.expirePass();
    }
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 2_500, rows: 2_500, passId: 'pass-2' });
  rig.flynotes.hook = (_call, when) => {
    if (when === 'before') rig.flynotes.expirePass();
  };
  rig.practice.enter(1_000_001, { surname: 'Changed' });
  await expect(pass(rig)).rejects.toMatchObject({ code: 'PASS_ENDED' });
});

test('R4 away for a moment: the page is read again with a new number', async () => {
  using rig = createUploadRig({ pace: { pageRows: 100 } });
  fill(rig, 300);
  let reads = 0;
  rig.practice.hook = (_read, when) => {
    if (when === 'before' && reads++ % 2 === 0) throw new AgentError('PRACTICE_DEADLOCK');
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 300 });
  rig.practice.hook = () => {
    throw new AgentError('PRACTICE_UNREACHABLE');
  };
  await expect(pass(rig)).rejects.toMatchObject({ code: 'PRACTICE_UNREACHABLE' });
});

test('a missing row is looked up by its key before it is removed', async () => {
  using rig = createUploadRig({ pace: { pageRows: 100 } });
  fill(rig, 300);
  await pass(rig);
  const [row] = rig.practice.rows.get(1_000_050) ?? [];
  if (!row) throw new Error('no row');
  rig.practice.rows.delete(1_000_050);
  let pages = 0;
  // The row is away while its page is read, as it can be without a snapshot when its key is being moved, and back after.
  rig.practice.hook = (read, when) => {
    if (read === 'page' && when === 'after' && ++pages === 1) rig.practice.rows.set(1_000_050, [row]);
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', removed: 0, sent: 0, patients: 300 });
});

test('whoever asks with an aborted signal starts nothing', async () => {
  using rig = createUploadRig();
  const reason = new Error('stopping');
  await expect(rig.bulk.request('scheduled', AbortSignal.abort(reason))).rejects.toBe(reason);
  await expect(rig.patients.sync({ patientCode: 5 }, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(rig.flynotes.calls).toEqual([]);
});

test('whoever leaves before the pass has begun leaves no pass behind', async () => {
  using rig = createUploadRig();
  fill(rig, 5);
  const stop = new AbortController();
  const asked = rig.bulk.request('scheduled', stop.signal);
  stop.abort(new Error('stop'));
  await expect(asked).rejects.toThrow('stop');
  expect(rig.bulk.current()).toBeNull();
  expect(rig.flynotes.calls).toEqual([]);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 5 });
});

test('a day without Flynotes is a few lines in the log', async () => {
  using rig = createUploadRig();
  let failures = 0;
  rig.flynotes.hook = (_call, when) => {
    if (when === 'before' && failures++ < 1_000) throw new AgentError('FLYNOTES_UNREACHABLE');
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal' });
  expect(rig.events.filter(({ name }) => name === 'warning')).toHaveLength(10);
});

test('a full disk at the end does not change how the pass ended', async () => {
  using rig = createUploadRig();
  fill(rig, 5);
  rig.deps.state.notes.set = () => {
    throw new AgentError('DISK_FULL');
  };
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 5 });
  expect(rig.errors).toMatchObject([{ code: 'DISK_FULL' }]);
});

test('a full disk while noting what was acknowledged fails the pass, and the next one mends it', async () => {
  using rig = createUploadRig();
  fill(rig, 1_500);
  const { ledger } = rig.deps.state;
  const working = { ...ledger };
  rig.deps.state.ledger.putAcknowledged = () => {
    throw new AgentError('DISK_FULL');
  };
  await expect(pass(rig)).rejects.toMatchObject({ code: 'DISK_FULL' });
  Object.assign(ledger, working);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', patients: 1_500 });
});
