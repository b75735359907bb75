import { createVirtualClock } from '@flynotes/testkit';
import { expect, test } from 'vitest';
import type { PassFigures } from '../contract/index.ts';
import type { BulkUploads } from '../upload/index.ts';
import { tidyAfterPasses } from './tidy-uploads.ts';

const figures = { patients: 3 } as PassFigures;
const signal = new AbortController().signal;

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
    () => (given += 1),
  );
  expect(await Promise.all([1, 2, 3].map(() => tidied.request('requested', signal)))).toEqual([
    figures,
    figures,
    figures,
  ]);
  expect(given).toBe(1);
  await clock.advance(60_000);
  running = true;
  await tidied.request('requested', signal);
  expect(given).toBe(1);
  running = false;
  fails = true;
  await expect(tidied.request('scheduled', signal)).rejects.toThrow('no');
  expect(given).toBe(2);
  expect(tidied.lastEqualAt()).toBe('2026-03-01T09:00:00.000Z');
});
