import type { Clock } from '../runtime/index.ts';
import { giveBackMemory } from '../runtime/system-memory.ts';
import type { BulkUploads, RightOfWay } from '../upload/index.ts';

/** Many may wait for the same pass. */
const leastMs = 5_000;

/**
 * A pass goes through the whole practice; what it needed for that is given back to the machine once it is over and nobody waits for
 * a patient, whom it would hold up.
 */
export function tidyAfterPasses(
  uploads: BulkUploads,
  clock: Clock,
  rightOfWay: Pick<RightOfWay, 'quiet'>,
  giveBack: () => void = giveBackMemory,
): BulkUploads {
  let lastMs = Number.NEGATIVE_INFINITY;
  const tidy = async (signal: AbortSignal): Promise<void> => {
    await rightOfWay.quiet(signal);
    if (uploads.current() !== null || clock.monotonic() - lastMs < leastMs) return;
    lastMs = clock.monotonic();
    giveBack();
  };
  return {
    current: () => uploads.current(),
    last: () => uploads.last(),
    lastEqualAt: () => uploads.lastEqualAt(),
    async request(reason, signal) {
      try {
        return await uploads.request(reason, signal);
      } finally {
        // Nobody waits for it. Whoever is stopping needs no memory back.
        tidy(signal).catch(() => undefined);
      }
    },
  };
}
