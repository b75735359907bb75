import type { Clock } from '../runtime/index.ts';
import type { LedgerEntry, State } from '../state/index.ts';
import { possible } from './account.ts';

/** What the ledger holds where a page of R4 lies, met in the order of the patients' numbers and never held all at once. */
export interface HeldEntries {
  /** True where entries stand before this number that nobody has looked at: then {@link HeldEntries.passTo} comes first. */
  isBefore(patientCode: number): boolean;
  /** Goes on to this number. Whoever is held between is not on the page: they are in doubt. */
  passTo(patientCode: number, signal: AbortSignal): Promise<void>;
  /** The entry of this number, if there is one. */
  take(patientCode: number): LedgerEntry | undefined;
}

interface HeldDeps {
  readonly state: Pick<State, 'ledger' | 'findings' | 'nextReadSequence'>;
  readonly clock: Clock;
}

/** Where the page lies, and the read that brought it. */
interface HeldRange {
  readonly after: number;
  readonly upTo: number;
  readonly readSequence: number;
}

/** How many entries are taken without a break. */
const entriesAtOnce = 2_000;

/** @see {@link HeldEntries} */
export function createHeldEntries({ state, clock }: HeldDeps, range: HeldRange): HeldEntries {
  const { upTo, readSequence } = range;
  const { ledger, findings } = state;
  let entries = ledger.codesAfter(range.after, entriesAtOnce, upTo);
  let next = 0;

  /** Notes those before a number as in doubt, as far as they have been read. */
  const passRead = (patientCode: number): void => {
    const doubtful: number[] = [];
    for (let entry = entries[next]; entry && entry.patientCode < patientCode; entry = entries[next]) {
      next += 1;
      possible(state, entry, readSequence);
      doubtful.push(entry.patientCode);
    }
    if (doubtful.length > 0) findings.addDoubtful(doubtful);
  };
  const mayHaveMore = () => next === entries.length && entries.length === entriesAtOnce;

  return {
    isBefore: (patientCode) => (entries[next]?.patientCode ?? Infinity) < patientCode || mayHaveMore(),
    async passTo(patientCode, signal) {
      for (passRead(patientCode); mayHaveMore(); passRead(patientCode)) {
        await clock.sleep(0, signal);
        entries = ledger.codesAfter(entries.at(-1)?.patientCode ?? upTo, entriesAtOnce, upTo);
        next = 0;
      }
    },
    take(patientCode) {
      const entry = entries[next];
      if (entry?.patientCode !== patientCode) return undefined;
      next += 1;
      return possible(state, entry, readSequence);
    },
  };
}
