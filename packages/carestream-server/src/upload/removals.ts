import { checkRemovals } from './mass-removal.ts';
import type { PassParts } from './pass-parts.ts';
import { total } from './tally.ts';
import { keysAtOnce, tellByKey } from './tell-by-key.ts';

/**
 * Looks each patient in doubt up by key and removes those who are gone. A page alone is no proof: a row may have come by patient-sync
 * since, or have moved while the pages were read.
 * @param heldBefore - how many patients were held when the pass began
 * @throws AgentError REMOVALS_HELD_BACK
 */
export async function removeGone(parts: PassParts, heldBefore: number, signal: AbortSignal): Promise<void> {
  const { findings } = parts.deps.state;
  for (let after = 0; ;) {
    const codes = findings.doubtfulAfter(after, keysAtOnce).map(({ patientCode }) => patientCode);
    const last = codes.at(-1);
    if (last === undefined) break;
    after = last;
    const { gone, readSequence } = await tellByKey(parts, codes, { always: false }, signal);
    const stillGone = new Set(gone);
    findings.confirmThere(codes.filter((code) => !stillGone.has(code)));
    findings.confirmGone(gone, readSequence);
  }
  try {
    checkRemovals({
      held: heldBefore,
      removals: findings.countGone(),
      inR4: parts.tally.rows - total(parts.tally.refusedByAgent),
      confirmed: parts.removalsConfirmed,
    });
  } catch (error) {
    // Whoever is new or changed has nothing to do with it. What was found is looked for again next time.
    await parts.sender.flush();
    parts.resume.forget();
    throw error;
  }
  for (let after = 0; ;) {
    const doubtful = findings.doubtfulAfter(after, keysAtOnce);
    const last = doubtful.at(-1);
    if (!last) return;
    after = last.patientCode;
    for (const { patientCode, readSequence } of doubtful) {
      if (readSequence !== null) await parts.sender.remove({ patientCode, readSequence });
    }
  }
}
