import { expect, test } from 'vitest';
import type { PassReason } from './ports.ts';
import { createUploadRig, neverAborted, type UploadRig } from './upload-rig.ts';

const minuteMs = 60_000;
const pass = (rig: UploadRig, reason: PassReason = 'scheduled') =>
  rig.clock.runUntil(rig.bulk.request(reason, neverAborted));

/** A practice of which Flynotes holds everybody. */
async function uploaded(count: number): Promise<UploadRig> {
  const rig = createUploadRig({ pace: { pageRows: 500 } });
  for (let code = 1; code <= count; code++) rig.practice.enter(code);
  await pass(rig);
  return rig;
}

test('most patients gone at once are held back, and removed by a scheduled pass that finds the same half an hour later', async () => {
  using rig = await uploaded(2_600);
  rig.practice.rows.clear();
  rig.practice.enter(9_000, { surname: 'New' });
  await expect(pass(rig)).rejects.toMatchObject({
    code: 'REMOVALS_HELD_BACK',
    disposition: 'permanent',
    details: { removals: 2_600, held: 2_600 },
  });
  expect(rig.flynotes.held.size).toBe(2_601);
  expect(rig.flynotes.held.has(9_000)).toBe(true);
  expect(rig.events.at(-1)).toMatchObject({ name: 'pass.failed', fields: { code: 'REMOVALS_HELD_BACK' } });
  expect(rig.bulk.last()).toMatchObject({ outcome: 'failed', code: 'REMOVALS_HELD_BACK' });

  // A crash and a start are no confirmation, nor is a command.
  rig.restart();
  await rig.clock.advance(20 * minuteMs);
  await expect(pass(rig)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK' });
  await rig.clock.advance(20 * minuteMs);
  await expect(pass(rig, 'requested')).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK' });
  expect(rig.flynotes.held.size).toBe(2_601);

  expect(await pass(rig)).toMatchObject({ outcome: 'equal', removed: 2_600, patients: 1 });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('R4 come back in time has lost nobody, and the next time begins anew', async () => {
  using rig = await uploaded(500);
  const rows = new Map(rig.practice.rows);
  for (let again = 0; again < 2; again++) {
    rig.practice.rows.clear();
    await expect(pass(rig)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK' });
    await rig.clock.advance(60 * minuteMs);
    for (const [code, row] of rows) rig.practice.rows.set(code, row);
    expect(await pass(rig)).toMatchObject({ outcome: 'equal', removed: 0, sent: 0, patients: 500 });
  }
});

test('a column of names that reads as empty removes nobody at once', async () => {
  using rig = await uploaded(500);
  for (let code = 1; code <= 300; code++) rig.practice.enter(code, { surname: null, forename: ' ' });
  await expect(pass(rig)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK', details: { removals: 300, held: 500 } });
  expect(rig.flynotes.held.size).toBe(500);
});

test('another practice’s database in R4’s place is no confirmation either, however many it brings', async () => {
  using rig = await uploaded(500);
  rig.practice.rows.clear();
  for (let code = 5_001; code <= 8_000; code++) rig.practice.enter(code);
  await expect(pass(rig)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK', details: { removals: 500, held: 500 } });
});

test('a clock that is put back waits once more, not for ever', async () => {
  using rig = await uploaded(500);
  rig.practice.rows.clear();
  await expect(pass(rig)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK' });
  rig.clock.setNow(rig.clock.now() - 365 * 86_400_000);
  await expect(pass(rig)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK' });
  await rig.clock.advance(40 * minuteMs);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', removed: 500 });
});

test.each([
  ['half of them', 400, 200],
  ['a practice that is only being set up', 100, 100],
])('removed at once: %s', async (_what, count, gone) => {
  using rig = await uploaded(count);
  for (let code = 1; code <= gone; code++) rig.practice.rows.delete(code);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', removed: gone, patients: count - gone });
});
