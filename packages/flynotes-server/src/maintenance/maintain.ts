import { one } from '../database/index.ts';
import type { Database } from '../database/index.ts';
import { expirePasses, recomputeDigests } from '../passes/index.ts';
import type { Practices } from '../practices/index.ts';

/** How long events, heartbeats and the answers to batches are kept. */
const keptDays = 7;
/** How long passes with their refusals, and messages with their results, are kept; the latest passes always. */
const historyDays = 90;
/** Deleted in small bites: no long transaction, no burst. */
const rowsMost = 5_000;

/** One round of housekeeping. Any number of servers may do it at once. */
export async function maintain(deps: { database: Database; practices: Practices }): Promise<void> {
  const { database, practices } = deps;
  await database.transaction((sql) => expirePasses(sql, null));
  await pruneEvents(database);
  for (const [table, column, days] of [
    ['heartbeats', 'received_at', keptDays],
    ['commands', 'sent_at', historyDays],
    ['command_results', 'received_at', historyDays],
  ] as const) {
    await prune(database, table, `${column} < now() - interval '${days} days'`);
  }
  const endedPasses = (days: number): string =>
    `select id from passes where ended_at < now() - interval '${days} days'`;
  await prune(database, 'batches', `pass_id in (${endedPasses(keptDays)})`);
  await prune(database, 'refusals', `pass_id in (${endedPasses(historyDays)})`);
  await prune(
    database,
    'passes p',
    `p.id in (${endedPasses(historyDays)})
       and exists (select from passes l where l.practice_id = p.practice_id and l.started_at > p.started_at and l.patients is not null)`,
  );
  for (;;) {
    // Claimed by moving the date on: two servers never check the same practice.
    const [due] = await database.query<{ id: string }>(
      `update practices set digests_checked_at = now() where id = (
         select id from practices where digests_checked_at < now() - interval '1 day'
         order by digests_checked_at limit 1 for update skip locked)
       returning id`,
    );
    if (due === undefined) return;
    await recomputeDigests(database, await practices.get(due.id));
  }
}

async function prune(database: Database, table: string, condition: string): Promise<void> {
  const name = table.split(' ')[0];
  for (;;) {
    const gone = await database.query(
      `delete from ${name} where ctid = any(array(select ctid from ${table} where ${condition} limit ${rowsMost})) returning 1`,
    );
    if (gone.length < rowsMost) return;
  }
}

/** Readers that come back are told when what they had not read yet is gone. */
async function pruneEvents(database: Database): Promise<void> {
  for (;;) {
    const { gone } = await one(
      database.query<{ gone: number }>(
        `with gone as (
           delete from events where ctid = any(array(
             select ctid from events where at < now() - interval '${keptDays} days' limit ${rowsMost})) returning tx
         ), noted as (
           insert into events_pruned (tx) select max(tx) from gone having count(*) > 0
           on conflict (single) do update set tx = greatest(events_pruned.tx, excluded.tx)
         )
         select count(*)::int as gone from gone`,
      ),
    );
    if (gone < rowsMost) return;
  }
}

/** Does {@link maintain} again and again until disposed. */
export function startMaintenance(deps: { database: Database; practices: Practices }, everyMs: number): AsyncDisposable {
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    // Housekeeping that failed is tried again next time; nothing waits for it.
    running = running.then(() => maintain(deps)).catch(() => undefined);
  }, everyMs);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
}
