import { createBucketSums, type BucketSums, type Digester } from '../contract/index.ts';
import type { Ledger } from '../state/index.ts';
import { breathe } from './breathe.ts';

/** Sums the ledger up, bucket by bucket, a slice at a time. */
export async function sumLedger(ledger: Ledger, digester: Digester, signal: AbortSignal): Promise<BucketSums> {
  const sums = createBucketSums();
  for (let after = 0; ;) {
    const entries = ledger.codesAfter(after, 2_000);
    for (const { patientCode, digest } of entries) sums.add(digester.bucketOf(patientCode), digest);
    const last = entries.at(-1);
    if (!last) return sums;
    after = last.patientCode;
    await breathe(signal);
  }
}
