import type { Clock } from '../runtime/index.ts';
import type { DigestOfPatient, LedgerEntry, State } from '../state/index.ts';
import type { KeyedDigester } from './digester.ts';

/** What the agent takes Flynotes to hold. */
export interface Account {
  /**
   * True where the ledger does not tell whom Flynotes holds, and Flynotes holds somebody: the ledger was lost, or the digests' key is
   * new. Then what R4 holds is gathered first and compared, and only what differs travels.
   */
  readonly uncertain: boolean;
  /** How many patients nobody acknowledged: if Flynotes is equal now, they are adopted. */
  countGathered(): number;
  /** All entries in order, a slice at a time. */
  entriesAfter(after: number, limit: number): LedgerEntry[];
  /** The same with no more than is summed up. */
  digestsAfter(after: number, limit: number): readonly DigestOfPatient[];
  /** The ledger's entry of one patient, for whom was read now. */
  held(patientCode: number, readSequence: number): LedgerEntry | undefined;
  /** The comparison was made: what lies outside these buckets is held, and counts as acknowledged. */
  adopt(differing: ReadonlySet<number>, signal: AbortSignal): Promise<number>;
  /** What differed was told whole; nothing is left to be remembered of it. */
  settle(): void;
}

interface AccountDeps {
  readonly state: Pick<State, 'ledger' | 'findings' | 'nextReadSequence'>;
  readonly digester: KeyedDigester;
  readonly clock: Clock;
}

/**
 * @param patientsHeld - as Flynotes says; undefined where it does not say
 * @see {@link Account}
 */
export function createAccount({ state, digester, clock }: AccountDeps, patientsHeld: number | undefined): Account {
  const { ledger, findings } = state;
  let uncertain = !ledger.isAccount() && (patientsHeld ?? 0) > ledger.count();
  // Where Flynotes holds nobody whom the ledger does not know, there is nothing to be asked.
  if (!uncertain) ledger.becomesAccount();
  return {
    get uncertain() {
      return uncertain;
    },
    countGathered: () => (uncertain ? findings.countReadings() : 0),
    entriesAfter: (after, limit) => (uncertain ? findings.accountAfter(after, limit) : ledger.codesAfter(after, limit)),
    digestsAfter: (after, limit) =>
      uncertain
        ? findings.accountAfter(after, limit).map(({ patientCode, digest }) => [patientCode, digest])
        : ledger.digestsAfter(after, limit),
    held: (patientCode, readSequence) => possible(state, ledger.get(patientCode) ?? undefined, readSequence),
    async adopt(differing, signal) {
      if (!uncertain) return 0;
      let total = 0;
      for (let after = 0; ;) {
        const { adopted, last } = findings.adoptAfter(after, (code) => differing.has(digester.bucketOf(code)));
        total += adopted;
        if (last === null) break;
        after = last;
        await clock.sleep(0, signal);
      }
      ledger.becomesAccount();
      return total;
    },
    settle() {
      if (uncertain) findings.dropReadings();
      uncertain = false;
    },
  };
}

/**
 * The entry, unless it says that it is of a read that has not been yet: damage did that, and a patient whose entry seems newer than
 * every read would never be sent again.
 */
export function possible(
  state: Pick<State, 'ledger' | 'nextReadSequence'>,
  entry: LedgerEntry | undefined,
  readSequence: number,
): LedgerEntry | undefined {
  if (!entry || entry.readSequence <= readSequence || entry.readSequence < state.nextReadSequence()) return entry;
  state.ledger.forget([entry.patientCode]);
  return undefined;
}
