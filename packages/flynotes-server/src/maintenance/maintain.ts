import type { Database } from '../database/index.ts';
import { expirePasses, recomputeDigests } from '../passes/index.ts';
import type { Practices } from '../practices/index.ts';

/** How long what is only for looking at is kept. */
const keptDays = 7;

/** One round of housekeeping. Any number of servers may do it at once. */
export async function maintain(deps: { database: Database; practices: Practices }): Promise<void> {
  const { database, practices } = deps;
  await database.transaction((sql) => expirePasses(sql, null));
  const old = `now() - interval '${keptDays} days'`;
  for (const statement of [
    `delete from events where at < ${old}`,
    `delete from heartbeats where received_at < ${old}`,
    `delete from batches b using passes p where p.id = b.pass_id and p.ended_at < ${old}`,
  ]) {
    await database.query(statement);
  }
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
