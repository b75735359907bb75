import { expect, test } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import { createUploadRig, neverAborted, type UploadRig } from './upload-rig.ts';

const patients = 3_000;
const minuteMs = 60_000;
const pass = (rig: UploadRig, reason: 'scheduled' | 'requested' = 'scheduled') =>
  rig.clock.runUntil(rig.bulk.request(reason, neverAborted));

/** A practice of 30 pages, each taking a second to read; `pages` counts them. */
function rigOfPages(): UploadRig & { pages: number } {
  const rig = Object.assign(createUploadRig({ pace: { pageRows: 100, pauseRatio: 0 } }), { pages: 0 });
  for (let code = 1; code <= patients; code++) rig.practice.enter(code);
  rig.practice.hook = async (read, when) => {
    if (read !== 'page') return;
    if (when === 'before') await rig.clock.sleep(1_000);
    else rig.pages += 1;
  };
  return rig;
}

/** Runs a pass until a page is read, and kills it there; what was acknowledged and found by then is all that is left. */
async function killAtPage(rig: UploadRig & { pages: number }, page: number): Promise<void> {
  const stop = new AbortController();
  const { hook } = rig.practice;
  rig.practice.hook = async (...call) => {
    await hook(...call);
    if (rig.pages === page) stop.abort(new Error('killed'));
  };
  await expect(rig.clock.runUntil(rig.bulk.request('scheduled', stop.signal))).rejects.toThrow('killed');
  rig.practice.hook = hook;
  rig.pages = 0;
  rig.restart();
}

test('the next start reads on where everything had been acknowledged, and counts the pass as one', async () => {
  using rig = rigOfPages();
  await killAtPage(rig, 25);
  // Two batches of 1,000 had been acknowledged, so 20 of the pages are finished.
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', resumed: true, rows: patients, pages: 30, patients });
  expect(rig.pages).toBe(10);
  expect(rig.atFlynotes()).toEqual(rig.inR4());
  rig.pages = 0;
  expect(await pass(rig)).toMatchObject({ resumed: false, sent: 0, rows: patients });
  expect(rig.pages).toBe(30);
});

test('who was found to be missing before the kill is removed after it', async () => {
  using rig = rigOfPages();
  await pass(rig);
  for (const code of [5, 6, 2_950]) rig.practice.rows.delete(code);
  rig.practice.enter(7, { surname: ' ', forename: null });
  rig.pages = 0;
  await killAtPage(rig, 15);
  expect(await pass(rig)).toMatchObject({
    outcome: 'equal',
    resumed: true,
    removed: 4,
    refusedByAgent: { NAME_MISSING: 1 },
  });
  expect(rig.pages).toBeLessThan(20);
  rig.practice.rows.delete(7);
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('cut off after the last page, the next start reads none', async () => {
  using rig = rigOfPages();
  await pass(rig);
  rig.practice.enter(17, { surname: 'Changed' });
  rig.practice.rows.delete(18);
  const stop = new AbortController();
  rig.flynotes.hook = ({ name }, when) => {
    if (name !== 'completePass' || when !== 'before') return;
    stop.abort(new Error('killed'));
    throw new AgentError('FLYNOTES_UNREACHABLE');
  };
  await expect(rig.clock.runUntil(rig.bulk.request('scheduled', stop.signal))).rejects.toThrow('killed');
  rig.flynotes.hook = () => undefined;
  rig.pages = 0;
  rig.restart();
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', resumed: true, patients: patients - 1 });
  expect(rig.pages).toBe(0);
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('who was missing from a page and came back changed is sent by the next start, where the first could not', async () => {
  using rig = rigOfPages();
  await pass(rig);
  rig.practice.rows.delete(50);
  const stop = new AbortController();
  const { hook } = rig.practice;
  rig.practice.hook = async (read, when, signal) => {
    await hook(read, when, signal);
    if (read === 'keys' && when === 'before') rig.practice.enter(50, { surname: 'Back and changed' });
  };
  rig.flynotes.hook = ({ name }, when) => {
    if (name !== 'sendBatch' || when !== 'before') return;
    stop.abort(new Error('killed'));
    throw new AgentError('FLYNOTES_UNREACHABLE');
  };
  await expect(rig.clock.runUntil(rig.bulk.request('scheduled', stop.signal))).rejects.toThrow('killed');
  rig.flynotes.hook = () => undefined;
  rig.practice.hook = hook;
  rig.pages = 0;
  rig.restart();
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', resumed: true, sent: 1, changed: 1, removed: 0 });
  expect(rig.pages).toBe(0);
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test.each<[string, (rig: UploadRig) => unknown, ('scheduled' | 'requested')?]>([
  ['somebody asked for it, who may have typed something in', () => undefined, 'requested'],
  ['too long ago', (rig) => rig.clock.advance(31 * minuteMs)],
  ['the clock was put back', (rig) => rig.clock.setNow(rig.clock.now() - 60 * minuteMs)],
  ['Flynotes lost the pass', (rig) => rig.flynotes.expirePass()],
  ['rows are read in another form', (rig) => Object.assign(rig.deps, { readingForm: () => '2.0.0 other-schema' })],
  ['what was noted is damaged', (rig) => rig.state.notes.set('bulk-resume', '{"passId":"pass-1","afterCode":')],
  ['what was noted is something else', (rig) => rig.state.notes.set('bulk-resume', '[1]')],
  ['the state was lost', (rig) => rig.restart(true)],
])('begun at the first page: %s', async (_why, change, reason) => {
  using rig = rigOfPages();
  await killAtPage(rig, 25);
  await change(rig);
  rig.practice.enter(3, { surname: 'Typed in meanwhile' });
  expect(await pass(rig, reason)).toMatchObject({ outcome: 'equal', resumed: false, rows: patients, patients });
  expect(rig.pages).toBe(30);
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});
