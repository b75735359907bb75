import type { BucketSums } from '../contract/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { LedgerEntry } from '../state/index.ts';
import type { Account } from './account.ts';
import type { KeyedDigester } from './digester.ts';
import { sumAccount } from './ledger-sums.ts';
import type { PatientPuts } from './patient-puts.ts';

/** The account's sums, which stay right while patients are put. */
export interface AccountSums extends Pick<BucketSums, 'patients' | 'sums'> {
  /** From now on buckets are noted in which a patient is being put; the function gives them. */
  attend(): () => ReadonlySet<number>;
  /** What else is written to the ledger from now on is no longer in the sums. */
  close(): void;
}

interface SumDeps {
  readonly account: Pick<Account, 'entriesAfter' | 'digestsAfter'>;
  readonly digester: KeyedDigester;
  readonly clock: Clock;
  readonly puts: PatientPuts;
}

interface Correction {
  readonly bucket: number;
  readonly was: LedgerEntry | undefined;
  readonly is: LedgerEntry | undefined;
}

/** Sums the account up once; from then on each patient who is put corrects the sums, which a million entries need not be read for. */
export async function createAccountSums(deps: SumDeps, signal: AbortSignal): Promise<AccountSums> {
  const { account, digester, clock, puts } = deps;
  let readUpTo = 0;
  let summed: BucketSums | null = null;
  const early: Correction[] = [];
  /** Patients under way, and the account's entry of each before anything was noted of it. */
  const underWay = new Map<number, LedgerEntry | undefined>();
  let touched = new Set<number>();

  const entryOf = (patientCode: number): LedgerEntry | undefined => {
    const [entry] = account.entriesAfter(patientCode - 1, 1);
    return entry?.patientCode === patientCode ? entry : undefined;
  };
  const correct = (sums: BucketSums, { bucket, was, is }: Correction): void => {
    if (was) sums.remove(bucket, was.digest);
    if (is) sums.add(bucket, is.digest);
  };
  const close = puts.watch({
    begins(patientCode) {
      underWay.set(patientCode, entryOf(patientCode));
      touched.add(digester.bucketOf(patientCode));
    },
    ends(patientCode) {
      const was = underWay.get(patientCode);
      underWay.delete(patientCode);
      // Whom the reading has yet to come to, it finds as they are now.
      if (patientCode > readUpTo) return;
      const correction = { bucket: digester.bucketOf(patientCode), was, is: entryOf(patientCode) };
      if (summed) correct(summed, correction);
      else early.push(correction);
    },
  });
  const noting: Pick<Account, 'digestsAfter'> = {
    digestsAfter(after, limit) {
      const digests = account.digestsAfter(after, limit);
      readUpTo = digests.at(-1)?.[0] ?? Number.POSITIVE_INFINITY;
      return digests;
    },
  };
  try {
    summed = await sumAccount({ account: noting, digester, clock }, signal);
  } catch (error) {
    close();
    throw error;
  }
  for (const correction of early) correct(summed, correction);
  const sums = summed;
  return {
    get patients() {
      return sums.patients;
    },
    get sums() {
      return sums.sums;
    },
    attend() {
      const noted = new Set([...underWay.keys()].map((patientCode) => digester.bucketOf(patientCode)));
      touched = noted;
      return () => noted;
    },
    close,
  };
}
