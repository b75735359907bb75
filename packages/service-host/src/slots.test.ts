import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emptyState, type HostState } from './host-state.ts';
import { readObject } from './json-file.ts';
import { titleOf } from './update-cases.ts';
import { createSlots, slotText } from './slots.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'slots-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const fileOf = (slot: number): string => path.join(dataDir, `state/slot-${slot}.json`);
const stateOf = (sequence: number): HostState => ({
  ...emptyState,
  stable: '1.0.0-01234567',
  sequence,
  quarantined: [{ releaseSha512: 'f'.repeat(128), attempt: 1, reason: 'crashed: exit 1' }],
});

describe('the two slots', () => {
  test('are none at the first start', () => expect(createSlots(dataDir).read()).toBeNull());

  test('are written in turn, and the newer one counts', () => {
    const slots = createSlots(dataDir);
    for (let sequence = 1; sequence <= 5; sequence++) {
      expect(slots.write(stateOf(sequence))).toBe(true);
      expect(slots.read()).toEqual(stateOf(sequence));
      const gens = [0, 1].map((slot) => (readObject(fileOf(slot))?.['gen'] ?? 0) as number);
      expect(gens.sort((a, b) => a - b)).toEqual([sequence - 1, sequence]);
    }
  });

  test.each(['torn', 'zero-filled', 'one bit turned'])(`${titleOf('slots-torn')} (%s)`, (damage) => {
    const slots = createSlots(dataDir);
    slots.write(stateOf(1));
    slots.write(stateOf(2));
    const whole = readFileSync(fileOf(1));
    // Without the line's end it is still whole.
    for (let at = 0; at < whole.length - 1; at++) {
      const damaged = Buffer.from(whole);
      if (damage === 'zero-filled') damaged.fill(0, at);
      if (damage === 'one bit turned') damaged[at]! ^= 1;
      writeFileSync(fileOf(1), damage === 'torn' ? damaged.subarray(0, at) : damaged);
      const read = slots.read();
      // A bit of `gen` itself may turn: then either of the two that were really written counts.
      if (damage === 'one bit turned') expect([1, 2]).toContain(read?.sequence);
      else expect(read, `at ${at}`).toEqual(stateOf(1));
      // And the next write goes over the damaged one.
      if (at % 50 === 0) {
        expect(slots.write(stateOf(3))).toBe(true);
        expect(slots.read()).toEqual(stateOf(3));
        writeFileSync(fileOf(0), slotText(1, stateOf(1)));
      }
    }
  });

  test('are none when both are damaged', () => {
    const slots = createSlots(dataDir);
    slots.write(stateOf(1));
    slots.write(stateOf(2));
    for (const slot of [0, 1]) writeFileSync(fileOf(slot), readFileSync(fileOf(slot)).fill(0));
    expect(slots.read()).toBeNull();
    expect(slots.write(stateOf(1))).toBe(true);
    expect(slots.read()).toEqual(stateOf(1));
  });

  test('keep the newer one when the disk is full', () => {
    const slots = createSlots(dataDir);
    slots.write(stateOf(1));
    rmSync(fileOf(1), { force: true });
    symlinkSync('/dev/full', fileOf(1));
    for (let n = 0; n < 3; n++) expect(slots.write(stateOf(9))).toBe(false);
    expect(slots.read()).toEqual(stateOf(1));
    rmSync(fileOf(1));
    expect(slots.write(stateOf(2))).toBe(true);
    expect(slots.read()).toEqual(stateOf(2));
  });

  test.each([
    '',
    'null',
    '[]',
    '{"gen":1}',
    '{"gen":-1,"sha256":"","body":{}}',
    '{"gen":1e99,"sha256":"","body":null}',
    `{"__proto__":{"gen":1}}`,
    '\uFEFF{}',
    '['.repeat(5_000),
  ])('take %# for nothing', (text) => {
    mkdirSync(path.dirname(fileOf(0)), { recursive: true });
    writeFileSync(fileOf(0), text);
    expect(createSlots(dataDir).read()).toBeNull();
  });

  test.each([
    ['a folder', (file: string) => mkdirSync(path.join(file, 'inside'), { recursive: true })],
    ['a pipe', (file: string) => void execFileSync('mkfifo', [file])],
  ])('are written where %s lies in the way', (what, lay) => {
    if (what === 'a pipe' && process.platform === 'win32') return;
    const slots = createSlots(dataDir);
    mkdirSync(path.dirname(fileOf(0)), { recursive: true });
    for (const slot of [0, 1]) lay(fileOf(slot));
    for (let sequence = 1; sequence <= 3; sequence++) {
      expect(slots.write(stateOf(sequence))).toBe(true);
      expect(slots.read()?.sequence).toBe(sequence);
    }
  });

  test('are written beyond a number that no host wrote', () => {
    const slots = createSlots(dataDir);
    mkdirSync(path.dirname(fileOf(0)), { recursive: true });
    for (const gen of [Number.MAX_SAFE_INTEGER, 2 ** 52]) {
      writeFileSync(fileOf(0), slotText(gen, stateOf(1)));
      for (let sequence = 2; sequence <= 4; sequence++) {
        expect(slots.write(stateOf(sequence))).toBe(true);
        expect(createSlots(dataDir).read()?.sequence).toBe(sequence);
      }
    }
  });

  test('take a folder, a huge file and a body of another kind for nothing', () => {
    const slots = createSlots(dataDir);
    mkdirSync(fileOf(0), { recursive: true });
    writeFileSync(fileOf(1), Buffer.alloc(3_000_000, ' '));
    expect(slots.read()).toBeNull();
    writeFileSync(fileOf(1), slotText(1, { ...emptyState, stable: '../../etc' }));
    expect(slots.read()).toBeNull();
    writeFileSync(fileOf(1), slotText(1, { ...emptyState, tries: -1 }));
    expect(slots.read()).toBeNull();
  });
});
