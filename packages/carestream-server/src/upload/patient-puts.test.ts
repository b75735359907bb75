import { createVirtualClock } from '@flynotes/testkit';
import { expect, test } from 'vitest';
import { createPatientPuts } from './patient-puts.ts';

const never = new AbortController().signal;
const wish = { waitMostMs: 2_000, holdMs: 5 };

function rig() {
  const clock = createVirtualClock();
  return { clock, puts: createPatientPuts(clock) };
}

test('where nobody is being put it is calm, and whoever begins then is held until the moment is over', async () => {
  const { clock, puts } = rig();
  const release = await puts.calm(wish, never);
  let begun = 0;
  const beginning = [1, 2].map((code) => puts.begin(code).then(() => (begun += 1)));
  await clock.advance(3);
  expect(begun).toBe(0);
  release();
  await Promise.all(beginning);
  expect(clock.monotonic()).toBe(3);
  expect(clock.sleepers()).toBe(0);
});

test('nobody is held longer than the moment lasts, nor a second time', async () => {
  const { clock, puts } = rig();
  await puts.calm(wish, never);
  const beginning = puts.begin(1);
  await clock.advance(4);
  const startedMs = clock.monotonic();
  const end = await clock.runUntil(beginning);
  expect(clock.monotonic() - startedMs).toBe(1);
  end();
  expect(clock.sleepers()).toBe(0);
});

test('the moment comes when the last one has ended, and the one after cannot slip in before', async () => {
  const { clock, puts } = rig();
  const [first, second] = [await puts.begin(1), await puts.begin(2)];
  const calm = puts.calm(wish, never);
  await clock.advance(10);
  first();
  await clock.advance(10);
  second();
  let slipped = false;
  void puts.begin(3).then(() => (slipped = true));
  const release = await calm;
  expect(slipped).toBe(false);
  release();
  await clock.advance(0);
  expect(slipped).toBe(true);
});

test('without a gap it is waited for no longer than that, and nobody is held', async () => {
  const { clock, puts } = rig();
  await puts.begin(1);
  await clock.runUntil(puts.calm(wish, never));
  expect(clock.monotonic()).toBe(2_000);
  const end = await puts.begin(2);
  end();
  expect(clock.monotonic()).toBe(2_000);
  const stop = new AbortController();
  const unwanted = puts.calm(wish, stop.signal);
  stop.abort(new Error('stopping'));
  await expect(unwanted).rejects.toThrow('stopping');
});

test('a watcher learns of who is under way, of who follows, and of each end once', async () => {
  const { puts } = rig();
  const seen: string[] = [];
  const first = await puts.begin(1);
  const leave = puts.watch({
    begins: (code) => seen.push(`begins ${code}`),
    ends: (code) => seen.push(`ends ${code}`),
  });
  const second = await puts.begin(2);
  first();
  first();
  leave();
  second();
  expect(seen).toEqual(['begins 1', 'begins 2', 'ends 1']);
});
