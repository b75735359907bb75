import { parityRoundsMost } from '@flynotes/carestream-server/api';
import type { CompleteAnswer, CompleteRequest } from '@flynotes/carestream-server/api';
import { one } from '../database/index.ts';
import type { Database, Sql } from '../database/index.ts';
import { appendEvent } from '../events/index.ts';
import { problemError } from '../http/index.ts';
import { createPracticeDigester } from '../ingest/index.ts';
import { json } from '../practices/index.ts';
import type { Practice } from '../practices/index.ts';
import { heldDigests } from './bucket-sums.ts';
import type { HeldDigests } from './bucket-sums.ts';
import { removesMost } from './mass-removal.ts';
import type { Pass } from './pass.ts';
import { passColumns } from './pass.ts';

/**
 * Compares what both sides hold: count and root, then the 256 buckets, then the differing ones whole.
 * @param contentHash - SHA-256 of the request, so that a repeat of the last one gets its answer again
 * @throws PASS_UNKNOWN, PASS_ENDED, REQUEST_INVALID
 */
export function completePass(
  database: Database,
  practice: Practice,
  arrived: { passId: string; request: CompleteRequest; contentHash: string },
): Promise<CompleteAnswer> {
  const { passId, request, contentHash } = arrived;
  return database.transaction(async (sql) => {
    const [pass] = await sql.query<Pass>(
      `select ${passColumns} from passes p where p.id = $1 and p.practice_id = $2 for update`,
      [passId, practice.id],
    );
    if (pass === undefined) throw problemError('PASS_UNKNOWN');
    if (pass.status !== 'running' && pass.completeHash === contentHash) return pass.completeAnswer as CompleteAnswer;
    if (pass.status !== 'running' || pass.overdue) throw problemError('PASS_ENDED');
    const isHeldBack = request.resent !== undefined && (await holdBackOrRemove(sql, practice.id, pass, request));
    const held = await heldDigests(sql, practice.id, createPracticeDigester(practice.digestKey));
    const answer = isHeldBack
      ? ({ outcome: 'failed', code: 'REMOVALS_HELD_BACK' } as const)
      : await compare(sql, { practiceId: practice.id, passId, request, held });
    if (answer.outcome === 'equal' || answer.outcome === 'failed') {
      await end(sql, { practiceId: practice.id, passId, request, contentHash, answer, held });
    }
    return answer;
  });
}

async function compare(
  sql: Sql,
  {
    practiceId,
    passId,
    request,
    held,
  }: { practiceId: string; passId: string; request: CompleteRequest; held: HeldDigests },
): Promise<CompleteAnswer> {
  if (request.patients === held.patients && request.root === held.root) {
    return { outcome: 'equal', patients: held.patients, root: held.root, at: new Date().toISOString() };
  }
  if (request.round >= parityRoundsMost) return { outcome: 'failed', code: 'PARITY_FAILED' };
  if (request.buckets === undefined) return { outcome: 'send-digests' };
  const buckets = held.buckets.flatMap((sum, bucket) => (request.buckets?.[bucket] === sum ? [] : [bucket]));
  // Equal buckets under another root or count: one of the two was computed wrongly, and sending again mends nothing.
  if (buckets.length === 0) return { outcome: 'failed', code: 'PARITY_FAILED' };
  const round = request.round + 1;
  await sql.query(
    `update passes set rounds = greatest(rounds, $2::int), asked_round = $2::int, asked_buckets = $3::text::jsonb, asked_at = now(),
       buckets_asked = buckets_asked + jsonb_array_length($3::text::jsonb),
       round_floor = (select coalesce(max(read_sequence), 0) from patients where practice_id = $4)
     where id = $1`,
    [passId, round, json(buckets), practiceId],
  );
  return { outcome: 'send-buckets', buckets, round };
}

/**
 * Rows of buckets that were sent whole ($2, $3) which did not come in this pass ($4) and round ($5). A row that was written since they
 * were asked for is no part of what differed, whatever its read: a new patient's own upload may take longer than a round's beginning.
 */
const notResent = `from patients where practice_id = $1 and state = 'held' and read_sequence <= $2::bigint
  and changed_at <= (select asked_at from passes where id = $4)
  and bucket in (select value::int from jsonb_array_elements_text($3::text::jsonb))
  and (pass_id, pass_round) is distinct from ($4::text, $5::smallint)`;

/**
 * Removes what is held in buckets that were sent whole and did not come. A row that was read after the round began (a
 * patient's own upload) is newer than the agent's view of its bucket and stays.
 * @returns true where that would be most of the practice; then nobody was removed
 */
async function holdBackOrRemove(sql: Sql, practiceId: string, pass: Pass, request: CompleteRequest): Promise<boolean> {
  const asked = new Set(pass.askedBuckets);
  const resent = request.resent ?? [];
  // Only what was asked for is ever removed: anything else would be a way to lose data by mistake.
  if (pass.askedRound !== request.round || pass.roundFloor === null || !resent.every((bucket) => asked.has(bucket))) {
    throw problemError('REQUEST_INVALID', {
      detail: 'Only buckets that were asked for in this round can be declared as sent whole.',
      fields: ['resent', 'round'],
    });
  }
  const values = [practiceId, pass.roundFloor, json(resent), pass.id, request.round];
  const { patients } = await one(
    sql.query<{ patients: number }>(`select count(*)::int as patients ${notResent}`, values),
  );
  if (removesMost(pass, patients)) return true;
  if (patients === 0) return false;
  await sql.query(
    `with gone as (
       select patient_code ${notResent} order by patient_code for update
     ), removed as (
       update patients p set state = 'removed', was = 'held', digest = null, basics = null, history = null,
         history_sequence = null, changed_at = now()
       from gone g where p.practice_id = $1 and p.patient_code = g.patient_code
       returning p.patient_code
     ), told as (
       insert into events (practice_id, type, patient_code, body)
       select $1, 'patient-changed', patient_code, '{"kind": "removed"}' from removed
     )
     update passes set removed = passes.removed + (select count(*) from removed),
       healed = passes.healed + (select count(*) from removed) where id = $4`,
    values,
  );
  return false;
}

async function end(
  sql: Sql,
  ended: {
    practiceId: string;
    passId: string;
    request: CompleteRequest;
    contentHash: string;
    answer: Extract<CompleteAnswer, { outcome: 'equal' | 'failed' }>;
    held: HeldDigests;
  },
): Promise<void> {
  const { practiceId, passId, request, contentHash, answer, held } = ended;
  const code = answer.outcome === 'failed' ? answer.code : null;
  await sql.query(
    `with ended as (
       update passes set status = $2, code = $3, ended_at = now(), patients = $4::int, rounds = greatest(rounds, $5::int),
         complete_hash = $6, complete_answer = $7::text::jsonb, figures = $8::text::jsonb
       where id = $1 returning practice_id
     )
     update practices set last_equal_at = now(), removals_confirmed_until = null where id = (select practice_id from ended) and $2::text = 'equal'`,
    [
      passId,
      answer.outcome,
      code,
      held.patients,
      request.round,
      contentHash,
      json(answer),
      json(request.figures ?? null),
    ],
  );
  await appendEvent(sql, practiceId, {
    type: 'pass-completed',
    passId,
    outcome: answer.outcome,
    ...(code === null ? {} : { code }),
    patients: held.patients,
    rounds: request.round,
  });
}
