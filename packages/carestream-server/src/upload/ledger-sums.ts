import { createBucketSums, type BucketSums } from '../contract/index.ts';
import type { UploadDeps } from './ports.ts';

type SumDeps = Pick<UploadDeps, 'digester' | 'clock'> & { readonly state: Pick<UploadDeps['state'], 'ledger'> };

/** Sums the ledger up, bucket by bucket, a slice at a time. */
export async function sumLedger({ state, digester, clock }: SumDeps, signal: AbortSignal): Promise<BucketSums> {
  const sums = createBucketSums();
  for (let after = 0; ;) {
    const entries = state.ledger.codesAfter(after, 2_000);
    for (const { patientCode, digest } of entries) sums.add(digester.bucketOf(patientCode), digest);
    const last = entries.at(-1);
    if (!last) return sums;
    after = last.patientCode;
    await clock.sleep(0, signal);
  }
}
