import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findingSql } from './findings.ts';
import { inboxSql } from './inbox.ts';
import { ledgerSql } from './ledger.ts';
import { noteSql } from './notes.ts';
import { outboxSql } from './outbox.ts';
import { readSequenceSql } from './read-sequence.ts';
import { refusalSql } from './refusals.ts';
import { openState } from './state.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carestream-plans-'));
  path = join(folder, 'agent.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('every query goes by an index', () => {
  openState(path, { clock: { now: () => 1_767_600_000_000 } }).close();
  const database = new DatabaseSync(path);
  const statements = { ledgerSql, findingSql, refusalSql, inboxSql, outboxSql, noteSql, readSequenceSql };
  /** These look at everything on purpose. */
  const whole = new Set([
    'ledgerSql.count',
    'ledgerSql.clear',
    'refusalSql.count',
    'refusalSql.clear',
    'findingSql.countGone',
    'findingSql.countReadings',
    'findingSql.dropReadings',
    'findingSql.clear',
  ]);
  let looked = 0;
  for (const [area, sqls] of Object.entries(statements)) {
    for (const [name, sql] of Object.entries(sqls)) {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
      looked += 1;
      if (whole.has(`${area}.${name}`)) continue;
      for (const { detail } of plan) {
        // In order of the key and limited, the whole outbox is walked, never sorted.
        const walk = `${area}.${name}` === 'outboxSql.next' && detail === 'SCAN outbox';
        // A slice of each table is put in order, never a whole one.
        const slices =
          `${area}.${name}` === 'findingSql.accountAfter' && /^SCAN \(?subquery|TEMP B-TREE FOR GROUP BY/i.test(detail);
        expect(
          walk || slices || !/^SCAN (?!\d+-ROW VALUES)|TEMP B-TREE/.test(detail),
          `${area}.${name}: ${detail}`,
        ).toBe(true);
      }
    }
  }
  expect(looked).toBeGreaterThan(20);
  database.close();
});
