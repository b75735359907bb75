import { canonicalVersions } from '@flynotes/carestream-server/api';
import type { BasicRecord, Digester } from '@flynotes/carestream-server/api';
import type { Database } from '../database/index.ts';
import { createPracticeDigester, digestNumber } from '../ingest/index.ts';
import { json } from '../practices/index.ts';
import type { Practice } from '../practices/index.ts';

const rowsMost = 1_000;

/** What a recomputation found. */
export interface DigestCheck {
  readonly checked: number;
  /** Rows whose stored digest or bucket was not that of their stored record: edited behind the server's back. */
  readonly mismatches: number;
  /** The first of them. */
  readonly patientCodes: number[];
}

/**
 * Computes every row's digest anew from the stored record and stores it, so that the next pass sees what was changed behind
 * the server's back and heals it.
 * @param options - `counts`: whether differences count as damage; under a new key or form every row differs
 */
export async function recomputeDigests(
  database: Database,
  practice: Practice,
  { counts = true }: { readonly counts?: boolean } = {},
): Promise<DigestCheck> {
  if (!canonicalVersions.includes(practice.canonicalVersion)) throw new Error('unknown canonical version');
  const digester = createPracticeDigester(practice.digestKey);
  const patientCodes: number[] = [];
  let [checked, mismatches, after] = [0, 0, 0];
  for (;;) {
    const rows = await database.query<{
      code: number;
      digest: string | null;
      bucket: number;
      sequence: number;
      basics: BasicRecord | null;
    }>(
      `select patient_code as code, digest::text as digest, bucket, read_sequence as sequence, basics from patients
       where practice_id = $1 and patient_code > $2::int and state = 'held' order by patient_code limit ${rowsMost}`,
      [practice.id, after],
    );
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.code;
    checked += rows.length;
    const wrong = rows.flatMap(({ code, digest, bucket, sequence, basics }) => {
      // A row without a record, or with one that has no canonical form any more, gets a digest that equals no other.
      const right = digestOrNone(digester, basics);
      const rightBucket = digester.bucketOf(code);
      return right === digest && rightBucket === bucket ? [] : [{ c: code, s: sequence, d: right, b: rightBucket }];
    });
    if (wrong.length === 0) continue;
    mismatches += wrong.length;
    patientCodes.push(...wrong.slice(0, 100 - patientCodes.length).map(({ c }) => c));
    await database.query(
      `with wrong as (
         select p.patient_code, w.d, w.b from jsonb_to_recordset($2::text::jsonb) as w(c integer, s bigint, d numeric, b smallint)
         join patients p on p.practice_id = $1 and p.patient_code = w.c and p.read_sequence = w.s
         order by p.patient_code for update of p
       )
       update patients p set digest = wrong.d, bucket = wrong.b from wrong where p.practice_id = $1 and p.patient_code = wrong.patient_code`,
      [practice.id, json(wrong)],
    );
  }
  await database.query(
    `update practices set digests_checked_at = now(), digest_mismatches = digest_mismatches + $2::int,
       digests_mismatched_at = case when $2::int > 0 then now() else digests_mismatched_at end
     where id = $1`,
    [practice.id, counts ? mismatches : 0],
  );
  return { checked, mismatches, patientCodes };
}

function digestOrNone(digester: Digester, basics: BasicRecord | null): string {
  try {
    return basics === null ? '0' : digestNumber(digester.ofRecord(basics));
  } catch {
    return '0';
  }
}
