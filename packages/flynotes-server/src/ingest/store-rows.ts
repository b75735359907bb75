import { one } from '../database/index.ts';
import type { Sql } from '../database/index.ts';
import type { RowColumns } from './row-columns.ts';

/** What became of a batch's rows. */
export interface StoredCounts {
  readonly changed: number;
  readonly unchanged: number;
  readonly removed: number;
  /** Rows that were written at all; the others were older than what is held. */
  readonly written: number;
}

/**
 * Writes a batch in one statement, in the order of the patient codes, so that writers of the same patients wait for each other in one
 * order and never in a circle. The newest `readSequence` wins; `was` keeps what the row was before, because RETURNING cannot tell
 * (PostgreSQL 15).
 */
export async function storeRows(
  sql: Sql,
  practiceId: string,
  pass: { id: string; round: number },
  { rows, codes, sequences, buckets, states, digests, records }: RowColumns,
): Promise<StoredCounts> {
  if (rows === 0) return { changed: 0, unchanged: 0, removed: 0, written: 0 };
  return one(
    sql.query<StoredCounts>(
      `with incoming as (
         select c, s, b, k, d, r::jsonb from unnest($2::text::integer[], $5::text::bigint[], $6::text::smallint[],
           $7::text::text[], $8::text::numeric[], string_to_array($9::text, E'\\n', '')) as i(c, s, b, k, d, r)
         order by c
       ), written as (
         insert into patients as p
           (practice_id, patient_code, bucket, state, digest, read_sequence, basics, pass_id, pass_round, was, changed_at)
         select $1, c, b, k, d, s, r, $3, $4::int, 'absent', now() from incoming
         on conflict (practice_id, patient_code) do update set
           was = case when p.state <> excluded.state then p.state when p.digest is distinct from excluded.digest then 'other' else 'same' end,
           changed_at = case when p.state = excluded.state and p.digest is not distinct from excluded.digest then p.changed_at else now() end,
           state = excluded.state,
           digest = excluded.digest,
           read_sequence = excluded.read_sequence,
           basics = case when excluded.state = 'refused' then p.basics else excluded.basics end,
           history = case when excluded.state = 'removed' then null else p.history end,
           history_sequence = case when excluded.state = 'removed' then null else p.history_sequence end,
           pass_id = excluded.pass_id,
           pass_round = excluded.pass_round
         where p.read_sequence < excluded.read_sequence
         returning p.patient_code, p.state, p.was
       ), news as (
         select patient_code, case
             when state = 'held' and was = 'other' then '{"kind": "updated"}'::jsonb
             when state = 'held' then '{"kind": "inserted"}'::jsonb
             when state = 'removed' then '{"kind": "removed"}'::jsonb
             else '{"kind": "refused"}'::jsonb end as body
         from written
         where was <> 'same' and not (state = 'removed' and was in ('absent', 'refused'))
       ), told as (
         insert into events (practice_id, type, patient_code, body)
         select $1, 'patient-changed', patient_code, body from news
       )
       select count(*) filter (where state = 'held' and was <> 'same')::int as changed,
         count(*) filter (where state = 'held' and was = 'same')::int as unchanged,
         count(*) filter (where state = 'removed' and was = 'held')::int as removed,
         count(*)::int as written
       from written`,
      [practiceId, codes, pass.id, pass.round, sequences, buckets, states, digests, records],
    ),
  );
}

/**
 * Marks rows that came in a healing round but were older than what is held: they were received, so the end of the round
 * must not remove them.
 */
export async function stampStale(
  sql: Sql,
  practiceId: string,
  pass: { id: string; round: number },
  { codes, states }: RowColumns,
): Promise<void> {
  await sql.query(
    `with received as (
       select patient_code from patients
       where practice_id = $1 and patient_code in (
         select c from unnest($2::text::integer[], $5::text::text[]) as i(c, k) where k = 'held')
         and (pass_id, pass_round) is distinct from ($3::text, $4::int)
       order by patient_code for update
     )
     update patients p set pass_id = $3, pass_round = $4::int from received r
     where p.practice_id = $1 and p.patient_code = r.patient_code`,
    [practiceId, codes, pass.id, pass.round, states],
  );
}
