import type { BatchAnswer } from '@flynotes/carestream-server/api';
import type { Database, Sql } from '../database/index.ts';
import { one } from '../database/index.ts';
import { eventChannel } from '../events/index.ts';
import type { EventBody } from '../events/index.ts';
import { problemError } from '../http/index.ts';
import { stampStale, storeRows } from '../ingest/index.ts';
import type { ReadBatch } from '../ingest/index.ts';
import { json } from '../practices/index.ts';
import type { Practice } from '../practices/index.ts';
import { removesMost } from './mass-removal.ts';
import type { Pass } from './pass.ts';
import { passColumns } from './pass.ts';

/**
 * Stores a batch once. The same batch again gets the same answer; another one under its number is refused, never lost.
 *
 * Batches of one pass are stored side by side: each claims its number and holds the pass so that it cannot be compared meanwhile; only
 * what counts on the pass, at the very end, takes turns. A healing round holds it alone: its batches mark rows that they do not write.
 * @throws PASS_UNKNOWN, PASS_ENDED, BATCH_CONFLICT, REMOVALS_HELD_BACK
 */
export async function acceptBatch(
  database: Database,
  practice: Practice,
  { passId, batch }: { readonly passId: string; readonly batch: ReadBatch },
): Promise<BatchAnswer> {
  const { n, round, columns, refusals, contentHash, outdated } = batch;
  return database.bulkTransaction(async (sql) => {
    const held = round > 0 ? 'update' : 'key share';
    // Two statements, sent together.
    const [[pass], [claimed]] = await Promise.all([
      sql.query<Pass>(`select ${passColumns} from passes p where p.id = $1 and p.practice_id = $2 for ${held}`, [
        passId,
        practice.id,
      ]),
      // Waits for another one with this number. The answer follows before anybody can read it.
      sql.query(
        `insert into batches (pass_id, n, content_hash, answer) values ($1, $2::int, $3, 'null') on conflict do nothing returning n`,
        [passId, n, contentHash],
      ),
    ]);
    if (pass === undefined) throw problemError('PASS_UNKNOWN');
    // Also of a pass that has ended since: an answer that was lost on its way is given again.
    if (claimed === undefined) return storedAnswer(sql, passId, batch);
    if (pass.status !== 'running' || pass.overdue) throw problemError('PASS_ENDED');

    const stamp = { id: passId, round };
    const { changed, unchanged, removed, written } = await storeRows(sql, practice.id, stamp, columns);
    const stale = columns.rows - written + outdated;
    if (round > 0 && written < columns.rows) await stampStale(sql, practice.id, stamp, columns);
    const answer: BatchAnswer = { changed, unchanged, stale, removed, refused: [...refusals] };
    const counts = { changed, unchanged, stale, removed, refused: refusals.length };
    const [counted] = await sql.query<{ removed: number }>(
      `with counted as (
         update passes set next_batch = greatest(next_batch, $2::int + 1), changed = changed + $3::int, unchanged = unchanged + $4::int,
           stale = stale + $5::int, removed = removed + $6::int, refused = refused + $7::int, healed = healed + $11::int
         where id = $1 and status = 'running' returning removed
       ), noted as (
         insert into refusals (pass_id, n, position, patient_code, code, fields)
         select $1, $2::int, r.index, r."patientCode", r.code, r.fields
         from jsonb_to_recordset($9::text::jsonb) as r(index integer, "patientCode" bigint, code text, fields jsonb)
       ), answered as (
         update batches set answer = $10::text::jsonb where pass_id = $1 and n = $2::int
       ), told as (
         insert into events (practice_id, type, body) values ($8, 'batch-accepted', $12::text::jsonb)
       )
       select removed, pg_notify('${eventChannel}', $8::text) from counted`,
      [
        passId,
        n,
        changed,
        unchanged,
        stale,
        removed,
        refusals.length,
        practice.id,
        json(refusals),
        json(answer),
        round > 0 ? changed + removed : 0,
        json({ type: 'batch-accepted', passId, n, round, ...counts } satisfies EventBody),
      ],
    );
    // Its time was up meanwhile. What is thrown here undoes all of the batch.
    if (counted === undefined) throw problemError('PASS_ENDED');
    // Only now it is certain how many others have removed: they may have been at it at the same time.
    const before = { ...pass, removed: counted.removed - removed };
    if (removesMost(before, columns.removals)) throw problemError('REMOVALS_HELD_BACK');
    return answer;
  });
}

/** In a statement of its own: only one that begins after the claim was refused sees what the other one stored. */
async function storedAnswer(sql: Sql, passId: string, { n, contentHash }: ReadBatch): Promise<BatchAnswer> {
  const stored = await one(
    sql.query<{ contentHash: string; answer: BatchAnswer }>(
      'select content_hash as "contentHash", answer from batches where pass_id = $1 and n = $2::int',
      [passId, n],
    ),
  );
  if (stored.contentHash !== contentHash) throw problemError('BATCH_CONFLICT');
  return stored.answer;
}
