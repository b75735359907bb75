import type { Clock } from '../runtime/index.ts';
import { giveBackMemory } from '../runtime/system-memory.ts';
import type { BulkUploads } from '../upload/index.ts';

/** Many may wait for the same pass. */
const leastMs = 5_000;

/** A pass goes through the whole practice; what it needed for that is given back to the machine once it is over. */
export function tidyAfterPasses(
  uploads: BulkUploads,
  clock: Clock,
  giveBack: () => void = giveBackMemory,
): BulkUploads {
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    current: () => uploads.current(),
    last: () => uploads.last(),
    lastEqualAt: () => uploads.lastEqualAt(),
    async request(reason, signal) {
      try {
        return await uploads.request(reason, signal);
      } finally {
        if (uploads.current() === null && clock.monotonic() - lastMs >= leastMs) {
          lastMs = clock.monotonic();
          giveBack();
        }
      }
    },
  };
}
