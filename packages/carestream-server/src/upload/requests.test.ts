import { expect, test } from 'vitest';
import { createUploadRig, neverAborted, type UploadRig } from './upload-rig.ts';

function rigOf(patients: number): UploadRig {
  const rig = createUploadRig({ pace: { pageRows: 10 } });
  for (let code = 1; code <= patients; code++) rig.practice.enter(code);
  return rig;
}

const passesOf = (rig: UploadRig) => rig.flynotes.calls.filter(({ name }) => name === 'beginPass').length;

/** Resolves when the pass has read its first page. */
function firstPage(rig: UploadRig): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.practice.hook = (read, when) => {
    if (read === 'page' && when === 'after') resolve();
  };
  return promise;
}

test('ten requests during a pass make two passes, and each gets its result', async () => {
  using rig = rigOf(50);
  const read = firstPage(rig);
  const first = rig.bulk.request('scheduled', neverAborted);
  await rig.clock.runUntil(read);
  expect(rig.bulk.current()).toMatchObject({ outcome: 'running' });
  // Typed in now, below where the pass has read: only a pass after this one can bring it.
  rig.practice.enter(1, { surname: 'Walk-in' });
  const asked = Array.from({ length: 10 }, () => rig.bulk.request('requested', neverAborted));
  const results = await rig.clock.runUntil(Promise.all(asked));
  expect(passesOf(rig)).toBe(2);
  expect(await first).toMatchObject({ outcome: 'equal', passId: 'pass-1', reason: 'scheduled' });
  for (const result of results) expect(result).toMatchObject({ outcome: 'equal', passId: 'pass-2', changed: 1 });
  expect(rig.flynotes.held.get(1)?.record.surname).toBe('Walk-in');
});

test('the hourly request joins the running pass; requests before the first read do too', async () => {
  using rig = rigOf(50);
  const one = rig.bulk.request('requested', neverAborted);
  const two = rig.bulk.request('requested', neverAborted);
  const read = firstPage(rig);
  await rig.clock.runUntil(read);
  const hourly = rig.bulk.request('scheduled', neverAborted);
  const [a, b, c] = await rig.clock.runUntil(Promise.all([one, two, hourly]));
  expect(passesOf(rig)).toBe(1);
  expect(b).toEqual(a);
  expect(c).toEqual(a);
});

test('an asker who leaves takes nobody along; the last one ends the pass', async () => {
  using rig = rigOf(50);
  const [one, two] = [new AbortController(), new AbortController()];
  const read = firstPage(rig);
  const first = rig.bulk.request('scheduled', one.signal);
  const second = rig.bulk.request('scheduled', two.signal);
  await rig.clock.runUntil(read);
  one.abort(new Error('one left'));
  await expect(first).rejects.toThrow('one left');
  expect(rig.bulk.current()).not.toBeNull();
  two.abort(new Error('two left'));
  await expect(rig.clock.runUntil(second)).rejects.toThrow('two left');
  expect(rig.bulk.current()).toBeNull();
  rig.practice.hook = () => undefined;
  expect(await rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted))).toMatchObject({ outcome: 'equal' });
});

test('a follower that nobody waits for any more is not run, and does not hold up the next', async () => {
  using rig = rigOf(50);
  const leaver = new AbortController();
  const read = firstPage(rig);
  const first = rig.bulk.request('scheduled', neverAborted);
  await rig.clock.runUntil(read);
  const second = rig.bulk.request('requested', leaver.signal);
  leaver.abort(new Error('left'));
  const third = rig.bulk.request('requested', neverAborted);
  await expect(second).rejects.toThrow('left');
  expect(await rig.clock.runUntil(third)).toMatchObject({ passId: 'pass-2', outcome: 'equal' });
  expect(await first).toMatchObject({ passId: 'pass-1' });
  expect(passesOf(rig)).toBe(2);
});

test('a failed pass fails its askers, and its follower runs all the same', async () => {
  using rig = rigOf(50);
  const read = firstPage(rig);
  const first = rig.bulk.request('scheduled', neverAborted);
  await rig.clock.runUntil(read);
  const second = rig.bulk.request('requested', neverAborted);
  rig.practice.hook = () => {
    rig.practice.hook = () => undefined;
    throw new TypeError('a fault nobody foresaw');
  };
  await expect(rig.clock.runUntil(first)).rejects.toThrow('a fault nobody foresaw');
  expect(await rig.clock.runUntil(second)).toMatchObject({ outcome: 'equal', patients: 50 });
});
