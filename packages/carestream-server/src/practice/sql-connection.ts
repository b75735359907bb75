import type { ErrorCode } from '../contract/index.ts';
import { AgentError, type Clock } from '../runtime/index.ts';
import type { DatabaseTarget } from './database-config.ts';
import type { Driver, Query, ResultSets } from './driver.ts';
import { createOdbcDriver } from './odbc/odbc-driver.ts';
import { createTediousDriver } from './tedious-driver.ts';
import { abortable, withinTime, type TimeLimit } from './time-limit.ts';

export type { Parameters, Query, ResultSets } from './driver.ts';

/** One connection to SQL Server. It opens by itself, and opens again after it broke; one query at a time, in turn. */
export interface SqlConnection {
  /** @throws AgentError PRACTICE_…; the signal's reason when aborted, and then the connection is closed */
  query(query: Query, signal: AbortSignal): Promise<ResultSets>;
  /** True where the server spoke TLS 1.0 or 1.1 only. */
  readonly oldTls: boolean;
  close(): Promise<void>;
}

/** Options of {@link createSqlConnection}. */
export interface SqlConnectionOptions {
  readonly target: DatabaseTarget;
  readonly connectTimeoutMs: number;
}

/** Creates a connection over the driver that the target names. Nothing is opened before the first query. */
export function createSqlConnection(deps: { readonly clock: Clock }, options: SqlConnectionOptions): SqlConnection {
  const { clock } = deps;
  const { target, connectTimeoutMs } = options;
  const driver: Driver =
    target.driver === 'odbc'
      ? createOdbcDriver({ clock }, { target, connectTimeoutMs })
      : createTediousDriver({ target, connectTimeoutMs });
  const { host } = driver;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();

  const limit = (mostMs: number, code: ErrorCode): TimeLimit => ({
    clock,
    mostMs,
    late: () => new AgentError(code, { details: { reason: 'watchdog', host, timeoutMs: mostMs } }),
  });

  /** Every wait ends: by the answer, by our own limit, or by the signal. The last two close the connection. */
  const bounded = async (query: Query, signal: AbortSignal): Promise<ResultSets> => {
    signal.throwIfAborted();
    if (closed) throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
    const ended = new AbortController();
    try {
      if (!driver.connected) {
        if (driver.pauseMs > 0) await clock.sleep(driver.pauseMs, signal);
        await withinTime(driver.open(ended.signal), limit(driver.openWithinMs, 'PRACTICE_NO_ANSWER'), signal);
      }
      return await withinTime(driver.run(query), limit(query.timeoutMs, 'PRACTICE_TIMEOUT'), signal);
    } catch (error) {
      if (signal.aborted || (error instanceof AgentError && error.details['reason'] === 'watchdog')) driver.drop();
      signal.throwIfAborted();
      throw error;
    } finally {
      ended.abort();
    }
  };

  return {
    get oldTls() {
      return driver.oldTls;
    },
    query(query, signal) {
      const turn = last.then(() => bounded(query, signal));
      last = turn.catch(() => undefined);
      // An abort ends the wait for one's turn too.
      return abortable(turn, signal);
    },
    async close() {
      closed = true;
      await driver.close();
      await last;
    },
  };
}
