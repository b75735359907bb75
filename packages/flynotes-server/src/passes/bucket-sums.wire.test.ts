import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMigrated, type Database, type Sql } from '../database/index.ts';
import { createPracticeDigester } from '../ingest/index.ts';
import { databaseKinds, databaseSource } from '../testing/server-under-test.ts';
import { heldDigests, heldSums } from './bucket-sums.ts';

const digester = createPracticeDigester('ab'.repeat(32));

describe.each(databaseKinds)('the sums of what is held, on %s', (kind) => {
  const source = databaseSource(kind);
  let database: Database | null = null;

  beforeAll(async () => {
    const options = await source.fresh();
    if (options === null) return;
    database = await openMigrated(options);
    await database.script(`insert into practices (id, name, time_zone, digest_key, licence_key_hash)
        values ('p', 'High Street Dental', 'Europe/London', '', 'hash');
      insert into patients (practice_id, patient_code, bucket, state, digest, read_sequence, was, changed_at)
      select 'p', n, n % 256, 'held', n, 1, 'absent', now() from generate_series(1, 20000) as n`);
  });
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });

  const sumTest = (name: string, body: (database: Database) => Promise<void>): void =>
    it(name, async (context) => {
      if (database === null) return context.skip('PostgreSQL is not installed');
      await body(database);
    });
  const settingsOf = async (sql: Sql): Promise<unknown> =>
    (
      await sql.query(
        `select current_setting('enable_sort') as sort, current_setting('max_parallel_workers_per_gather') as workers`,
      )
    )[0];

  sumTest('are right', async (database) => {
    const { patients, root, buckets } = await database.transaction((sql) => heldDigests(sql, 'p', digester));
    const sums = Array.from({ length: 256 }, () => 0n);
    for (let n = 1; n <= 20_000; n += 1) sums[n % 256]! += BigInt(n);
    expect(patients).toBe(20_000);
    expect(root).toBe(digester.rootOf(sums));
    expect(buckets.map((sum) => BigInt(`0x${sum}`))).toEqual(sums);
  });

  sumTest('are hashed on one processor although the planner knows nothing of the practice yet', async (database) => {
    const plan = await database.transaction(async (sql) => {
      await heldDigests(sql, 'p', digester);
      return sql.query(`explain ${heldSums.replace('$1', "'p'")}`);
    });
    const text = JSON.stringify(plan);
    expect(text).toContain('HashAggregate');
    expect(text).not.toMatch(/Sort|Gather/);
  });

  sumTest('leave the connection as it was, also when what follows fails', async (database) => {
    const before = await settingsOf(database);
    const within = await database.transaction(async (sql) => {
      await heldDigests(sql, 'p', digester);
      return settingsOf(sql);
    });
    expect(within).toEqual({ sort: 'off', workers: '0' });
    const failing = database.transaction(async (sql) => {
      await heldDigests(sql, 'p', digester);
      throw new Error('in the middle');
    });
    await expect(failing).rejects.toThrow('in the middle');
    // Each connection of the pool, of which any may have been used.
    const after = await Promise.all(
      Array.from({ length: 12 }, () =>
        database.transaction(async (sql) => {
          await sql.query('select pg_sleep(0.02)');
          return settingsOf(sql);
        }),
      ),
    );
    expect(new Set(after.map((settings) => JSON.stringify(settings)))).toEqual(new Set([JSON.stringify(before)]));
    expect(before).not.toEqual(within);
  });
});
