import type { ErrorCode } from '../contract/index.ts';
import { AgentError, isAgentError, type Clock } from '../runtime/index.ts';
import type { DatabaseTarget } from './database-config.ts';
import type { Discovery } from './discovery.ts';
import { abortable, withinTime } from './time-limit.ts';

/** Where R4 is: as the configuration says, or as it was found. */
export interface Location {
  /** @throws AgentError PRACTICE_NOT_FOUND and others; the signal's reason */
  target(signal: AbortSignal): Promise<DatabaseTarget>;
  /** It could not be opened there. */
  failed(target: DatabaseTarget, error: unknown): void;
  close(): void;
}

/** The configuration says it all. */
export const fixedLocation = (target: DatabaseTarget): Location => ({
  target: () => Promise.resolve(target),
  failed: () => undefined,
  close: () => undefined,
});

/** Says nothing of the place: the same would happen elsewhere, or the next try succeeds. */
const ofNoPlace: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PRACTICE_READER_ENDED',
  'PRACTICE_CONNECTION_LOST',
  'PRACTICE_DRIVER_MISSING',
]);

/** The place is searched, kept as long as it works, and searched again when it does not. All connections share one search. */
export function searchedLocation(
  deps: { readonly clock: Clock; readonly discovery: Discovery },
  /** What a search does not find by then, it does not find. */
  searchMs: number,
): Location {
  const life = new AbortController();
  let found: DatabaseTarget | undefined;
  let searching: Promise<DatabaseTarget> | undefined;

  const search = async (): Promise<DatabaseTarget> => {
    const enough = new AbortController();
    const late = (): AgentError =>
      new AgentError('PRACTICE_NOT_FOUND', {
        details: { reason: 'the search took too long', timeoutMs: searchMs, tried: deps.discovery.tried() },
      });
    try {
      const finding = deps.discovery.find(AbortSignal.any([life.signal, enough.signal]));
      found = await withinTime(finding, { clock: deps.clock, mostMs: searchMs, late }, life.signal);
      return found;
    } finally {
      enough.abort();
      searching = undefined;
    }
  };

  return {
    target(signal) {
      if (found !== undefined) return Promise.resolve(found);
      searching ??= search();
      return abortable(searching, signal);
    },
    failed(target, error) {
      if (found === target && isAgentError(error) && !ofNoPlace.has(error.code)) found = undefined;
    },
    close() {
      life.abort(new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } }));
    },
  };
}
