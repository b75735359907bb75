import type { Clock, Log } from '../runtime/index.ts';
import { giveBackMemory } from '../runtime/system-memory.ts';
import type { BulkUploads, RightOfWay } from '../upload/index.ts';

/** Bulk uploads that are tidied up after. */
export interface TidiedUploads extends BulkUploads {
  /** Nothing is given back any more, nor waited for. */
  close(): void;
}

/**
 * A pass goes through the whole practice; what it needed for that is given back to the machine once it is over and nobody waits for
 * a patient, whom it would hold up.
 */
export function tidyAfterPasses(
  uploads: BulkUploads,
  deps: { readonly clock: Clock; readonly log: Pick<Log, 'error'>; readonly rightOfWay: Pick<RightOfWay, 'quiet'> },
  giveBack: () => void = giveBackMemory,
): TidiedUploads {
  const { clock, log, rightOfWay } = deps;
  const closed = new AbortController();
  let tidying = false;
  const tidy = async (): Promise<void> => {
    if (tidying || closed.signal.aborted) return;
    tidying = true;
    try {
      // Many may have waited for the same pass, and are told of its end one after the other.
      await clock.sleep(0, closed.signal);
      await rightOfWay.quiet(closed.signal);
      // Where the next one began meanwhile, it is tidied up after that.
      if (uploads.current() === null) giveBack();
    } catch (error) {
      if (!closed.signal.aborted) log.error(error, 'compose');
    } finally {
      tidying = false;
    }
  };
  return {
    current: () => uploads.current(),
    last: () => uploads.last(),
    lastEqualAt: () => uploads.lastEqualAt(),
    async request(reason, signal) {
      try {
        return await uploads.request(reason, signal);
      } finally {
        // Nobody waits for it.
        void tidy();
      }
    },
    close: () => closed.abort(),
  };
}
