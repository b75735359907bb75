import { codeOf, type Clock, type Log } from '../runtime/index.ts';
import type { ErrorCode } from '../contract/index.ts';

/** Things that fail for a while: told once when it begins, once when it ends, and not in between. */
export interface Episodes {
  /** Returns how many failures in a row this makes. @param told - where it has been reported already */
  failed(area: string, error: unknown, told?: 'told'): number;
  worked(area: string): void;
  /** The codes of what fails at the moment. */
  codes(): ErrorCode[];
}

/** @see {@link Episodes} */
export function createEpisodes(deps: { readonly clock: Clock; readonly log: Log }): Episodes {
  const open = new Map<string, { code: ErrorCode; readonly since: number; failures: number }>();
  return {
    failed(area, error, told) {
      const code = codeOf(error);
      const episode = open.get(area);
      if (!episode) {
        open.set(area, { code, since: deps.clock.monotonic(), failures: 1 });
        if (!told) deps.log.error(error, area);
        return 1;
      }
      // Another cause is worth telling; the same one again is not.
      if (episode.code !== code && !told) deps.log.error(error, area);
      episode.code = code;
      episode.failures += 1;
      return episode.failures;
    },
    worked(area) {
      const episode = open.get(area);
      if (!episode) return;
      open.delete(area);
      const afterMs = Math.round(deps.clock.monotonic() - episode.since);
      deps.log.emit('episode.ended', { area, code: episode.code, failures: episode.failures, afterMs });
    },
    codes: () => [...new Set([...open.values()].map((episode) => episode.code))],
  };
}
