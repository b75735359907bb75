import type { ErrorCode } from '../contract/index.ts';
import { AgentError } from '../runtime/index.ts';
import type { TcpTarget } from './database-config.ts';
import type { Driver, Query, ResultSets } from './driver.ts';
import { portOfInstance } from './sql-browser.ts';
import type { PackedRows } from './tds/packed-rows.ts';
import { createRowTaker } from './tds/row-taker.ts';
import { practiceError, speaksOldTls, type FailureContext } from './driver-errors.ts';

interface TediousConnection {
  close(): void;
  on(event: 'errorMessage', listener: (info: { readonly number?: number }) => void): void;
  on(event: 'end', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

type Mssql = typeof import('mssql');
type Pool = InstanceType<Mssql['ConnectionPool']>;

/** Options of {@link createTediousDriver}. */
export interface TediousDriverOptions {
  readonly target: TcpTarget;
  readonly connectTimeoutMs: number;
  readonly browserPort?: number | undefined;
}

/** After these the connection is of no more use. */
const broken: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PRACTICE_CONNECTION_LOST',
  'PRACTICE_SERVER_STOPPING',
  'PRACTICE_UNREACHABLE',
  'PRACTICE_TIMEOUT',
]);

// What the agent asks for fits small packets; pages are large, and fewer packets cost less of our processor.
const packetSizeBytes = 32_767;
const graceMs = 1_000;
/** What SQL Server Browser may take to answer. */
const browserMs = 3_000;
// Longer than any pause between two uses: a warm connection must not be dropped for idleness.
const foreverMs = 2_147_483_647;
/** Servers of 2008 have TLS 1.0 with SHA-1 certificates; OpenSSL refuses both unless told, here for this one connection. */
const oldTlsCredentials = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };

/** Creates a connection over tedious: SQL login, TCP. */
export function createTediousDriver({ target, connectTimeoutMs, browserPort }: TediousDriverOptions): Driver {
  const host = target.port === undefined ? `${target.server}\\${target.instance}` : `${target.server}:${target.port}`;
  let pool: Pool | undefined;
  let mssql: Mssql | undefined;
  let oldTls = false;
  let closed = false;
  /** Connections of the driver that may still be open; closing them is the only end that a silent server cannot delay. */
  const live = new Set<TediousConnection>();
  const rowTaker = createRowTaker();

  const drop = (): void => {
    for (const connection of live) connection.close();
    live.clear();
    const old = pool;
    pool = undefined;
    old?.close().catch(() => undefined);
  };

  /** Error numbers of the latest login; the driver reports their texts alone. */
  const loginNumbers: number[] = [];

  const configOf = (port: number) => ({
    server: target.server,
    port,
    user: target.user,
    password: target.password,
    database: target.database,
    arrayRowMode: true,
    connectionTimeout: connectTimeoutMs,
    // The driver's own limit stops at the first packet; that of whoever asks does not.
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
      rowTaker.watch(connection);
      connection.on('end', () => live.delete(connection));
      connection.on('errorMessage', (info) => {
        if (typeof info.number === 'number') loginNumbers.push(info.number);
      });
      // Without a listener, an error after the pool let go of the connection would end the process.
      connection.on('error', () => undefined);
    },
  });

  const openOnce = async (ended: AbortSignal): Promise<void> => {
    mssql ??= (await import('mssql')).default;
    if (ended.aborted || closed) throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
    loginNumbers.length = 0;
    // The driver's own search for an instance says no more than that it took too long.
    const port =
      target.port ??
      (await portOfInstance(
        {
          server: target.server,
          instance: target.instance ?? '',
          browserPort,
          waitMs: Math.min(connectTimeoutMs, browserMs),
        },
        ended,
      ));
    // The package's types do not know beforeConnect, nor `socket` as a kind of validation.
    const opening = new mssql.ConnectionPool(
      configOf(port) as unknown as ConstructorParameters<Mssql['ConnectionPool']>[0],
    );
    opening.on('error', () => undefined);
    try {
      pool = opening;
      await opening.connect();
      if (ended.aborted || closed) {
        void opening.close().catch(() => undefined);
        throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
      }
    } catch (error) {
      // By now another query may have opened another pool.
      if (pool === opening) drop();
      throw practiceError(error, { phase: 'connect', loginNumbers, host, encrypt: target.encrypt });
    }
  };

  const ask = async (query: Query, takesRows: boolean): Promise<{ sets: ResultSets; packed: PackedRows | null }> => {
    if (pool === undefined || mssql === undefined) throw new AgentError('PRACTICE_CONNECTION_LOST');
    const opened = pool;
    const request = opened.request();
    for (const [name, value] of Object.entries(query.parameters ?? {}))
      request.input(name, typeFor(value, mssql), value);
    loginNumbers.length = 0;
    rowTaker.expect(takesRows);
    try {
      const result = await request.query(query.text);
      return { sets: result.recordsets as unknown as ResultSets, packed: rowTaker.take() };
    } catch (error) {
      rowTaker.take();
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

  return {
    host,
    pauseMs: 0,
    // Twice, because an old TLS is tried after the new one. The driver's own limit comes first.
    openWithinMs: 2 * (connectTimeoutMs + (target.instance === undefined ? 0 : browserMs)) + graceMs,
    get tls() {
      if (!target.encrypt) return 'none';
      return oldTls ? 'old' : 'current';
    },
    get connected() {
      return pool?.connected === true;
    },
    async open(ended) {
      try {
        await openOnce(ended);
      } catch (error) {
        if (oldTls || ended.aborted || !target.encrypt || !(error instanceof AgentError) || !isTlsMismatch(error))
          throw error;
        oldTls = true;
        try {
          await openOnce(ended);
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
    },
    run: async (query) => (await ask(query, false)).sets,
    async runMany(query) {
      const { sets, packed } = await ask(query, true);
      return packed ?? sets[0] ?? [];
    },
    drop,
    close() {
      closed = true;
      drop();
      return Promise.resolve();
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
