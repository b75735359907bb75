import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseKinds, databaseSource } from '../testing/server-under-test.ts';
import type { Database, DatabaseOptions, Sql } from './index.ts';
import { problemOfError } from '../http/index.ts';
import { migrate, one, openDatabase, openMigrated } from './index.ts';
import { migrations } from './migrations.ts';

describe.each(databaseKinds)('the database port on %s', (kind) => {
  const source = databaseSource(kind);
  let options: DatabaseOptions | null = null;
  let database: Database | null = null;

  beforeAll(async () => {
    options = await source.fresh();
    if (options !== null) database = await openDatabase(options);
  });
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });

  const portTest = (name: string, body: (database: Database) => Promise<void>): void =>
    it(name, async (context) => {
      if (database === null) return context.skip('PostgreSQL is not installed');
      await body(database);
    });

  portTest('migrates once, however many start', async (database) => {
    await Promise.all([migrate(database), migrate(database)]);
    await migrate(database);
    const { count } = await one(
      database.query<{ count: number }>('select count(*)::int as count from schema_migrations'),
    );
    expect(count).toBe(migrations.length);
    await database.query('insert into schema_migrations (number) values (9999)');
    await expect(migrate(database)).rejects.toThrow('newer release');
    await database.query('delete from schema_migrations where number = 9999');
  });

  portTest('gives every type alike', async (database) => {
    const given = { text: 'Þórr 😀 "\\', number: 1.5, nested: { list: [1, null] } };
    const row = await one(
      database.query(
        `select $1::bigint as big, $2::text::jsonb as json, $3::boolean as truth, $4::text as text, $5::int as nothing,
           340282366920938463463374607431768211455::numeric as huge, '2026-03-29 00:30:00.125+00'::timestamptz as at,
           array['a', 'b']::text[] as list, 1.5::float8 as ratio, 7::smallint as small`,
        [Number.MAX_SAFE_INTEGER, JSON.stringify(given), true, 'x', null],
      ),
    );
    expect(row).toEqual({
      big: Number.MAX_SAFE_INTEGER,
      json: given,
      truth: true,
      text: 'x',
      nothing: null,
      huge: '340282366920938463463374607431768211455',
      at: '2026-03-29T00:30:00.125Z',
      list: ['a', 'b'],
      ratio: 1.5,
      small: 7,
    });
  });

  portTest('undoes a transaction that throws, and tells apart what fails', async (database) => {
    await database.script('create table if not exists things (id int primary key)');
    await expect(
      database.transaction(async (sql) => {
        await sql.query('insert into things values (1)');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await database.query('select id from things')).toEqual([]);
    await database.query('insert into things values (2)');
    await expect(database.query('insert into things values (2)')).rejects.toMatchObject({ code: '23505' });
    expect(await database.query('select id from things')).toEqual([{ id: 2 }]);
  });

  portTest('repeats a transaction that the database gave up', async (database) => {
    let tries = 0;
    const done = await database.transaction(async () => {
      tries += 1;
      if (tries < 3) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      return 'done';
    });
    expect([done, tries]).toEqual(['done', 3]);
  });

  portTest('undoes and repeats bulk work as any other', async (database) => {
    await database.script('create table if not exists bulky (id int primary key)');
    let tries = 0;
    await database.bulkTransaction(async (sql) => {
      tries += 1;
      await sql.query('insert into bulky values ($1::int)', [tries]);
      if (tries < 2) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
    });
    expect(await database.query('select id from bulky')).toEqual([{ id: 2 }]);
  });

  portTest('hears what another transaction notifies', async (database) => {
    const heard = Promise.withResolvers<void>();
    const stop = await database.listen('a_channel', heard.resolve);
    await database.query(`select pg_notify('a_channel', '')`);
    await heard.promise;
    await stop();
  });
});

describe('a PostgreSQL', () => {
  const source = databaseSource('postgres');
  afterAll(() => source[Symbol.asyncDispose]());

  it('is not waited for without end where somebody holds a lock, and migrates what is there already', async (context) => {
    const options = await source.fresh();
    if (options === null || !('url' in options)) return context.skip('PostgreSQL is not installed');
    await using first = await openDatabase(options);
    // As the first release left it.
    await first.script(`create table schema_migrations (number integer primary key, at timestamptz not null default now());
      ${migrations[0]}; insert into schema_migrations (number) values (1)`);
    await using second = await openMigrated({ ...options, lockTimeoutMs: 50 });
    await expect(second.query('select tx from events_pruned')).resolves.toEqual([]);
    await first.transaction(async (sql) => {
      await sql.query('lock table passes');
      const error: unknown = await second.query('select id from passes').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: '55P03' });
      expect(problemOfError(error)).toMatchObject({ code: 'FLYNOTES_UNAVAILABLE', status: 503 });
    });
  });
});

describe('bulk work on a PostgreSQL', () => {
  const source = databaseSource('postgres');
  afterAll(() => source[Symbol.asyncDispose]());

  it('has connections of its own, and commits that do not wait for the disk', async (context) => {
    const options = await source.fresh();
    if (options === null) return context.skip('PostgreSQL is not installed');
    await using database = await openDatabase(options);
    const waiting = async (sql: Sql) =>
      (await one(sql.query<{ waits: string }>(`select current_setting('synchronous_commit') as waits`))).waits;
    const release = Promise.withResolvers<void>();
    const bulk = Array.from({ length: 30 }, () =>
      database.bulkTransaction(async (sql) => {
        await release.promise;
        return waiting(sql);
      }),
    );
    // However much bulk work there is, nobody else waits for a connection behind it.
    await expect(Promise.all(Array.from({ length: 30 }, () => database.query('select 1')))).resolves.toHaveLength(30);
    await expect(database.transaction(waiting)).resolves.not.toBeUndefined();
    release.resolve();
    expect(new Set(await Promise.all(bulk))).toEqual(new Set(['off']));
  });
});

describe('the embedded database', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'flynotes-data-'));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it('keeps what was committed, and refuses to be opened twice', async () => {
    const first = await openDatabase({ dataDir });
    await first.script('create table kept (id int); insert into kept values (7)');
    await expect(openDatabase({ dataDir })).rejects.toThrow('is in use by another flynotes-server');
    await first[Symbol.asyncDispose]();
    await using again = await openDatabase({ dataDir });
    expect(await again.query('select id from kept')).toEqual([{ id: 7 }]);
  });

  it('is free again after its process was killed', async () => {
    const program = `import { openDatabase } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
      const database = await openDatabase({ dataDir: ${JSON.stringify(dataDir)} });
      await database.query('insert into kept values (8)');
      console.log('written');
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--conditions=@flynotes/source', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(openDatabase({ dataDir })).rejects.toThrow('is in use by another flynotes-server');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using database = await openDatabase({ dataDir });
    expect(await database.query('select id from kept order by id')).toEqual([{ id: 7 }, { id: 8 }]);
  });

  it('says so when its thread dies, and that callers may come again', async () => {
    const started = once(process, 'worker');
    const database = await openDatabase({ dataDir: null });
    const [thread] = (await started) as [Worker];
    await thread.terminate();
    expect(await database.lost).toMatchObject({ message: 'the embedded database has ended' });
    await expect(database.query('select 1')).rejects.toMatchObject({ code: 'CONNECTION_ENDED' });
    await database[Symbol.asyncDispose]();
  });
});
