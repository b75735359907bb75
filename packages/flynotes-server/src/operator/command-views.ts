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
