import { createVirtualClock } from '@flynotes/testkit';
import { expect, it } from 'vitest';
import { createBatcher } from './batcher.ts';

it('sends what comes within the delay together, no more than fits', async () => {
  const clock = createVirtualClock();
  const sent: (readonly number[])[] = [];
  const batcher = createBatcher<number>(clock, async (batch) => (sent.push(batch), []), { sizeMost: 3, delayMs: 5 });
  const all = Promise.all([1, 2, 3, 4, 5, 6, 7].map((entry) => batcher.add(entry)));
  expect(await clock.runUntil(all)).toEqual(Array.from({ length: 7 }, () => true));
  expect(sent).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  await clock.advance(1_000);
  await clock.runUntil(batcher.add(8));
  expect(sent.at(-1)).toEqual([8]);
  expect(clock.monotonic()).toBe(1_010);
});

it('tells each entry of its own fate', async () => {
  const clock = createVirtualClock();
  let fail = false;
  const batcher = createBatcher<string>(
    clock,
    async () => {
      if (fail) throw new Error('the whole batch');
      return [1];
    },
    { sizeMost: 10, delayMs: 5 },
  );
  const add = () => Promise.allSettled(['a', 'b', 'c'].map((entry) => batcher.add(entry)));
  expect(await clock.runUntil(add())).toMatchObject([{ value: true }, { value: false }, { value: true }]);
  fail = true;
  expect(await clock.runUntil(add())).toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
    { status: 'rejected' },
  ]);
});
