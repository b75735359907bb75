import type { Database } from './database.ts';
import { migrations } from './migrations.ts';

/** Any number, as long as every server takes the same. */
const lockKey = 7_426_001;

/**
 * Brings the database to this release's tables, in one round trip, which is one transaction. Servers that start together wait for each other.
 * @throws Error when the database was made by a newer release
 */
export async function migrate(database: Database): Promise<void> {
  const steps = migrations.map(
    (statements, index) => `
    if not exists (select from schema_migrations where number = ${index + 1}) then
      ${statements}
      insert into schema_migrations (number) values (${index + 1});
    end if;`,
  );
  await database.script(`
    select set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true);
    select pg_advisory_xact_lock(${lockKey});
    create table if not exists schema_migrations (number integer primary key, at timestamptz not null default now());
    do $migrate$
    begin
    if current_setting('server_version_num')::int < 150000 then
      raise exception 'PostgreSQL 15 or newer is needed';
    end if;
    if exists (select from schema_migrations where number > ${migrations.length}) then
      raise exception 'the database was made by a newer release of flynotes-server';
    end if;
    ${steps.join('\n')}
    end $migrate$;
  `);
}
