import type { Sql } from '../database/index.ts';
import type { PracticeView } from './operator-schemas.ts';

/**
 * Practices as an operator sees them; one, or all by name. In the list `patients` is what the last finished pass counted:
 * counting millions of rows anew would make the list of thousands of practices slow.
 */
export async function practiceViews(sql: Sql, installed: string, id: string | null): Promise<PracticeView[]> {
  return sql.query<PracticeView>(
    `select p.id, p.name, p.time_zone as "timeZone", p.suspended, p.pinned_version as "pinnedVersion",
       p.canary, p.attempt,
       coalesce(p.pinned_version, case when p.canary then r.canary_version end, $1) as "dictatedVersion", p.agent_version as "agentVersion", p.created_at as "createdAt",
       p.licence_opened_at as "licenceOpenedAt", p.last_equal_at as "lastEqualAt",
       p.removals_confirmed_until as "removalsConfirmedUntil",
       jsonb_build_object('at', p.digests_checked_at, 'mismatches', p.digest_mismatches, 'mismatchedAt', p.digests_mismatched_at)
         as "digestChecks", p.queue->>'url' as "queueUrl",
       (select received_at from heartbeats where practice_id = p.id order by id desc limit 1) as "lastHeartbeatAt",
       case when $2::text is null
         then coalesce((select c.patients from passes c where c.practice_id = p.id and c.patients is not null
           order by c.started_at desc limit 1), 0)
         else (select count(*)::int from patients where practice_id = p.id and state = 'held') end as patients,
       (select jsonb_build_object('passId', l.id, 'status', l.status, 'code', l.code, 'startedAt', l.started_at, 'endedAt', l.ended_at)
        from passes l where l.practice_id = p.id order by l.started_at desc limit 1) as "lastPass"
     from practices p cross join rollout r where $2::text is null or p.id = $2 order by p.name, p.id limit 10000`,
    [installed, id],
  );
}
