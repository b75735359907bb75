import { bucketCount, bucketSumHex } from '@flynotes/carestream-server/api';
import type { Digester } from '@flynotes/carestream-server/api';
import type { Sql } from '../database/index.ts';

/** What the server holds of a practice, summed from the stored column. */
export interface HeldDigests {
  readonly patients: number;
  readonly root: string;
  /** All 256, in order, as they travel. */
  readonly buckets: readonly string[];
}

/** Its parameter is the practice. */
export const heldSums = `select bucket, count(*)::int as patients,
    mod(sum(digest), 340282366920938463463374607431768211456)::text as sum
  from patients where practice_id = $1 and state = 'held' group by bucket`;

/**
 * Sums in SQL; two to the power of 128 is written out there. Whatever young statistics make the planner believe, there are 256 groups and
 * nothing to sort; and the sum leaves the other processors to those who wait for a patient.
 * @param sql - a transaction, for which alone the planner is told so
 */
export async function heldDigests(sql: Sql, practiceId: string, digester: Digester): Promise<HeldDigests> {
  await sql.query(
    `select set_config('enable_sort', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)`,
  );
  const rows = await sql.query<{ bucket: number; patients: number; sum: string }>(heldSums, [practiceId]);
  const sums = Array.from({ length: bucketCount }, () => 0n);
  for (const { bucket, sum } of rows) sums[bucket] = BigInt(sum);
  const patients = rows.reduce((total, row) => total + row.patients, 0);
  return { patients, root: digester.rootOf(sums), buckets: sums.map(bucketSumHex) };
}
