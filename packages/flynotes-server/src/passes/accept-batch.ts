import type { BatchAnswer, Refusal } from '@flynotes/carestream-server/api';
import type { Database } from '../database/index.ts';
import { appendEvent } from '../events/index.ts';
import { problemError } from '../http/index.ts';
import { createPracticeDigester, judgeBatch, stampStale, storeRows } from '../ingest/index.ts';
import { json } from '../practices/index.ts';
import type { Practice } from '../practices/index.ts';
import { removesMost } from './mass-removal.ts';
import type { Pass } from './pass.ts';
import { passColumns } from './pass.ts';

/** A batch as it arrived. */
export interface ArrivedBatch {
  readonly passId: string;
  readonly n: number;
  readonly round: number;
  readonly patients: readonly unknown[];
  readonly removals: readonly unknown[];
  /** SHA-256 of the bytes, decompressed. */
  readonly contentHash: string;
}

/**
 * Stores a batch once. The same batch again gets the same answer; another one under its number is refused, never lost.
 * @throws PASS_UNKNOWN, PASS_ENDED, BATCH_CONFLICT, REMOVALS_HELD_BACK
 */
export async function acceptBatch(database: Database, practice: Practice, batch: ArrivedBatch): Promise<BatchAnswer> {
  // The work that needs no lock comes before the lock.
  const { rows, refusals, outdated } = await judgeBatch(
    batch.patients,
    batch.removals,
    createPracticeDigester(practice.digestKey),
  );
  return database.transaction(async (sql) => {
    // Two statements, sent together: only one that begins after the lock was got sees the batch that was stored meanwhile.
    const [[pass], [stored]] = await Promise.all([
      sql.query<Pass>(`select ${passColumns} from passes p where p.id = $1 and p.practice_id = $2 for update`, [
        batch.passId,
        practice.id,
      ]),
      sql.query<{ contentHash: string; answer: BatchAnswer }>(
        'select content_hash as "contentHash", answer from batches where pass_id = $1 and n = $2::int',
        [batch.passId, batch.n],
      ),
    ]);
    if (pass === undefined) throw problemError('PASS_UNKNOWN');
    // Also of a pass that has ended since: an answer that was lost on its way is given again.
    if (stored !== undefined) {
      if (stored.contentHash !== batch.contentHash) throw problemError('BATCH_CONFLICT');
      return stored.answer;
    }
    if (pass.status !== 'running' || pass.overdue) throw problemError('PASS_ENDED');
    if (removesMost(pass, rows.filter(({ k }) => k === 'removed').length)) throw problemError('REMOVALS_HELD_BACK');

    const stamp = { id: batch.passId, round: batch.round };
    const { changed, unchanged, removed, written } = await storeRows(sql, practice.id, stamp, rows);
    const stale = rows.length - written + outdated;
    if (batch.round > 0 && written < rows.length) {
      const codes = rows.filter(({ k }) => k === 'held').map(({ c }) => c);
      await stampStale(sql, practice.id, stamp, codes);
    }
    const answer: BatchAnswer = { changed, unchanged, stale, removed, refused: refusals };
    const booked = sql.query(
      `with counted as (
         update passes set next_batch = greatest(next_batch, $2::int + 1), changed = changed + $3::int, unchanged = unchanged + $4::int,
           stale = stale + $5::int, removed = removed + $6::int, refused = refused + $7::int, healed = healed + $11::int where id = $1
       ), noted as (
         insert into refusals (pass_id, n, position, patient_code, code, fields)
         select $1, $2::int, r.index, r."patientCode", r.code, r.fields
         from jsonb_to_recordset($9::text::jsonb) as r(index integer, "patientCode" bigint, code text, fields jsonb)
       )
       insert into batches (pass_id, n, content_hash, answer) values ($1, $2::int, $8, $10::text::jsonb)`,
      [
        batch.passId,
        batch.n,
        changed,
        unchanged,
        stale,
        removed,
        refusals.length,
        batch.contentHash,
        json(refusals satisfies Refusal[]),
        json(answer),
        batch.round > 0 ? changed + removed : 0,
      ],
    );
    const told = appendEvent(sql, practice.id, {
      type: 'batch-accepted',
      passId: batch.passId,
      n: batch.n,
      round: batch.round,
      changed,
      unchanged,
      stale,
      removed,
      refused: refusals.length,
    });
    // Sent together: one way there and back less.
    await Promise.all([booked, told]);
    return answer;
  });
}
