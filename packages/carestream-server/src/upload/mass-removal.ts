import { AgentError } from '../runtime/index.ts';
import type { UploadDeps } from './ports.ts';
import type { Tally } from './tally.ts';

/** Fewer patients than this may go at any time: a practice that is only being set up. */
const patientsLeast = 100;
/** Where it is noted when most patients were first found to be gone: milliseconds since 1970. */
const noteKey = 'mass-removal-found-at';

/** What {@link checkRemovals} needs. */
interface RemovalCheck {
  readonly deps: Pick<UploadDeps, 'clock'> & { readonly state: Pick<UploadDeps['state'], 'notes'> };
  readonly tally: Pick<Tally, 'reason'>;
  readonly massRemovalAfterMs: number;
}

/**
 * Holds back the removal of most of a practice's patients: a database of another practice or an empty one in R4's place, or a view
 * that a login may no longer look through, seems like it. A scheduled pass that finds the same a while later carries it out.
 * @throws AgentError REMOVALS_HELD_BACK
 */
export function checkRemovals(
  { deps: { clock, state }, tally, massRemovalAfterMs }: RemovalCheck,
  { removals, heldBefore }: { readonly removals: number; readonly heldBefore: number },
): void {
  const noted = state.notes.get(noteKey);
  if (heldBefore <= patientsLeast || removals * 2 <= heldBefore) {
    if (noted !== null) state.notes.delete(noteKey);
    return;
  }
  const sinceMs = clock.now() - Number(noted ?? Number.NaN);
  if (tally.reason === 'scheduled' && sinceMs >= massRemovalAfterMs) return;
  // Found just now, or the clock was put back since.
  if (!(sinceMs >= 0)) state.notes.set(noteKey, String(clock.now()));
  throw new AgentError('REMOVALS_HELD_BACK', { details: { removals, held: heldBefore } });
}
