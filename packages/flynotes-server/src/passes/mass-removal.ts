import type { Pass } from './pass.ts';

/** Fewer patients than this may go at any time: a practice that is only being set up. */
const patientsLeast = 100;

/**
 * Whether a pass would have removed more than half of the patients who were held when it began. An R4 that reads as empty, and an
 * agent that lost what it knew, would tell so; the agent has a guard of its own, but what is kept here must not hang on it.
 */
export function removesMost(pass: Pass, removals: number): boolean {
  return (
    removals > 0 &&
    pass.heldBefore > patientsLeast &&
    (pass.removed + removals) * 2 > pass.heldBefore &&
    !pass.removalsConfirmed
  );
}
