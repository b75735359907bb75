import { createVirtualClock } from '@flynotes/testkit';
import { expect, test } from 'vitest';
import type { PassFigures } from '../contract/index.ts';
import { createRightOfWay, type BulkUploads } from '../upload/index.ts';
import { tidyAfterPasses } from './tidy-uploads.ts';

const figures = { patients: 3 } as PassFigures;
const signal = new AbortController().signal;

/** Passes that are over as soon as they are asked for, and how often memory was given back after them. */
function rig() {
  const clock = createVirtualClock();
  const rightOfWay = createRightOfWay(clock);
  const state = { given: 0, running: false, fails: false, stuck: false };
  const errors: unknown[] = [];
  const log = { error: (error: unknown) => void errors.push(error) };
  const uploads: BulkUploads = {
    request: () => (state.fails ? Promise.reject(new Error('no')) : Promise.resolve(figures)),
    current: () => (state.running ? figures : null),
    last: () => figures,
    lastEqualAt: () => '2026-03-01T09:00:00.000Z',
  };
  const tidied = tidyAfterPasses(uploads, { clock, log, rightOfWay }, () => {
    if (state.stuck) throw new Error('no collector');
    state.given += 1;
  });
  return { clock, rightOfWay, state, errors, tidied };
}

test('memory is given back once after each pass, however many waited for it, also when it failed', async () => {
  const { clock, state, tidied } = rig();
  const three = [1, 2, 3].map(() => tidied.request('requested', signal));
  expect(await Promise.all(three)).toEqual([figures, figures, figures]);
  await clock.advance(1);
  expect(state.given).toBe(1);
  // The next one follows at once, and leaves as much behind.
  await tidied.request('scheduled', signal);
  await clock.advance(1);
  expect(state.given).toBe(2);
  state.running = true;
  await tidied.request('requested', signal);
  await clock.advance(1);
  expect(state.given).toBe(2);
  state.running = false;
  state.fails = true;
  await expect(tidied.request('scheduled', signal)).rejects.toThrow('no');
  await clock.advance(1);
  expect(state.given).toBe(3);
  expect(tidied.lastEqualAt()).toBe('2026-03-01T09:00:00.000Z');
});

test('nothing stands still for it while somebody waits for a patient, nor is anybody who asked for the pass kept', async () => {
  const { clock, rightOfWay, state, tidied } = rig();
  const leave = rightOfWay.take();
  expect(await tidied.request('scheduled', signal)).toBe(figures);
  await tidied.request('requested', signal);
  await clock.advance(5_000);
  leave();
  await clock.advance(1_500);
  expect(state.given).toBe(0);
  await clock.advance(1_500);
  expect([state.given, clock.sleepers()]).toEqual([1, 0]);
});

test('the next pass, which began meanwhile, is the one that is tidied up after', async () => {
  const { clock, rightOfWay, state, tidied } = rig();
  rightOfWay.take()();
  await tidied.request('scheduled', signal);
  state.running = true;
  await clock.advance(3_000);
  expect(state.given).toBe(0);
  state.running = false;
  await tidied.request('scheduled', signal);
  await clock.advance(1);
  expect(state.given).toBe(1);
});

test('closed, it waits for nothing and gives nothing back', async () => {
  const { clock, rightOfWay, state, errors, tidied } = rig();
  rightOfWay.take();
  await tidied.request('requested', signal);
  await clock.advance(10);
  expect(clock.sleepers()).toBe(1);
  tidied.close();
  await clock.advance(10);
  expect(clock.sleepers()).toBe(0);
  await tidied.request('requested', signal);
  await clock.advance(600_000);
  expect([state.given, clock.sleepers(), errors]).toEqual([0, 0, []]);
});

test('where memory cannot be given back, that is told, and the next pass is tidied up after all the same', async () => {
  const { clock, state, errors, tidied } = rig();
  state.stuck = true;
  expect(await tidied.request('scheduled', signal)).toBe(figures);
  await clock.advance(1);
  expect(errors).toEqual([new Error('no collector')]);
  state.stuck = false;
  await tidied.request('scheduled', signal);
  await clock.advance(1);
  expect(state.given).toBe(1);
});
