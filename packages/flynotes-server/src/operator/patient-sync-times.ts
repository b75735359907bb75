import * as z from 'zod';
import type { Sql } from '../database/index.ts';

const instant = z.string();
const count = z.int().min(0);

/** How far back is looked: a day unless told, 30 days at most. */
export const patientSyncTimesQuery = z.object({ hours: z.coerce.number().min(0.01).max(720).default(24) });

/** Results beyond these are not looked at: the newest ones count. */
export const resultsMost = 10_000;

const percentilesSchema = z.object({ p50: z.number(), p95: z.number(), p99: z.number(), count });

/** What {@link patientSyncTimes} answers, in milliseconds. */
export const patientSyncTimesSchema = z.object({
  /** Over which results: those that came between `from` and `to`, the newest 10,000 of them. */
  window: z.object({ from: instant, to: instant, results: count, done: count, notFound: count, failed: count }),
  /**
   * Of those that ended as `done`: `queuedMs`, `dispatchedMs`, `readMs`, `mappedMs`, `uploadedMs`, and `totalMs` from the request to
   * the agent's end. A leg that no result brought is absent.
   */
  legs: z.record(z.string(), percentilesSchema),
});
/** @see {@link patientSyncTimesSchema} */
export type PatientSyncTimes = z.infer<typeof patientSyncTimesSchema>;

/** How long patient-syncs of one practice took, leg by leg. */
export async function patientSyncTimes(sql: Sql, practiceId: string, hours: number): Promise<PatientSyncTimes> {
  const [row] = await sql.query<PatientSyncTimes>(
    `with latest as materialized (
       select result from command_results
       where practice_id = $1 and result->>'type' = 'patient-sync' and received_at >= now() - $2::text::float8 * interval '1 hour'
       order by received_at desc limit ${resultsMost}
     ), done as (
       select result from latest where result->>'outcome' = 'done'
     ), times as (
       select l.key as leg, l.value::float8 as ms from done, jsonb_each_text(result->'legs') as l
       union all
       select 'totalMs', extract(epoch from (result->>'at')::timestamptz - (result->>'requestedAt')::timestamptz)::float8 * 1000
       from done where result ? 'requestedAt'
     ), ranked as (
       select leg, percentile_cont(array[0.5, 0.95, 0.99]) within group (order by ms) as p, count(*)::int as count
       from times group by leg
     )
     select
       (select jsonb_build_object(
         'from', to_char((now() - $2::text::float8 * interval '1 hour') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         'to', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         'results', count(*),
         'done', count(*) filter (where result->>'outcome' = 'done'),
         'notFound', count(*) filter (where result->>'outcome' = 'not-found'),
         'failed', count(*) filter (where result->>'outcome' not in ('done', 'not-found'))
       ) from latest) as "window",
       (select coalesce(jsonb_object_agg(leg, jsonb_build_object('p50', p[1], 'p95', p[2], 'p99', p[3], 'count', count)), '{}')
        from ranked) as legs`,
    [practiceId, String(hours)],
  );
  if (row === undefined) throw new Error('a statement gave no row');
  return row;
}
