import { AgentError, type Clock } from '../runtime/index.ts';
import type { DatabaseTarget } from './database-config.ts';
import { practiceError, speaksOldTls, type FailureContext } from './driver-errors.ts';

/** A parameter of a statement: all of ours are whole numbers. */
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

  const open = async (): Promise<Opened> => {
    mssql ??= (await import('mssql')).default;
    loginNumbers.length = 0;
    // The package's types do not know beforeConnect, nor `socket` as a kind of validation.
    const opening = new mssql.ConnectionPool(
      configOf() as unknown as ConstructorParameters<Mssql['ConnectionPool']>[0],
    );
    opening.on('error', () => undefined);
    try {
      pool = opening;
      return { pool: await opening.connect(), driver: mssql };
    } catch (error) {
      drop();
      throw practiceError(error, { phase: 'connect', loginNumbers, host });
    }
  };

  const connected = async (): Promise<Opened> => {
    if (pool?.connected === true && mssql !== undefined) return { pool, driver: mssql };
    try {
      return await open();
    } catch (error) {
      if (oldTls || !target.encrypt || !(error instanceof AgentError) || !isTlsMismatch(error)) throw error;
      oldTls = true;
      try {
        return await open();
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

  const run = async (query: Query): Promise<ResultSets> => {
    const { pool: opened, driver } = await connected();
    const request = opened.request();
    for (const [name, value] of Object.entries(query.parameters ?? {})) request.input(name, driver.Int, value);
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
      if (
        failure.code === 'PRACTICE_CONNECTION_LOST' ||
        failure.code === 'PRACTICE_UNREACHABLE' ||
        failure.code === 'PRACTICE_TIMEOUT'
      )
        drop();
      throw failure;
    }
  };

  /** Every wait ends: by the answer, by our own limit, or by the signal. The last two close the connection. */
  const bounded = async (query: Query, signal: AbortSignal): Promise<ResultSets> => {
    signal.throwIfAborted();
    if (closed) throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
    const watch = new AbortController();
    const either = AbortSignal.any([signal, watch.signal]);
    const limitMs = query.timeoutMs + (pool?.connected === true ? 0 : 2 * connectTimeoutMs);
    const work = run(query);
    work.catch(() => undefined);
    const late = deps.clock.sleep(limitMs, either).then(() => {
      throw new AgentError('PRACTICE_TIMEOUT', { details: { reason: 'watchdog', host, timeoutMs: limitMs } });
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([work, late]);
    } catch (error) {
      if (signal.aborted || (error instanceof AgentError && error.details['reason'] === 'watchdog')) drop();
      signal.throwIfAborted();
      throw error;
    } finally {
      watch.abort();
    }
  };

  return {
    get oldTls() {
      return oldTls;
    },
    query(query, signal) {
      const turn = last.then(() => bounded(query, signal));
      last = turn.catch(() => undefined);
      return abortable(turn, signal);
    },
    async close() {
      closed = true;
      drop();
      await last;
    },
  };
}

/** An abort ends the wait for one's turn too. */
async function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function isTlsMismatch(error: AgentError): boolean {
  return (error.code === 'PRACTICE_TLS_FAILED' || error.code === 'PRACTICE_UNREACHABLE') && speaksOldTls(error.cause);
}
