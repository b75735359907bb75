import type { ErrorCode } from '../contract/index.ts';
import { AgentError, isAgentError, type Clock } from '../runtime/index.ts';
import type { DatabaseTarget } from './database-config.ts';
import { besideDatabase, unavailableBecause } from './database-state.ts';
import type { Driver, ManyRows, Query, ResultSets } from './driver.ts';
import type { Location } from './location.ts';
import { createOdbcDriver } from './odbc/odbc-driver.ts';
import { databaseStateStatement } from './statements.ts';
import { createTediousDriver } from './tedious-driver.ts';
import { abortable, withinTime, type TimeLimit } from './time-limit.ts';
import type { TlsOffer } from './tls-offer.ts';

export type { ManyRows, Parameters, Query, ResultSets } from './driver.ts';

/** One connection to SQL Server. It opens by itself, and opens again after it broke; one query at a time, in turn. */
export interface SqlConnection {
  /** @throws AgentError PRACTICE_…; the signal's reason when aborted, and then the connection is closed */
  query(query: Query, signal: AbortSignal): Promise<ResultSets>;
  /** Which TLS it has, as far as its driver tells. */
  readonly tls: TlsOffer;
  /** Where it was opened last. */
  readonly target: DatabaseTarget | undefined;
  close(): Promise<void>;
}

/** One that pages go over too. */
export interface PageConnection extends SqlConnection {
  /** As {@link SqlConnection.query}, for one result set of many rows. */
  queryMany(query: Query, signal: AbortSignal): Promise<ManyRows>;
}

/** Options of {@link createSqlConnection}. */
export interface SqlConnectionOptions {
  readonly location: Location;
  readonly connectTimeoutMs: number;
  /** Where SQL Server Browser listens; its own port unless a test says otherwise. */
  readonly browserPort?: number | undefined;
}

/** Asks a driver. */
type Run<Answer> = (driver: Driver, query: Query) => Promise<Answer>;

const runMany: Run<ManyRows> = async (driver, query) =>
  driver.runMany ? driver.runMany(query) : ((await driver.run(query))[0] ?? []);

/** SQL Server's number for a database that the login cannot open. */
const cannotOpen = 4060;
const stateMs = 5_000;

/** Creates a connection over the driver that its target names. Nothing is opened before the first query. */
export function createSqlConnection(deps: { readonly clock: Clock }, options: SqlConnectionOptions): PageConnection {
  const { clock } = deps;
  const { location, ...limits } = options;
  let driver: Driver | undefined;
  let target: DatabaseTarget | undefined;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();

  const driverFor = (at: DatabaseTarget): Driver =>
    at.driver === 'odbc'
      ? createOdbcDriver({ clock }, { target: at, ...limits })
      : createTediousDriver({ target: at, ...limits });

  /** The driver for where R4 is now. */
  const located = async (signal: AbortSignal): Promise<Driver> => {
    const now = await location.target(signal);
    if (driver !== undefined && target === now) return driver;
    driver?.drop();
    target = now;
    driver = driverFor(now);
    return driver;
  };

  const limit = ({ host }: Driver, mostMs: number, code: ErrorCode): TimeLimit => ({
    clock,
    mostMs,
    late: () => new AgentError(code, { details: { reason: 'watchdog', host, timeoutMs: mostMs } }),
  });

  /** SQL Server says of a database that cannot be opened only that; beside it there is more to be learnt. */
  const explained = async (error: unknown, at: DatabaseTarget, signal: AbortSignal): Promise<unknown> => {
    const beside = besideDatabase(at);
    if (beside === undefined || !isAgentError(error) || error.details['number'] !== cannotOpen) return error;
    const other = driverFor(beside.target);
    const ended = new AbortController();
    try {
      await withinTime(other.open(ended.signal), limit(other, other.openWithinMs, 'PRACTICE_NO_ANSWER'), signal);
      const query = { text: databaseStateStatement(beside.database), timeoutMs: stateMs };
      const answer = await withinTime(other.run(query), limit(other, stateMs, 'PRACTICE_TIMEOUT'), signal);
      return unavailableBecause(error, answer);
    } catch {
      return error;
    } finally {
      ended.abort();
      await other.close();
    }
  };

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
      const told = at === undefined ? error : await explained(error, at, signal);
      if (at !== undefined) location.failed(at, told);
      throw told;
    } finally {
      ended.abort();
    }
  };

  /** Every wait ends: by the answer, by our own limit, or by the signal. The last two close the connection. */
  const bounded = async <Answer>(query: Query, run: Run<Answer>, signal: AbortSignal): Promise<Answer> => {
    signal.throwIfAborted();
    if (closed) throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
    const once = async (): Promise<Answer> => {
      const used = await opened(signal);
      return await withinTime(run(used, query), limit(used, query.timeoutMs, 'PRACTICE_TIMEOUT'), signal);
    };
    try {
      return await once().catch((error: unknown) => {
        // Every query only reads: what the end of a process took along is asked again, of the next one.
        if (!isAgentError(error) || error.code !== 'PRACTICE_READER_ENDED' || signal.aborted || closed) throw error;
        return once();
      });
    } catch (error) {
      if (signal.aborted || (error instanceof AgentError && error.details['reason'] === 'watchdog')) driver?.drop();
      signal.throwIfAborted();
      throw error;
    }
  };

  const inTurn = <Answer>(query: Query, run: Run<Answer>, signal: AbortSignal): Promise<Answer> => {
    const turn = last.then(() => bounded(query, run, signal));
    last = turn.catch(() => undefined);
    // An abort ends the wait for one's turn too.
    return abortable(turn, signal);
  };

  return {
    get tls() {
      return driver?.tls ?? 'unknown';
    },
    get target() {
      return target;
    },
    query: (query, signal) => inTurn(query, (used, asked) => used.run(asked), signal),
    queryMany: (query, signal) => inTurn(query, runMany, signal),
    async close() {
      closed = true;
      location.close();
      await driver?.close();
      await last;
    },
  };
}
