import { expect, test } from 'vitest';
import { createVirtualClock } from './virtual-clock.ts';

test('sleeps end in the order of their moments, and not before', async () => {
  const clock = createVirtualClock();
  const woken: string[] = [];
  void clock.sleep(30).then(() => woken.push('c'));
  void clock.sleep(10).then(() => woken.push('a'));
  void clock.sleep(20).then(async () => {
    woken.push('b');
    await clock.sleep(5);
    woken.push('b2');
  });
  await clock.advance(9);
  expect(woken).toEqual([]);
  await clock.advance(21);
  expect(woken).toEqual(['a', 'b', 'b2', 'c']);
  expect(clock.monotonic()).toBe(30);
});

test('a jump of the wall clock moves neither sleeps nor the monotonic clock', async () => {
  const clock = createVirtualClock({ nowMs: 1_000_000 });
  let woken = false;
  void clock.sleep(100).then(() => (woken = true));
  clock.setNow(5_000_000);
  await clock.advance(99);
  expect(woken).toBe(false);
  expect(clock.now()).toBe(5_000_099);
  await clock.advance(1);
  expect(woken).toBe(true);
  expect(clock.monotonic()).toBe(100);
});

test('an aborted sleep rejects with the reason and is forgotten', async () => {
  const clock = createVirtualClock();
  const ending = new AbortController();
  const sleep = clock.sleep(1000, ending.signal);
  ending.abort(new Error('enough'));
  await expect(sleep).rejects.toThrow('enough');
  expect(clock.sleepers()).toBe(0);
  await expect(clock.sleep(1, ending.signal)).rejects.toThrow('enough');
});

test('work runs to its end by itself; work that waits for nothing is told', async () => {
  const clock = createVirtualClock();
  const day = async () => {
    for (let hour = 0; hour < 24; hour++) await clock.sleep(3_600_000);
    return clock.monotonic();
  };
  expect(await clock.runUntil(day())).toBe(86_400_000);
  await expect(clock.runUntil(new Promise(() => {}))).rejects.toThrow('nothing sleeps');
});
