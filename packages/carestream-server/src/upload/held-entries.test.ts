// oxlint-disable eslint/no-restricted-imports -- the state's folder is the test's own
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualClock } from '@flynotes/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openState } from '../state/index.ts';
import { createHeldEntries } from './held-entries.ts';
import { createUploadRig, neverAborted } from './upload-rig.ts';

const digest = 'ab'.repeat(16);
const sliceMost = 2_000;

test('rows and entries meet, whoever is on one side alone, and those between are in doubt', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'carestream-held-'));
  const clock = createVirtualClock();
  using state = openState(join(folder, 'agent.db'), { clock });
  const readSequence = state.nextReadSequence();
  const codes = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(codes, codes, fc.nat(20), fc.nat(60), async (held, rows, after, upTo) => {
      const all = state.ledger.codesAfter(0, sliceMost).map(({ patientCode }) => patientCode);
      state.ledger.forget(all);
      state.findings.clear();
      state.ledger.putAcknowledged(held.map((patientCode) => ({ patientCode, digest, readSequence })));
      const inRange = (code: number) => code > after && code <= upTo;
      const page = rows.filter(inRange).sort((one, other) => one - other);
      const entries = createHeldEntries({ state, clock }, { after, upTo, readSequence });
      const met: number[] = [];
      for (const code of page) {
        if (entries.isBefore(code)) await clock.runUntil(entries.passTo(code, neverAborted));
        if (entries.take(code)) met.push(code);
      }
      await clock.runUntil(entries.passTo(Infinity, neverAborted));
      expect(met).toEqual(page.filter((code) => held.includes(code)));
      const doubtful = state.findings.doubtfulAfter(0, sliceMost).map(({ patientCode }) => patientCode);
      expect(doubtful).toEqual(held.filter((code) => inRange(code) && !page.includes(code)).sort((a, b) => a - b));
    }),
    { seed: 20_261_130, numRuns: 200 },
  );
  rmSync(folder, { recursive: true });
});

test('a practice that reads as nearly empty is gone through a slice at a time, however many the ledger holds', async () => {
  using rig = createUploadRig({ pace: { pageRows: 500 } });
  const held = 25_000;
  for (let code = 1; code <= held; code += 1) rig.practice.enter(code);
  await rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted));
  for (let code = 1; code <= held; code += 1) if (code !== 17 && code !== 9_000) rig.practice.rows.delete(code);

  const { findings, ledger } = rig.deps.state;
  const before = { findings: { ...findings }, ledger: { ...ledger } };
  let [doubtfulMost, readMost, doubtful] = [0, 0, 0];
  findings.addDoubtful = (codes) => {
    doubtfulMost = Math.max(doubtfulMost, codes.length);
    doubtful += codes.length;
    before.findings.addDoubtful(codes);
  };
  ledger.codesAfter = (...range) => {
    const entries = before.ledger.codesAfter(...range);
    readMost = Math.max(readMost, entries.length);
    return entries;
  };
  await expect(rig.clock.runUntil(rig.bulk.request('scheduled', neverAborted))).rejects.toMatchObject({
    code: 'REMOVALS_HELD_BACK',
  });
  expect(doubtful).toBe(held - 2);
  expect(doubtfulMost).toBeLessThanOrEqual(sliceMost);
  expect(readMost).toBeLessThanOrEqual(sliceMost);
});
