import type { Sql } from '../database/index.ts';

/** What was sent and how it ended, newest first. */
export async function commandViews(sql: Sql, practiceId: string, limit: number): Promise<unknown[]> {
  return sql.query(
    `select coalesce(c.message_id, r.message_id) as "messageId",
       coalesce(c.message->>'type', r.result->>'type') as type,
       coalesce(c.message->>'patientCode', r.result->>'patientCode')::int as "patientCode",
       c.sent_at as "sentAt", r.received_at as "receivedAt", r.result
     from (select * from commands where practice_id = $1 order by sent_at desc limit $2::int) c
     full join (select * from command_results where practice_id = $1 order by received_at desc limit $2::int) r using (practice_id, message_id)
     order by coalesce(c.sent_at, r.received_at) desc limit $2::int`,
    [practiceId, limit],
  );
}

/** Percentiles of each leg over the latest thousand results of a type. `totalMs`: from the request to the agent's end. */
export async function legFigures(sql: Sql, practiceId: string, type: string): Promise<Record<string, unknown>> {
  const rows = await sql.query<{ leg: string; p: number[]; count: number }>(
    `with latest as (
       select result from command_results where practice_id = $1 and result->>'type' = $2 and result->>'outcome' = 'done'
       order by received_at desc limit 1000
     ), legs as (
       select l.key as leg, l.value::float8 as ms from latest, jsonb_each_text(result->'legs') as l
       union all
       select 'totalMs', extract(epoch from (result->>'at')::timestamptz - (result->>'requestedAt')::timestamptz)::float8 * 1000
       from latest where result ? 'requestedAt'
     )
     select leg, to_jsonb(percentile_cont(array[0.5, 0.95, 0.99]) within group (order by ms)) as p, count(*)::int as count
     from legs group by leg order by leg`,
    [practiceId, type],
  );
  return Object.fromEntries(rows.map(({ leg, p: [p50, p95, p99], count }) => [leg, { p50, p95, p99, count }]));
}
