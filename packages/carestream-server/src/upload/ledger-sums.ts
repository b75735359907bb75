import { createBucketSums, type BucketSums } from '../contract/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { Account } from './account.ts';
import type { KeyedDigester } from './digester.ts';

interface SumDeps {
  readonly account: Pick<Account, 'entriesAfter'>;
  readonly digester: KeyedDigester;
  readonly clock: Clock;
}

/** Sums the account up, bucket by bucket, a slice at a time. */
export async function sumAccount({ account, digester, clock }: SumDeps, signal: AbortSignal): Promise<BucketSums> {
  const sums = createBucketSums();
  for (let after = 0; ;) {
    const entries = account.entriesAfter(after, 2_000);
    for (const { patientCode, digest } of entries) sums.add(digester.bucketOf(patientCode), digest);
    const last = entries.at(-1);
    if (!last) return sums;
    after = last.patientCode;
    await clock.sleep(0, signal);
  }
}
