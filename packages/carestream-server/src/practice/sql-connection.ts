import type { ErrorCode } from '../contract/index.ts';
import { AgentError, type Clock } from '../runtime/index.ts';
import type { DatabaseTarget } from './database-config.ts';
import type { Driver, Query, ResultSets } from './driver.ts';
import type { Location } from './location.ts';
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
  readonly location: Location;
  readonly connectTimeoutMs: number;
  /** Where SQL Server Browser listens; its own port unless a test says otherwise. */
  readonly browserPort?: number | undefined;
}

/** Creates a connection over the driver that its target names. Nothing is opened before the first query. */
export function createSqlConnection(deps: { readonly clock: Clock }, options: SqlConnectionOptions): SqlConnection {
  const { clock } = deps;
  const { location, ...limits } = options;
  let driver: Driver | undefined;
  let target: DatabaseTarget | undefined;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();

  /** The driver for where R4 is now. */
  const located = async (signal: AbortSignal): Promise<Driver> => {
    const now = await location.target(signal);
    if (driver !== undefined && target === now) return driver;
    driver?.drop();
    target = now;
    driver =
      now.driver === 'odbc'
        ? createOdbcDriver({ clock }, { target: now, ...limits })
        : createTediousDriver({ target: now, ...limits });
    return driver;
  };

  const limit = ({ host }: Driver, mostMs: number, code: ErrorCode): TimeLimit => ({
    clock,
    mostMs,
    late: () => new AgentError(code, { details: { reason: 'watchdog', host, timeoutMs: mostMs } }),
  });

  const opened = async (signal: AbortSignal): Promise<Driver> => {
    const used = driver?.connected === true ? driver : await located(signal);
    if (used.connected) return used;
    const at = target;
    const ended = new AbortController();
    try {
      if (used.pauseMs > 0) await clock.sleep(used.pauseMs, signal);
      if (closed) throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
      await withinTime(used.open(ended.signal), limit(used, used.openWithinMs, 'PRACTICE_NO_ANSWER'), signal);
      return used;
    } catch (error) {
      if (at !== undefined) location.failed(at, error);
      throw error;
    } finally {
      ended.abort();
    }
  };

  /** Every wait ends: by the answer, by our own limit, or by the signal. The last two close the connection. */
  const bounded = async (query: Query, signal: AbortSignal): Promise<ResultSets> => {
    signal.throwIfAborted();
    if (closed) throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
    try {
      const used = await opened(signal);
      return await withinTime(used.run(query), limit(used, query.timeoutMs, 'PRACTICE_TIMEOUT'), signal);
    } catch (error) {
      if (signal.aborted || (error instanceof AgentError && error.details['reason'] === 'watchdog')) driver?.drop();
      signal.throwIfAborted();
      throw error;
    }
  };

  return {
    get oldTls() {
      return driver?.oldTls ?? false;
    },
    query(query, signal) {
      const turn = last.then(() => bounded(query, signal));
      last = turn.catch(() => undefined);
      // An abort ends the wait for one's turn too.
      return abortable(turn, signal);
    },
    async close() {
      closed = true;
      location.close();
      await driver?.close();
      await last;
    },
  };
}
