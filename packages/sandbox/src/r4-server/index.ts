import type { DatabaseBuilder, DatabaseSettings, LoginDefinition, SqlEngine } from './engine.ts';
import { defaultLogins } from './logins.ts';
import {
  generatePractice,
  namesOf,
  type DialectNames,
  type PracticeOptions,
  type PracticeSummary,
} from './practice/index.ts';
import { createSqlEngine, type DatabaseCondition } from './sql/index.ts';
import { createFaults, createTdsServer, type Faults, type TdsEvent, type TlsMode } from './tds/index.ts';

export * from './practice/index.ts';
export { defaultLogins } from './logins.ts';
export { SqlServerError, type LoginDefinition, type SqlEngine } from './engine.ts';
export type { Fault, Faults, TdsEvent, TlsMode } from './tds/index.ts';

/** A simulated R4 server: how it is reached, and which practice it holds. */
export interface R4ServerOptions extends PracticeOptions {
  /** Loopback unless told. */
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** `off` unless told. */
  readonly tls?: TlsMode;
  /** "Force encryption": clients that will not encrypt are turned away. */
  readonly forceEncryption?: boolean;
  /** Replaces {@link defaultLogins}. */
  readonly logins?: readonly LoginDefinition[];
  readonly onEvent?: (event: TdsEvent) => void;
}

/** A running R4 server. */
export interface R4Server extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `host,port`, as SQL Server's clients write it. */
  readonly address: string;
  /** The data; further databases can be made while it runs. */
  readonly engine: SqlEngine & {
    createDatabase(name: string, settings?: DatabaseSettings): DatabaseBuilder;
    /** Takes a database away from new logins, as an administrator or a restore does. */
    setDatabaseCondition(name: string, condition: DatabaseCondition): void;
  };
  readonly faults: Faults;
  readonly practice: PracticeSummary;
  readonly dialect: DialectNames;
  readonly logins: readonly LoginDefinition[];
  /** Clients connected now. */
  connections(): number;
  /**
   * An ODBC-style connection string for one of the server's logins, the reader's unless told.
   *
   * @throws RangeError for a login that the server does not have
   */
  connectionString(user?: string): string;
  close(): Promise<void>;
}

/**
 * Generates a practice and serves it as SQL Server 2008 R2 does (TDS 7.3).
 *
 * @throws RangeError for an impossible number of patients; what `listen` throws for an impossible port
 */
export const createR4Server = async (options: R4ServerOptions = {}): Promise<R4Server> => {
  const logins = options.logins ?? defaultLogins;
  const engine = createSqlEngine({ logins });
  const faults = createFaults();
  const server = await createTdsServer(
    { engine, faults },
    {
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.forceEncryption === undefined ? {} : { forceEncryption: options.forceEncryption }),
      ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
    },
  );
  // The port comes first: one that is taken is told at once, not after a million patients. Nobody is served before they are there.
  let practice: PracticeSummary;
  try {
    practice = generatePractice(engine, options);
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  const host = options.host ?? '127.0.0.1';
  const { port } = server;
  const close = async (): Promise<void> => {
    await server[Symbol.asyncDispose]();
  };

  return {
    host,
    port,
    address: `${host},${port}`,
    engine,
    faults,
    practice,
    dialect: namesOf(practice.dialect),
    logins,
    connections: () => server.connections(),
    connectionString: (user = 'flynotes_reader') => {
      const login = logins.find((candidate) => candidate.user === user);
      if (login === undefined) throw new RangeError(`The server has no login "${user}".`);
      const encrypt = (options.tls ?? 'off') === 'off' ? 'no' : 'yes';
      return `Server=${host},${port};Database=sys2000;Uid=${login.user};Pwd=${login.password};Encrypt=${encrypt};TrustServerCertificate=yes`;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
