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

test('most patients gone at once are held back until an operator confirms it, however often it is found', async () => {
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

  // Neither a start nor time nor a command is a confirmation.
  rig.restart();
  for (const reason of ['scheduled', 'requested', 'scheduled'] as const) {
    await rig.clock.advance(61 * minuteMs);
    await expect(pass(rig, reason)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK' });
  }
  expect(rig.flynotes.held.size).toBe(2_601);

  rig.flynotes.removalsConfirmed = true;
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', removed: 2_600, patients: 1 });
  expect(rig.atFlynotes()).toEqual(rig.inR4());
});

test('with the state lost too, an R4 that reads as empty removes nobody', async () => {
  using rig = await uploaded(500);
  const rows = new Map(rig.practice.rows);
  rig.practice.rows.clear();
  rig.restart(true);
  const heldBack = { code: 'REMOVALS_HELD_BACK', details: { removals: 500, held: 500 } };
  await expect(pass(rig)).rejects.toMatchObject(heldBack);
  // A patient-sync on the way does not make the ledger an account.
  for (const [code, row] of rows) if (code <= 3) rig.practice.rows.set(code, row);
  await rig.clock.runUntil(rig.patients.sync({ patientCode: 3, messageId: 'm-3' }, neverAborted));
  await expect(pass(rig)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK' });
  expect(rig.flynotes.held.size).toBe(500);
  for (const [code, row] of rows) rig.practice.rows.set(code, row);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', sent: 0, removed: 0, patients: 500 });
});

test('R4 come back has lost nobody', async () => {
  using rig = await uploaded(500);
  const rows = new Map(rig.practice.rows);
  for (let again = 0; again < 2; again++) {
    rig.practice.rows.clear();
    await expect(pass(rig)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK' });
    // Within the time in which an interrupted pass would go on.
    for (const [code, row] of rows) rig.practice.rows.set(code, row);
    rig.practice.enter(7, { surname: `Married-${again}` });
    expect(await pass(rig)).toMatchObject({ outcome: 'equal', removed: 0, sent: 1, patients: 500 });
    rows.set(7, rig.practice.rows.get(7) ?? []);
  }
});

test('a column of names that reads as empty removes nobody', async () => {
  using rig = await uploaded(500);
  for (let code = 1; code <= 300; code++) rig.practice.enter(code, { surname: null, forename: ' ' });
  await expect(pass(rig)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK', details: { removals: 300, held: 500 } });
  expect(rig.flynotes.held.size).toBe(500);
});

test('another practice’s database in R4’s place removes nobody, however many it brings', async () => {
  using rig = await uploaded(500);
  rig.practice.rows.clear();
  for (let code = 5_001; code <= 8_000; code++) rig.practice.enter(code);
  await expect(pass(rig)).rejects.toMatchObject({ code: 'REMOVALS_HELD_BACK', details: { removals: 500, held: 500 } });
});

test.each([
  ['half of them', 400, 200],
  ['a practice that is only being set up', 100, 100],
])('removed at once: %s', async (_what, count, gone) => {
  using rig = await uploaded(count);
  for (let code = 1; code <= gone; code++) rig.practice.rows.delete(code);
  expect(await pass(rig)).toMatchObject({ outcome: 'equal', removed: gone, patients: count - gone });
});
