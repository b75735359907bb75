import type { ErrorCode } from '../contract/index.ts';
import type { AgentError, Clock, Log } from '../runtime/index.ts';

/** Tells of failures by the episode: once when one begins or changes its kind, and once when it is over. */
export interface FailureEpisode {
  failed(error: AgentError, retryInMs: number): void;
  succeeded(): void;
  /** What is wrong at the moment. */
  code(): ErrorCode | null;
  /** How many tries in a row have failed. */
  failures(): number;
}

/** @see {@link FailureEpisode} */
export function createFailureEpisode(
  deps: { readonly clock: Clock; readonly log: Log },
  operation: 'receive' | 'acknowledge',
): FailureEpisode {
  let code: ErrorCode | null = null;
  let since = 0;
  let failures = 0;
  return {
    code: () => code,
    failures: () => failures,
    failed(error, retryInMs) {
      if (code === null) since = deps.clock.monotonic();
      failures += 1;
      if (code === error.code) return;
      code = error.code;
      const awsCode = error.details['awsCode'];
      deps.log.emit('queue.failed', {
        operation,
        code,
        retryInMs,
        ...(typeof awsCode === 'string' ? { awsCode } : {}),
      });
    },
    succeeded() {
      if (code === null) return;
      code = null;
      failures = 0;
      deps.log.emit('queue.recovered', { operation, afterMs: deps.clock.monotonic() - since });
    },
  };
}
