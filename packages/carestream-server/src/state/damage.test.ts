import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openState } from './state.ts';

let folder: string;
let path: string;
let nowMs = 1_767_600_000_000;
const clock = { now: () => nowMs };
const open = () => openState(path, { clock, limits: { lockWaitMs: 50 } });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carestream-damage-'));
  path = join(folder, 'data', 'agent.db');
  nowMs = 1_767_600_000_000;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const digestA = 'a1'.repeat(16);

test.each([
  ['no database at all', (bytes: Buffer) => bytes.fill(0x58)],
  ['a torn page in the middle', (bytes: Buffer) => bytes.fill(0xff, 4_096, 12_288)],
  ['a file cut short', (bytes: Buffer) => bytes.subarray(0, 5_000)],
])('a damaged file is set aside and begun anew: %s', (_name, damage) => {
  let last: number;
  {
    using state = open();
    state.ledger.putAcknowledged([{ patientCode: 3, digest: digestA, readSequence: 5 }]);
    last = state.nextReadSequence();
    expect(state.replaced).toBeNull();
  }
  writeFileSync(path, damage(readFileSync(path)));
  using state = open();
  expect(state.replaced).toBe('damaged');
  expect(state.ledger.count()).toBe(0);
  nowMs += 1;
  expect(state.nextReadSequence()).toBeGreaterThan(last);
  expect(readdirSync(join(folder, 'data'))).toContain('agent.db.damaged-1');
});

test('a file that is found damaged while in use is set aside at the next opening, once', () => {
  {
    using state = open();
    state.ledger.putAcknowledged([{ patientCode: 3, digest: digestA, readSequence: 5 }]);
    state.markDamaged();
    expect(state.ledger.count()).toBe(1);
  }
  {
    using state = open();
    expect(state.replaced).toBe('damaged');
    expect(state.ledger.count()).toBe(0);
    state.ledger.putAcknowledged([{ patientCode: 4, digest: digestA, readSequence: 5 }]);
  }
  using state = open();
  expect(state.replaced).toBeNull();
  expect(state.ledger.count()).toBe(1);
});

test('no more than three damaged files are kept', () => {
  for (let time = 0; time < 5; time++) {
    open().close();
    writeFileSync(path, 'not a database, whatever it is called');
  }
  open().close();
  const kept = readdirSync(join(folder, 'data')).filter((name) => name.includes('damaged'));
  expect(kept.sort()).toEqual(['agent.db.damaged-3', 'agent.db.damaged-4', 'agent.db.damaged-5']);
});
