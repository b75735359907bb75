import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { timesOf } from '@flynotes/testkit';
import type { LedgerEntry } from './ledger.ts';
import { openState } from './state.ts';

let folder: string;
const open = () => openState(join(folder, 'agent.db'), { clock: { now: () => 1_767_600_000_000 } });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carestream-findings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const seed = Number(process.env['SEED'] ?? 41);
const runs = timesOf(40, 1_000);

const entries = fc.array(
  fc.record({
    patientCode: fc.integer({ min: 1, max: 40 }),
    digest: fc.integer({ min: 0, max: 255 }).map((byte) => byte.toString(16).padStart(2, '0').repeat(16)),
    readSequence: fc.integer({ min: 1, max: 1_000 }),
  }),
  { maxLength: 60 },
);

/** What is left of entries put one after another: of each patient the newest. */
function newestOf(all: readonly LedgerEntry[]): Map<number, LedgerEntry> {
  const newest = new Map<number, LedgerEntry>();
  for (const entry of all) {
    if ((newest.get(entry.patientCode)?.readSequence ?? 0) <= entry.readSequence) newest.set(entry.patientCode, entry);
  }
  return newest;
}

const inOrder = (map: ReadonlyMap<number, LedgerEntry>) =>
  [...map.values()].sort((one, other) => one.patientCode - other.patientCode);

test(`ledger and readings are one account, slice by slice, and adopting moves what is told (SEED=${seed})`, () => {
  using state = open();
  const { ledger, findings } = state;
  fc.assert(
    fc.property(entries, entries, fc.integer({ min: 1, max: 9 }), (acknowledged, read, limit) => {
      findings.clear();
      ledger.forget(ledger.codesAfter(0, 1_000).map(({ patientCode }) => patientCode));
      // The two tables never hold one read twice: their numbers differ.
      ledger.putAcknowledged(acknowledged.map((entry) => ({ ...entry, readSequence: entry.readSequence * 2 })));
      findings.addReadings(read.map((entry) => ({ ...entry, readSequence: entry.readSequence * 2 + 1 })));
      const expected = newestOf([
        ...inOrder(newestOf(acknowledged.map((entry) => ({ ...entry, readSequence: entry.readSequence * 2 })))),
        ...inOrder(newestOf(read.map((entry) => ({ ...entry, readSequence: entry.readSequence * 2 + 1 })))),
      ]);
      const account: LedgerEntry[] = [];
      for (;;) {
        const slice = findings.accountAfter(account.at(-1)?.patientCode ?? 0, limit);
        if (slice.length === 0) break;
        account.push(...slice);
      }
      expect(account).toEqual(inOrder(expected));

      const differing = (code: number) => code % 3 === 0;
      const readings = findings.countReadings();
      const { adopted, last } = findings.adoptAfter(0, differing);
      expect(findings.countReadings()).toBe(readings - adopted);
      expect(last === null).toBe(readings === 0);
      for (const entry of expected.values()) {
        if (!differing(entry.patientCode)) expect(ledger.get(entry.patientCode)).toEqual(entry);
      }
      // As one account, nothing has changed.
      expect(findings.accountAfter(0, 1_000)).toEqual(inOrder(expected));
    }),
    { seed, numRuns: runs },
  );
});

test('doubts are kept over a restart, confirmed either way', () => {
  {
    using state = open();
    state.findings.addDoubtful([5, 3, 9, 3]);
    state.findings.confirmGone([3, 9], 77);
    state.findings.confirmThere([9]);
  }
  using state = open();
  expect(state.findings.countGone()).toBe(1);
  expect(state.findings.doubtfulAfter(0, 10)).toEqual([
    { patientCode: 3, readSequence: 77 },
    { patientCode: 5, readSequence: null },
    { patientCode: 9, readSequence: null },
  ]);
  expect(state.findings.doubtfulAfter(3, 10)).toHaveLength(2);
});

test('a new ledger is no account until somebody says so, and again none under a new key', () => {
  using state = open();
  const { ledger, findings, notes, refusals } = state;
  ledger.useDigestKey('1:aa');
  expect(ledger.isAccount()).toBe(false);
  ledger.becomesAccount();
  ledger.becomesAccount();
  expect(ledger.isAccount()).toBe(true);
  expect(ledger.useDigestKey('1:aa')).toBe(false);
  expect(ledger.isAccount()).toBe(true);

  findings.addDoubtful([1]);
  findings.confirmGone([1], 3);
  findings.addReadings([{ patientCode: 2, digest: 'ab'.repeat(16), readSequence: 3 }]);
  refusals.put([{ patientCode: 4, digest: 'cd'.repeat(16), code: 'RECORD_INVALID' }]);
  notes.set('bulk-resume', '{}');
  notes.set('last-pass', '{}');
  expect(ledger.useDigestKey('1:bb')).toBe(true);
  expect(ledger.isAccount()).toBe(false);
  expect([findings.countGone(), findings.countReadings(), refusals.count()]).toEqual([0, 0, 0]);
  expect([notes.get('bulk-resume'), notes.get('last-pass')]).toEqual([null, '{}']);
});

test('refusals of another judge are forgotten, once', () => {
  using state = open();
  const refusal = { patientCode: 4, digest: 'cd'.repeat(16), code: 'RECORD_INVALID' };
  expect(state.refusals.useJudge('1.0.0')).toBe(0);
  state.refusals.put([refusal]);
  expect(state.refusals.useJudge('1.0.0')).toBe(0);
  expect(state.refusals.get(4)).toEqual(refusal);
  expect(state.refusals.useJudge('1.0.1')).toBe(1);
  expect(state.refusals.get(4)).toBeNull();
});

test('entries that damage made impossible are read without a failure, and can be dropped', () => {
  using state = open();
  const { ledger } = state;
  ledger.useDigestKey('1:aa');
  ledger.putAcknowledged([
    { patientCode: 7, digest: 'ab', readSequence: 3 },
    { patientCode: 8, digest: 'ab'.repeat(16), readSequence: -5 },
    { patientCode: 3_000_000_000, digest: 'ab'.repeat(16), readSequence: 3 },
  ]);
  expect(ledger.get(7)?.digest).toBe('0'.repeat(32));
  expect(ledger.get(8)?.readSequence).toBe(0);
  ledger.useDigestKey('1:aa');
  expect(ledger.codesAfter(0, 10).map(({ patientCode }) => patientCode)).toEqual([7, 8]);
  ledger.forget([7, 8]);
  expect(ledger.count()).toBe(0);
});
