import { createBucketSums, type BucketSums } from '../contract/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { Account } from './account.ts';
import type { KeyedDigester } from './digester.ts';

interface SumDeps {
  readonly account: Pick<Account, 'digestsAfter'>;
  readonly digester: KeyedDigester;
  readonly clock: Clock;
}

/** Sums the account up, bucket by bucket, a slice at a time. */
export async function sumAccount({ account, digester, clock }: SumDeps, signal: AbortSignal): Promise<BucketSums> {
  const sums = createBucketSums();
  for (let after = 0; ;) {
    const digests = account.digestsAfter(after, 2_000);
    for (let index = 0; index < digests.length; index += 1) {
      const [patientCode, digest] = digests[index]!;
      sums.add(digester.bucketOf(patientCode), digest);
    }
    const last = digests.at(-1);
    if (!last) return sums;
    [after] = last;
    await clock.sleep(0, signal);
  }
}
