import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inSlices, inTransaction, lightly } from './transaction.ts';

let database: DatabaseSync;
beforeEach(() => {
  database = new DatabaseSync(':memory:');
  database.exec('PRAGMA synchronous = FULL; CREATE TABLE one (n INTEGER PRIMARY KEY) STRICT');
});
afterEach(() => database.close());

const full = 2;
const normal = 1;
const waits = (): unknown => (database.prepare('PRAGMA synchronous').get() as { synchronous: number }).synchronous;

describe('lightly', () => {
  test('does not wait within, and waits again afterwards, also after a failure', () => {
    expect(lightly(database, waits)).toBe(normal);
    expect(waits()).toBe(full);
    expect(() =>
      lightly(database, () => {
        throw new Error('work failed');
      }),
    ).toThrow('work failed');
    expect(waits()).toBe(full);
  });

  test('within a transaction that is waited for, its part is waited for too', () => {
    inTransaction(database, () => {
      inSlices(database, [1, 2, 3], (n) => void database.prepare('INSERT INTO one VALUES (?)').run(n));
      expect(lightly(database, waits)).toBe(full);
    });
    expect(database.prepare('SELECT count(*) AS rows FROM one').get()).toEqual({ rows: 3 });
  });

  test('many rows are written lightly, in slices that stand for themselves', () => {
    const rows = Array.from({ length: 2_500 }, (_, n) => n);
    const write = (n: number): void => {
      if (n === 0) expect(waits()).toBe(normal);
      if (n === 2_400) throw new Error('a row that cannot be written');
      database.prepare('INSERT INTO one VALUES (?)').run(n);
    };
    expect(() => inSlices(database, rows, write)).toThrow('a row that cannot be written');
    expect(database.prepare('SELECT count(*) AS rows FROM one').get()).toEqual({ rows: 2_000 });
    expect(waits()).toBe(full);
  });
});
