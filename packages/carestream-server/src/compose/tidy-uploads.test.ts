import { createVirtualClock } from '@flynotes/testkit';
import { expect, test } from 'vitest';
import type { PassFigures } from '../contract/index.ts';
import { createRightOfWay, type BulkUploads } from '../upload/index.ts';
import { tidyAfterPasses } from './tidy-uploads.ts';

const figures = { patients: 3 } as PassFigures;
const signal = new AbortController().signal;
/** What has been promised has happened afterwards. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function uploads(run: () => Promise<PassFigures>, running: () => boolean): BulkUploads {
  return {
    request: run,
    current: () => (running() ? figures : null),
    last: () => figures,
    lastEqualAt: () => '2026-03-01T09:00:00.000Z',
  };
}

test('memory is given back once a pass is over, however many waited for it, also when it failed', async () => {
  const clock = createVirtualClock();
  let given = 0;
  let running = false;
  let fails = false;
  const tidied = tidyAfterPasses(
    uploads(
      () => (fails ? Promise.reject(new Error('no')) : Promise.resolve(figures)),
      () => running,
    ),
    clock,
    { quiet: () => Promise.resolve() },
    () => (given += 1),
  );
  expect(await Promise.all([1, 2, 3].map(() => tidied.request('requested', signal)))).toEqual([
    figures,
    figures,
    figures,
  ]);
  await turn();
  expect(given).toBe(1);
  await clock.advance(60_000);
  running = true;
  await tidied.request('requested', signal);
  await turn();
  expect(given).toBe(1);
  running = false;
  fails = true;
  await expect(tidied.request('scheduled', signal)).rejects.toThrow('no');
  await turn();
  expect(given).toBe(2);
  expect(tidied.lastEqualAt()).toBe('2026-03-01T09:00:00.000Z');
});

test('nothing stands still for it while somebody waits for a patient, nor is anybody who asked for the pass kept', async () => {
  const clock = createVirtualClock();
  const quiet = Promise.withResolvers<void>();
  let given = 0;
  let running = false;
  const tidied = tidyAfterPasses(
    uploads(
      () => Promise.resolve(figures),
      () => running,
    ),
    clock,
    { quiet: () => quiet.promise },
    () => (given += 1),
  );
  expect(await tidied.request('scheduled', signal)).toBe(figures);
  await turn();
  expect(given).toBe(0);
  // The next pass began meanwhile, and sees to it at its own end.
  running = true;
  quiet.resolve();
  await turn();
  expect(given).toBe(0);
  running = false;
  await tidied.request('scheduled', signal);
  await turn();
  expect(given).toBe(1);
});

test('whoever is stopping does not wait for quiet', async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  let given = 0;
  const tidied = tidyAfterPasses(
    uploads(
      () => Promise.resolve(figures),
      () => false,
    ),
    clock,
    createRightOfWayWith(clock),
    () => (given += 1),
  );
  await tidied.request('scheduled', stop.signal);
  await turn();
  expect(clock.sleepers()).toBe(1);
  stop.abort(new Error('stopping'));
  await turn();
  expect([clock.sleepers(), given]).toEqual([0, 0]);
});

/** Somebody waits for a patient. */
function createRightOfWayWith(clock: ReturnType<typeof createVirtualClock>) {
  const way = createRightOfWay(clock);
  way.take();
  return way;
}
