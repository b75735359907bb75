import { createVirtualClock } from '@flynotes/testkit';
import { expect, test } from 'vitest';
import type { UploadDeps } from './ports.ts';
import { createRightOfWay } from './right-of-way.ts';

const never = new AbortController().signal;

/** Bulk work's ports over doubles that note what was begun. */
function rig() {
  const clock = createVirtualClock();
  const begun: string[] = [];
  const note = (name: string) => async () => {
    begun.push(name);
    return {} as never;
  };
  const way = createRightOfWay(clock);
  const ports = way.givenBy({
    clock,
    practice: () => ({
      readBasicsPage: note('page'),
      readBasicsOf: note('by-key'),
      readPatient: note('patient'),
    }),
    flynotes: {
      beginPass: note('begin'),
      sendBatch: note('batch'),
      completePass: note('complete'),
      putPatient: note('put'),
      sentBytes: () => 0,
    } satisfies UploadDeps['flynotes'],
  });
  return { clock, begun, way, ports };
}

type Step = (parts: ReturnType<typeof rig>, signal?: AbortSignal) => Promise<unknown>;
const steps: Readonly<Record<'page' | 'by-key' | 'batch' | 'slice', Step>> = {
  page: ({ ports }, signal = never) => ports.practice().readBasicsPage(null, 10, signal),
  'by-key': ({ ports }, signal = never) => ports.practice().readBasicsOf([1], signal),
  batch: ({ ports }, signal = never) => ports.flynotes.sendBatch('p', {} as never, { idempotencyKey: 'k' }, signal),
  slice: ({ ports, begun }, signal = never) => ports.clock.sleep(0, signal).then(() => void begun.push('slice')),
};
const names = Object.keys(steps) as (keyof typeof steps)[];

test.each(names)('a %s waits until the last of several patients has gone by', async (name) => {
  const parts = rig();
  const leave = [parts.way.take(), parts.way.take()];
  const step = steps[name](parts);
  await parts.clock.advance(50);
  leave[0]?.();
  leave[0]?.();
  await parts.clock.advance(10);
  expect(parts.begun).toEqual([]);
  leave[1]?.();
  // The next one may follow at once.
  await parts.clock.advance(10);
  expect(parts.begun).toEqual([]);
  await parts.clock.runUntil(step);
  expect(parts.begun).toEqual([name]);
  expect(parts.clock.sleepers()).toBe(0);
});

test.each(names)(
  'a %s waits for nobody where nobody waits, and not for ever where somebody always does',
  async (name) => {
    const parts = rig();
    await parts.clock.runUntil(steps[name](parts));
    expect(parts.begun).toEqual([name]);
    parts.way.take();
    const startedMs = parts.clock.monotonic();
    await parts.clock.runUntil(steps[name](parts));
    expect(parts.clock.monotonic() - startedMs).toBe(100);
    expect(parts.begun).toEqual([name, name]);
  },
);

test.each(names)('a %s that is no longer wanted stops waiting', async (name) => {
  const parts = rig();
  parts.way.take();
  const stop = new AbortController();
  const step = steps[name](parts, stop.signal);
  step.catch(() => undefined);
  await parts.clock.advance(5);
  stop.abort(new Error('stopping'));
  await expect(step).rejects.toThrow('stopping');
  expect(parts.begun).toEqual([]);
});

test('while patients come one after another, pages and batches are small, and soon afterwards large again', async () => {
  const clock = createVirtualClock();
  const pages: number[] = [];
  const way = createRightOfWay(clock);
  const reader = {
    readBasicsPage: async (_after: number | null, pageRows: number) => {
      pages.push(pageRows);
      return { rows: [], lastCode: null, elapsedMs: 0 };
    },
    readBasicsOf: async () => [],
    readPatient: async () => null,
  };
  const ports = way.givenBy({ clock, practice: () => reader, flynotes: {} as UploadDeps['flynotes'] });
  const look = async () => {
    await clock.runUntil(ports.practice().readBasicsPage(null, 2_000, never));
    return [pages.at(-1), ports.batchRowsMost()];
  };
  expect(await look()).toEqual([2_000, 1_000]);
  const leave = way.take();
  expect(await look()).toEqual([125, 125]);
  leave();
  expect(await look()).toEqual([125, 125]);
  await clock.advance(2_500);
  expect(await look()).toEqual([2_000, 1_000]);
});

test('while patients come, each step is rested after twice as long as it took; an hour later it is not', async () => {
  const clock = createVirtualClock();
  const way = createRightOfWay(clock);
  const begun: number[] = [];
  const reader = {
    readBasicsPage: async () => {
      begun.push(clock.monotonic());
      await clock.sleep(8);
      return { rows: [], lastCode: null, elapsedMs: 8 };
    },
    readBasicsOf: async () => [],
    readPatient: async () => null,
  };
  const ports = way.givenBy({ clock, practice: () => reader, flynotes: {} as UploadDeps['flynotes'] });
  const gapsOf = async (pages: number) => {
    begun.length = 0;
    for (let page = 0; page < pages; page += 1)
      await clock.runUntil(ports.practice().readBasicsPage(null, 2_000, never));
    return begun.slice(1).map((atMs, index) => atMs - (begun[index] ?? 0));
  };
  expect(await gapsOf(3)).toEqual([8, 8]);
  way.take()();
  await clock.advance(100);
  expect(await gapsOf(3)).toEqual([24, 24]);
  await clock.advance(3_600_000);
  expect(await gapsOf(3)).toEqual([8, 8]);
});

test('it is quiet at once where nobody came, and two seconds after the last of those who did', async () => {
  const clock = createVirtualClock();
  const way = createRightOfWay(clock);
  await way.quiet(never);
  const [first, second] = [way.take(), way.take()];
  let isQuiet = false;
  const quiet = way.quiet(never).then(() => (isQuiet = true));
  await clock.advance(3_000);
  first();
  await clock.advance(3_000);
  second();
  await clock.advance(1_900);
  // One more, who is through at once.
  way.take()();
  await clock.advance(1_900);
  expect(isQuiet).toBe(false);
  await clock.runUntil(quiet);
  expect([isQuiet, clock.sleepers()]).toEqual([true, 0]);
});

test('where patients come for minutes on end, quiet is a moment between two of them', async () => {
  const clock = createVirtualClock();
  const way = createRightOfWay(clock);
  let quietAtMs = 0;
  let isTaken = true;
  let leave = way.take();
  const startedMs = clock.monotonic();
  void way.quiet(never).then(() => {
    expect(isTaken).toBe(false);
    quietAtMs = clock.monotonic();
  });
  for (let patient = 0; patient < 100; patient += 1) {
    await clock.advance(700);
    leave();
    isTaken = false;
    await clock.advance(300);
    isTaken = true;
    leave = way.take();
  }
  expect(quietAtMs - startedMs).toBeGreaterThanOrEqual(60_000);
  expect(quietAtMs - startedMs).toBeLessThan(63_000);
});
