import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stateSchema } from './migrations.ts';
import { createReadSequence, readSequenceSql } from './read-sequence.ts';
import { openState, type StateLimits } from './state.ts';

let folder: string;
let path: string;
let nowMs = 1_767_600_000_000;
const clock = { now: () => nowMs };
const open = (limits: Partial<StateLimits> = {}) => openState(path, { clock, limits: { lockWaitMs: 50, ...limits } });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carestream-state-'));
  path = join(folder, 'data', 'agent.db');
  nowMs = 1_767_600_000_000;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const digestA = 'a1'.repeat(16);
const digestB = 'b2'.repeat(16);

test('read sequences only grow: within a run, over restarts, with the clock put back, and with the database lost', () => {
  const given: number[] = [];
  const startMs = nowMs;
  const steps = [
    () => undefined,
    () => (nowMs = startMs - 86_400_000),
    () => {
      nowMs = startMs + 5_000;
      rmSync(join(folder, 'data'), { recursive: true });
    },
    () => (nowMs = startMs + 60_000),
  ];
  for (const step of steps) {
    step();
    using state = open();
    for (let count = 0; count < 100_250; count++) given.push(state.nextReadSequence());
  }
  expect(given).toHaveLength(401_000);
  expect(given.every((value, index) => index === 0 || value > (given[index - 1] ?? Infinity))).toBe(true);
  expect(given.at(-1)).toBeLessThan(Number.MAX_SAFE_INTEGER);
});

test('raised, read sequences go on above what Flynotes holds, also after a restart; what is lower or absurd changes nothing', () => {
  const held = nowMs * 1_000 + 400 * 86_400_000_000;
  const given: number[] = [];
  {
    using state = open();
    given.push(state.nextReadSequence());
    state.raiseReadSequence(given[0] ?? 0);
    given.push(state.nextReadSequence());
    expect(given[1]).toBe((given[0] ?? 0) + 1);
    state.raiseReadSequence(held);
    for (let count = 0; count < 100_250; count++) given.push(state.nextReadSequence());
    state.raiseReadSequence(12);
    state.raiseReadSequence(Number.MAX_SAFE_INTEGER);
    given.push(state.nextReadSequence());
  }
  expect(given[2]).toBe(held + 1);
  using state = open();
  state.raiseReadSequence(0);
  given.push(state.nextReadSequence());
  expect(given.every((value, index) => index === 0 || value > (given[index - 1] ?? Infinity))).toBe(true);
  expect(given.at(-1)).toBeLessThan(held + 1_000_000);
});

test('with a full disk read sequences still grow, by the clock alone', () => {
  let full = false;
  let persisted = 0;
  const database = {
    prepare: (sql: string) =>
      sql === readSequenceSql.read
        ? { get: () => ({ value: persisted }) }
        : {
            run(value: number) {
              if (full) throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
              persisted = value;
            },
          },
  } as unknown as DatabaseSync;
  const given: number[] = [];
  const sequence = createReadSequence(database, clock);
  for (let count = 0; count < 4_000; count++) {
    full = count > 500 && count < 3_500;
    given.push(sequence.next());
  }
  // Killed and started again a second later, still without room.
  full = true;
  nowMs += 1_000;
  given.push(createReadSequence(database, clock).next());
  expect(given.every((value, index) => index === 0 || value > (given[index - 1] ?? Infinity))).toBe(true);
});

test('the ledger keeps the newest read, and walks in order', () => {
  using state = open();
  const { ledger } = state;
  ledger.putAcknowledged([
    { patientCode: 9, digest: digestA, readSequence: 5 },
    { patientCode: 3, digest: digestA, readSequence: 5 },
  ]);
  ledger.putAcknowledged([{ patientCode: 3, digest: digestB, readSequence: 4 }]);
  expect(ledger.get(3)).toEqual({ patientCode: 3, digest: digestA, readSequence: 5 });
  ledger.putAcknowledged([{ patientCode: 3, digest: digestB, readSequence: 6 }]);
  expect(ledger.get(3)).toEqual({ patientCode: 3, digest: digestB, readSequence: 6 });
  ledger.remove([
    { patientCode: 3, readSequence: 5 },
    { patientCode: 9, readSequence: 5 },
  ]);
  expect(ledger.codesAfter(0, 10).map(({ patientCode }) => patientCode)).toEqual([3]);
  ledger.putAcknowledged(
    Array.from({ length: 2_500 }, (_, index) => ({ patientCode: index + 1, digest: digestA, readSequence: 7 })),
  );
  expect(ledger.count()).toBe(2_500);
  expect(ledger.codesAfter(10, 3, 12).map(({ patientCode }) => patientCode)).toEqual([11, 12]);
  expect(ledger.get(2_501)).toBeNull();
});

test('a digest key of another name empties ledger and refusals; the first one does not', () => {
  using state = open();
  expect(state.ledger.useDigestKey('1:aa')).toBe(false);
  state.ledger.putAcknowledged([{ patientCode: 3, digest: digestA, readSequence: 5 }]);
  state.refusals.put([{ patientCode: 4, digest: digestA, code: 'RECORD_INVALID' }]);
  expect(state.ledger.useDigestKey('1:aa')).toBe(false);
  expect(state.ledger.count()).toBe(1);
  expect(state.ledger.useDigestKey('1:bb')).toBe(true);
  expect(state.ledger.count()).toBe(0);
  expect(state.refusals.count()).toBe(0);
});

test('refusals are remembered and forgotten', () => {
  using state = open();
  expect(state.refusals.get(4)).toBeNull();
  state.refusals.put([{ patientCode: 4, digest: digestA, code: 'RECORD_INVALID' }]);
  state.refusals.put([{ patientCode: 4, digest: digestB, code: 'NAME_MISSING' }]);
  expect(state.refusals.get(4)).toEqual({ patientCode: 4, digest: digestB, code: 'NAME_MISSING' });
  state.refusals.remove([4]);
  expect(state.refusals.get(4)).toBeNull();
});

test('a message is new until it is done, also after a restart, and is forgotten in time', () => {
  {
    using state = open();
    expect(state.inbox.begin('m-1')).toBe('new');
    expect(state.inbox.begin('m-1')).toBe('new');
    state.inbox.done('m-1', '{"outcome":"done"}');
    state.inbox.done('m-2');
  }
  using state = open();
  expect(state.inbox.begin('m-1')).toBe('done');
  expect(state.inbox.result('m-1')).toBe('{"outcome":"done"}');
  expect(state.inbox.result('m-2')).toBeNull();
  nowMs += 10_000;
  state.inbox.done('m-3');
  state.inbox.prune(5_000);
  expect(state.inbox.begin('m-1')).toBe('new');
  expect(state.inbox.begin('m-3')).toBe('done');
});

test('the outbox delivers the oldest first, and drops the oldest of a kind when it is full', () => {
  const outbox = {
    rollbar: { rowsMost: 3, bytesMost: 1_000 },
    'command-result': { rowsMost: 3, bytesMost: 20 },
  };
  {
    using state = open({ outbox });
    for (let index = 1; index <= 5; index++) state.outbox.add('rollbar', `{"n":${index}}`);
    state.outbox.add('command-result', '"0123456789"');
    state.outbox.add('command-result', '"abcdefghij"');
    state.outbox.add('command-result', `"${'x'.repeat(30)}"`);
    expect(state.outbox.dropped('command-result')).toBe(3);
  }
  using state = open({ outbox });
  expect(state.outbox.size()).toBe(3);
  expect(state.outbox.next(10, 'rollbar').map(({ payloadJson }) => payloadJson)).toEqual([
    '{"n":3}',
    '{"n":4}',
    '{"n":5}',
  ]);
  expect(state.outbox.dropped('rollbar')).toBe(2);
  state.outbox.forgetDropped('rollbar', 2);
  expect(state.outbox.dropped('rollbar')).toBe(0);
  const [first] = state.outbox.next(1);
  expect(first).toMatchObject({ kind: 'rollbar', addedAt: nowMs });
  state.outbox.delete([first?.id ?? 0, 999]);
  expect(state.outbox.size('rollbar')).toBe(2);
});

test('notes are kept', () => {
  using state = open();
  expect(state.notes.get('run')).toBeNull();
  state.notes.set('run', 'one');
  state.notes.set('run', 'two');
  expect(state.notes.get('run')).toBe('two');
  state.notes.delete('run');
  expect(state.notes.get('run')).toBeNull();
});

test('a second agent on the same folder is refused, and may come when the first has gone', () => {
  const first = open();
  expect(() => open()).toThrow(expect.objectContaining({ code: 'STATE_IN_USE' }));
  first.close();
  first.close();
  open().close();
});

test('a database of a newer release, undone since, is kept aside, and a new one begun', () => {
  {
    using state = open();
    state.notes.set('who', 'the newer release');
  }
  const raise = () => {
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA user_version = ${stateSchema + 1}`);
    database.close();
  };
  raise();
  {
    using state = open();
    expect(state.replaced).toBe('newer');
    expect(state.notes.get('who')).toBeNull();
  }
  {
    using state = open();
    expect(state.replaced).toBeNull();
  }
  const aside = new DatabaseSync(`${path}.newer-1`, { readOnly: true });
  expect(aside.prepare("SELECT value FROM note WHERE key = 'who'").get()).toEqual({ value: 'the newer release' });
  aside.close();
  // However often an update comes and is undone, the disk does not fill.
  for (let time = 0; time < 5; time += 1) {
    raise();
    open().close();
  }
  const kept = readdirSync(join(folder, 'data')).filter((name) => /newer-\d+$/.test(name));
  expect(kept.toSorted()).toEqual(['agent.db.newer-4', 'agent.db.newer-5', 'agent.db.newer-6']);
});

test('a full disk is DISK_FULL, changes nothing, and passes', () => {
  using state = open({ fileBytesMost: 200_000 });
  const entries = Array.from({ length: 1_000 }, (_, index) => ({
    patientCode: index + 1,
    digest: digestA,
    readSequence: 7,
  }));
  state.ledger.putAcknowledged(entries);
  const big = JSON.stringify('x'.repeat(150_000));
  expect(() => state.outbox.add('rollbar', big)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  expect(state.outbox.size()).toBe(0);
  expect(state.ledger.count()).toBe(1_000);
  state.outbox.add('rollbar', '{}');
  expect(state.outbox.size()).toBe(1);
});

test('a folder that cannot be made or written is STATE_UNUSABLE', () => {
  writeFileSync(join(folder, 'data'), 'a file where the folder should be');
  expect(() => open()).toThrow(expect.objectContaining({ code: 'STATE_UNUSABLE' }));
});

test('what is written lightly is written whole or not at all; a part of it can fail alone', () => {
  using state = open();
  state.lightly(() => {
    state.outbox.add('command-result', '{"n":1}');
    state.inbox.done('message-1');
  });
  expect(() =>
    state.lightly(() => {
      state.outbox.add('command-result', '{"n":2}');
      state.inbox.done('message-2');
      throw new Error('in the middle');
    }),
  ).toThrow('in the middle');
  expect(state.outbox.size('command-result')).toBe(1);
  expect([1, 2].map((n) => state.inbox.begin(`message-${n}`))).toEqual(['done', 'new']);

  state.lightly(() => {
    expect(() =>
      state.lightly(() => {
        state.outbox.add('command-result', '{"n":3}');
        throw new Error('a part');
      }),
    ).toThrow('a part');
    state.inbox.done('message-3');
  });
  expect(state.outbox.next(10).map(({ payloadJson }) => payloadJson)).toEqual(['{"n":1}']);
  expect(state.inbox.begin('message-3')).toBe('done');
});

test('what is kept is there when it is said to be, whole or not at all', async () => {
  using state = open();
  await state.keep(() => {
    state.outbox.add('command-result', '{"n":1}');
    state.inbox.done('message-1');
  });
  await expect(
    state.keep(() => {
      state.outbox.add('command-result', '{"n":2}');
      throw new Error('in the middle');
    }),
  ).rejects.toThrow('in the middle');
  expect(state.outbox.size('command-result')).toBe(1);
  expect(state.inbox.begin('message-1')).toBe('done');
});

// Under Windows nobody can take a log away that is in use.
test.skipIf(process.platform === 'win32')('what is kept is not said to be there where its log is not', async () => {
  using state = open();
  rmSync(`${path}-wal`);
  await expect(state.keep(() => state.inbox.done('message-1'))).rejects.toMatchObject({
    code: 'STATE_UNUSABLE',
    details: { fileCode: 'ENOENT' },
  });
});
