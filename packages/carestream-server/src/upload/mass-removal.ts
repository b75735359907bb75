import { AgentError } from '../runtime/index.ts';

/** Fewer patients than this may go at any time: a practice that is only being set up. */
const patientsLeast = 100;

/** What {@link checkRemovals} judges. */
export interface RemovalCheck {
  /** How many patients were held before: by the ledger or by Flynotes, whichever are more. */
  readonly held: number;
  /** How many of the ledger's are no longer in R4. */
  readonly removals: number;
  /** How many patients R4 showed whom a record can be made of. */
  readonly inR4: number;
  /** An operator of Flynotes has confirmed it. */
  readonly confirmed: boolean;
}

/**
 * Holds back the removal of most of a practice's patients: a database of another practice or an empty one in R4's place, or a view
 * that a login may no longer look through, seems like it. Counted by what R4 showed as well as by the ledger, so that it holds without
 * a ledger too; Flynotes has a guard of its own. Only an operator knows whether it is true.
 * @throws AgentError REMOVALS_HELD_BACK
 */
export function checkRemovals({ held, removals, inR4, confirmed }: RemovalCheck): void {
  if (confirmed || held <= patientsLeast) return;
  if (removals * 2 <= held && inR4 * 2 >= held) return;
  throw new AgentError('REMOVALS_HELD_BACK', { details: { removals: Math.max(removals, held - inR4), held } });
}
