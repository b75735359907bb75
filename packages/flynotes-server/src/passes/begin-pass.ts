import { randomUUID } from 'node:crypto';
import type { BulkPassAnswer } from '@flynotes/carestream-server/api';
import type { z } from 'zod';
import type { passReasonSchema } from '@flynotes/carestream-server/api';
import { one } from '../database/index.ts';
import type { Database, Sql } from '../database/index.ts';
import { appendEvent } from '../events/index.ts';
import type { Practice } from '../practices/index.ts';

/** Begins a pass, or offers the unfinished one of this practice: a practice has one running pass at most. */
export function beginPass(
  database: Database,
  practice: Practice,
  options: { reason: z.infer<typeof passReasonSchema>; validMs: number },
): Promise<BulkPassAnswer> {
  return database.transaction(async (sql) => {
    await expirePasses(sql, practice.id);
    // The first of two that begin together wins; the other one waits for it here and then finds it.
    const [made] = await sql.query<{ id: string }>(
      // What the last pass counted is near enough: counting a million rows would cost as much as comparing them.
      `insert into passes (id, practice_id, reason, status, expires_at, held_before)
       values ($1, $2, $3, 'running', now() + make_interval(secs => $4::float8), coalesce(
         (select l.patients from passes l where l.practice_id = $2 and l.patients > 0 order by l.started_at desc limit 1),
         (select count(*)::int from patients where practice_id = $2 and state = 'held')))
       on conflict (practice_id) where status = 'running' do nothing returning id`,
      [randomUUID(), practice.id, options.reason, options.validMs / 1000],
    );
    const pass = await one(
      sql.query<{ id: string; nextBatch: number; expiresAt: string; heldBefore: number; removalsConfirmed: boolean }>(
        `select id, next_batch as "nextBatch", expires_at as "expiresAt", held_before as "heldBefore",
           (select coalesce(removals_confirmed_until > now(), false) from practices where id = $1) as "removalsConfirmed"
         from passes where practice_id = $1 and status = 'running'`,
        [practice.id],
      ),
    );
    const resumed = made === undefined;
    await appendEvent(sql, practice.id, { type: 'pass-started', passId: pass.id, reason: options.reason, resumed });
    return {
      passId: pass.id,
      resumed,
      nextBatch: pass.nextBatch,
      expiresAt: pass.expiresAt,
      patientsHeld: pass.heldBefore,
      ...(pass.removalsConfirmed ? { removalsConfirmed: true } : {}),
      contentCodings: ['zstd', 'gzip'],
    };
  });
}

/** Ends running passes whose time is up; of one practice, or of all. */
export async function expirePasses(sql: Sql, practiceId: string | null): Promise<void> {
  const expired = await sql.query<{ id: string; practiceId: string; rounds: number }>(
    `update passes set status = 'expired', ended_at = now(), code = 'PASS_ENDED'
     where status = 'running' and expires_at <= now() and ($1::text is null or practice_id = $1)
     returning id, practice_id as "practiceId", rounds`,
    [practiceId],
  );
  for (const { id, practiceId: of, rounds } of expired) {
    const { patients } = await one(
      sql.query<{ patients: number }>(
        `select count(*)::int as patients from patients where practice_id = $1 and state = 'held'`,
        [of],
      ),
    );
    await appendEvent(sql, of, {
      type: 'pass-completed',
      passId: id,
      outcome: 'expired',
      code: 'PASS_ENDED',
      patients,
      rounds,
    });
  }
}
