import type { Sql } from '../database/index.ts';

/** Passes of a practice, newest first. */
export async function passViews(sql: Sql, practiceId: string, limit: number): Promise<unknown[]> {
  return sql.query(
    `select id as "passId", reason, status, code, started_at as "startedAt", ended_at as "endedAt", next_batch as batches,
       changed, unchanged, stale, removed, refused, rounds,
       buckets_asked as "bucketsAsked", healed, patients, figures
     from passes where practice_id = $1 order by started_at desc limit $2::int`,
    [practiceId, limit],
  );
}

/** What a pass had refused: numbers, codes and names of fields. */
export async function passRefusals(
  sql: Sql,
  of: { practiceId: string; passId: string },
  limit: number,
): Promise<{ n: number; index: number; patientCode: number | null; code: string; fields: string[] }[]> {
  return sql.query(
    `select r.n, r.position as index, r.patient_code as "patientCode", r.code, r.fields
     from refusals r join passes p on p.id = r.pass_id
     where p.practice_id = $1 and p.id = $2 order by r.n, r.position limit $3::int`,
    [of.practiceId, of.passId, limit],
  );
}
