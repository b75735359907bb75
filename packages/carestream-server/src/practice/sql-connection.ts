import type { ErrorCode } from '../contract/index.ts';
import { AgentError, type Clock } from '../runtime/index.ts';
import type { DatabaseTarget } from './database-config.ts';
import { abortable, withinTime, type TimeLimit } from './time-limit.ts';
import { practiceError, speaksOldTls, type FailureContext } from './driver-errors.ts';

/** Parameters of a statement: all of ours are numbers. */
export type Parameters = Readonly<Record<string, number>>;

/** A query: its text, its parameters, and how long it may take as a whole. */
export interface Query {
  readonly text: string;
  readonly parameters?: Parameters;
  readonly timeoutMs: number;
  /** Names that an error may repeat. */
  readonly identifiers?: readonly string[];
}

/** Result sets of rows of values, in the order of the SELECT lists. */
export type ResultSets = readonly (readonly (readonly unknown[])[])[];

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

/** After these the connection is of no more use. */
const broken: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PRACTICE_CONNECTION_LOST',
  'PRACTICE_UNREACHABLE',
  'PRACTICE_TIMEOUT',
]);

interface TediousConnection {
  close(): void;
  on(event: 'errorMessage', listener: (info: { readonly number?: number }) => void): void;
  on(event: 'end', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

type Mssql = typeof import('mssql');
type Pool = InstanceType<Mssql['ConnectionPool']>;

interface Opened {
  readonly pool: Pool;
  readonly driver: Mssql;
}

// What the agent asks for fits small packets; pages are large, and fewer packets cost less of our processor.
const packetSizeBytes = 32_767;
const graceMs = 1_000;
// Longer than any pause between two uses: a warm connection must not be dropped for idleness.
const foreverMs = 2_147_483_647;
/** Servers of 2008 have TLS 1.0 with SHA-1 certificates; OpenSSL refuses both unless told, here for this one connection. */
const oldTlsCredentials = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };

/** Creates a connection over tedious. Nothing is opened before the first query. */
export function createSqlConnection(deps: { readonly clock: Clock }, options: SqlConnectionOptions): SqlConnection {
  const { target, connectTimeoutMs } = options;
  const host = target.port === undefined ? `${target.server}\\${target.instance}` : `${target.server}:${target.port}`;
  let pool: Pool | undefined;
  let mssql: Mssql | undefined;
  let oldTls = false;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();
  /** Connections of the driver that may still be open; closing them is the only end that a silent server cannot delay. */
  const live = new Set<TediousConnection>();

  const drop = (): void => {
    for (const connection of live) connection.close();
    live.clear();
    const old = pool;
    pool = undefined;
    old?.close().catch(() => undefined);
  };

  /** Error numbers of the latest login; the driver reports their texts alone. */
  const loginNumbers: number[] = [];

  const configOf = () => ({
    server: target.server,
    ...(target.port === undefined ? {} : { port: target.port }),
    user: target.user,
    password: target.password,
    database: target.database,
    arrayRowMode: true,
    connectionTimeout: connectTimeoutMs,
    // The driver's own limit stops at the first packet; ours, below, does not.
    requestTimeout: 0,
    validateConnection: 'socket' as const,
    pool: {
      min: 0,
      max: 1,
      idleTimeoutMillis: foreverMs,
      acquireTimeoutMillis: foreverMs,
      createTimeoutMillis: foreverMs,
      reapIntervalMillis: foreverMs,
    },
    options: {
      ...(target.instance === undefined ? {} : { instanceName: target.instance }),
      appName: 'carestream-server',
      // What SQL Server 2008 R2 speaks; asking for more costs it a negotiation.
      tdsVersion: '7_3_B',
      useUTC: true,
      packetSize: packetSizeBytes,
      encrypt: target.encrypt,
      trustServerCertificate: target.trustServerCertificate,
      maxRetriesOnTransientErrors: 0,
      enableArithAbort: true,
      ...(oldTls ? { cryptoCredentialsDetails: oldTlsCredentials } : {}),
    },
    beforeConnect: (connection: TediousConnection) => {
      live.add(connection);
      connection.on('end', () => live.delete(connection));
      connection.on('errorMessage', (info) => {
        if (typeof info.number === 'number') loginNumbers.push(info.number);
      });
      // Without a listener, an error after the pool let go of the connection would end the process.
      connection.on('error', () => undefined);
    },
  });

  /** `ended`: nobody waits any more. What opens after that is closed at once, or it would keep the process alive. */
  const open = async (ended: AbortSignal): Promise<Opened> => {
    mssql ??= (await import('mssql')).default;
    if (ended.aborted || closed) throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
    loginNumbers.length = 0;
    // The package's types do not know beforeConnect, nor `socket` as a kind of validation.
    const opening = new mssql.ConnectionPool(
      configOf() as unknown as ConstructorParameters<Mssql['ConnectionPool']>[0],
    );
    opening.on('error', () => undefined);
    try {
      pool = opening;
      await opening.connect();
      if (ended.aborted || closed) {
        void opening.close().catch(() => undefined);
        throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
      }
      return { pool: opening, driver: mssql };
    } catch (error) {
      // By now another query may have opened another pool.
      if (pool === opening) drop();
      throw practiceError(error, { phase: 'connect', loginNumbers, host });
    }
  };

  const connected = async (ended: AbortSignal): Promise<Opened> => {
    if (pool?.connected === true && mssql !== undefined) return { pool, driver: mssql };
    try {
      return await open(ended);
    } catch (error) {
      if (oldTls || ended.aborted || !target.encrypt || !(error instanceof AgentError) || !isTlsMismatch(error))
        throw error;
      oldTls = true;
      try {
        return await open(ended);
      } catch (second) {
        // The first refusal says what the matter is where the old way does not help either.
        oldTls = false;
        throw second instanceof AgentError &&
          second.code !== 'PRACTICE_TLS_FAILED' &&
          second.code !== 'PRACTICE_UNREACHABLE'
          ? second
          : error;
      }
    }
  };

  const run = async ({ pool: opened, driver }: Opened, query: Query): Promise<ResultSets> => {
    const request = opened.request();
    for (const [name, value] of Object.entries(query.parameters ?? {}))
      request.input(name, typeFor(value, driver), value);
    loginNumbers.length = 0;
    try {
      const result = await request.query(query.text);
      return result.recordsets as unknown as ResultSets;
    } catch (error) {
      const context: FailureContext = {
        phase: 'query',
        host,
        loginNumbers,
        ...(query.identifiers === undefined ? {} : { identifiers: query.identifiers }),
      };
      const failure = practiceError(error, context);
      if (pool === opened && broken.has(failure.code)) drop();
      throw failure;
    }
  };

  /** Every wait ends: by the answer, by our own limit, or by the signal. The last two close the connection. */
  const bounded = async (query: Query, signal: AbortSignal): Promise<ResultSets> => {
    signal.throwIfAborted();
    if (closed) throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
    const ended = new AbortController();
    const limit = (mostMs: number, code: ErrorCode): TimeLimit => ({
      clock: deps.clock,
      mostMs,
      late: () => new AgentError(code, { details: { reason: 'watchdog', host, timeoutMs: mostMs } }),
    });
    try {
      // Twice, because an old TLS is tried after the new one. The driver's own limit comes first.
      const opening = limit(2 * connectTimeoutMs + graceMs, 'PRACTICE_UNREACHABLE');
      const opened = await withinTime(connected(ended.signal), opening, signal);
      return await withinTime(run(opened, query), limit(query.timeoutMs, 'PRACTICE_TIMEOUT'), signal);
    } catch (error) {
      if (signal.aborted || (error instanceof AgentError && error.details['reason'] === 'watchdog')) drop();
      signal.throwIfAborted();
      throw error;
    } finally {
      ended.abort();
    }
  };

  return {
    get oldTls() {
      return oldTls;
    },
    query(query, signal) {
      const turn = last.then(() => bounded(query, signal));
      last = turn.catch(() => undefined);
      // An abort ends the wait for one's turn too.
      return abortable(turn, signal);
    },
    async close() {
      closed = true;
      drop();
      await last;
    },
  };
}

/** R4's codes are int; what else a column may hold must be got past all the same. */
function typeFor(value: number, driver: Mssql) {
  if (!Number.isSafeInteger(value)) return driver.Float;
  return Math.abs(value) <= 2_147_483_647 ? driver.Int : driver.BigInt;
}

function isTlsMismatch(error: AgentError): boolean {
  return (error.code === 'PRACTICE_TLS_FAILED' || error.code === 'PRACTICE_UNREACHABLE') && speaksOldTls(error.cause);
}
