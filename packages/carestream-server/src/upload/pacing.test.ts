import { expect, test } from 'vitest';
import { createUploadRig, neverAborted, type UploadRig } from './upload-rig.ts';

const pass = (rig: UploadRig, signal = neverAborted) => rig.clock.runUntil(rig.bulk.request('scheduled', signal));

function fill(rig: UploadRig, count: number): void {
  for (let code = 1_000_000; code < 1_000_000 + count; code++) rig.practice.enter(code);
}

test('pauses follow what pages took', async () => {
  using rig = createUploadRig({ pace: { pageRows: 100, pauseRatio: 2, pauseMostMs: 5 } });
  fill(rig, 300);
  const startedMs = rig.clock.monotonic();
  // Two pauses between three pages of 4 ms each: 8 ms, but 5 at most.
  expect(await pass(rig)).toMatchObject({ pages: 3, readMs: 12, pausedMs: 10 });
  expect(rig.clock.monotonic() - startedMs).toBe(10);
});

test('a pass that somebody asked for does not pause', async () => {
  using rig = createUploadRig({ pace: { pageRows: 100, pauseRatio: 2, pauseMostMs: 50 } });
  fill(rig, 300);
  const startedMs = rig.clock.monotonic();
  const asked = rig.bulk.request('requested', neverAborted);
  expect(await rig.clock.runUntil(asked)).toMatchObject({ pages: 3, readMs: 12, pausedMs: 0 });
  expect(rig.clock.monotonic() - startedMs).toBe(0);
});

test('a busy server is left alone for longer', async () => {
  using rig = createUploadRig({ pace: { pageRows: 100, pauseRatio: 0.5 } });
  fill(rig, 300);
  const quick = { ...rig.practice.reader };
  rig.practice.reader.readBasicsPage = async (...page) => ({
    ...(await quick.readBasicsPage(...page)),
    elapsedMs: 6_000,
  });
  expect(await pass(rig)).toMatchObject({ pages: 3, readMs: 18_000, pausedMs: 6_000 });
});

test('whoever asks while a scheduled pass pauses ends its pausing, and neither pass pauses again', async () => {
  using rig = createUploadRig({ pace: { pageRows: 100, pauseRatio: 1_000, pauseMostMs: 60_000 } });
  fill(rig, 400);
  const { promise: paused, resolve } = Promise.withResolvers<void>();
  const plain = { ...rig.clock };
  rig.clock.sleep = (ms, signal) => {
    if (ms > 1_000) resolve();
    return plain.sleep(ms, signal);
  };
  const startedMs = rig.clock.monotonic();
  const scheduled = rig.bulk.request('scheduled', neverAborted);
  await paused;
  const asked = rig.bulk.request('requested', neverAborted);
  const results = await rig.clock.runUntil(Promise.all([scheduled, asked]));
  expect(results).toMatchObject([
    { reason: 'scheduled', pages: 4, pausedMs: 0 },
    { reason: 'requested', pages: 4, pausedMs: 0 },
  ]);
  expect(rig.clock.monotonic() - startedMs).toBe(0);
});

test('a patient is synced while a pass pauses', async () => {
  using rig = createUploadRig({ pace: { pageRows: 100, pauseRatio: 1_000, pauseMostMs: 60_000 } });
  fill(rig, 300);
  const { promise: paused, resolve } = Promise.withResolvers<void>();
  const plain = { ...rig.clock };
  rig.clock.sleep = (ms, signal) => {
    if (ms > 1_000) resolve();
    return plain.sleep(ms, signal);
  };
  const scheduled = rig.bulk.request('scheduled', neverAborted);
  await paused;
  // Nobody moves the clock on: whatever waited for the pause would wait for ever.
  const [code = 0] = rig.practice.rows.keys();
  expect(await rig.patients.sync({ patientCode: code }, neverAborted)).toMatchObject({ outcome: 'done' });
  await rig.clock.runUntil(scheduled);
});
