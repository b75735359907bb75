import type {
  DatabaseBuilder,
  DatabaseSettings,
  LoginDefinition,
  LoginRequest,
  SqlEngine,
  SqlSession,
} from '../engine.ts';
import { createDatabaseBuilder } from './catalogue/builder.ts';
import type { Catalogue, Database, DatabaseCondition } from './catalogue/model.ts';
import { mayOpen } from './catalogue/permissions.ts';
import { sqlError } from './errors.ts';
import type { ErrorNumber } from './errors.ts';
import { createSession } from './session.ts';
import { quoteName, createStorage } from './storage.ts';
import type { ServerState, SessionState } from './state.ts';
import { registerAggregates } from './translate/aggregates.ts';

/** What the simulated server is called, how it compares, and who may log in. */
export interface SqlEngineOptions {
  /** `R4SERVER` unless told. */
  readonly serverName?: string;
  /** `SQL_Latin1_General_CP1_CI_AS` unless told. */
  readonly collation?: string;
  readonly logins: readonly LoginDefinition[];
  /** Naive local wall time in milliseconds, for GETDATE; the machine's clock unless told. */
  readonly now?: () => number;
}

/** The engine with what the generator needs. */
export interface SqlEngineWithDatabases extends SqlEngine {
  /** Creates an empty database. */
  readonly createDatabase: (name: string, settings?: DatabaseSettings) => DatabaseBuilder;
  /** Drops a database with its tables. */
  readonly dropDatabase: (name: string) => void;
  /** Takes a database away from new logins, as an administrator or a restore does; who is in it stays. */
  readonly setDatabaseCondition: (name: string, condition: DatabaseCondition) => void;
}

/** Server process ids below this belong to the system. */
const firstSessionId = 51;
/** Database ids of the four system databases are taken. */
const systemDatabases = ['master', 'tempdb', 'model', 'msdb'] as const;

/** Local wall time as if it were UTC: what the seam's dates are. */
const wallTimeNow = (): number => {
  // oxlint-disable-next-line no-restricted-properties -- the default clock of a simulator that shows the machine's time
  const now = new Date();
  return now.getTime() - now.getTimezoneOffset() * 60_000;
};

/** Creates the data half of the simulator: databases in memory, T-SQL over them. */
export const createSqlEngine = (options: SqlEngineOptions): SqlEngineWithDatabases => {
  const storage = createStorage();
  registerAggregates(storage.sqlite);
  const now = options.now ?? wallTimeNow;
  const catalogue: Catalogue = { databases: new Map(), version: 0 };
  const collation = options.collation ?? 'SQL_Latin1_General_CP1_CI_AS';
  let nextDatabaseId = 1;

  const addDatabase = (name: string, { readCommittedSnapshot = false }: DatabaseSettings = {}): Database => {
    const database: Database = {
      name,
      id: nextDatabaseId++,
      createdMs: now(),
      readCommittedSnapshot,
      condition: 'ONLINE',
      tables: new Map(),
    };
    catalogue.databases.set(name.toLowerCase(), database);
    catalogue.version++;
    return database;
  };
  for (const name of systemDatabases) addDatabase(name);

  const server: ServerState = {
    name: options.serverName ?? 'R4SERVER',
    collation,
    storage,
    catalogue,
    logins: options.logins,
    sessions: new Map(),
    startedMs: now(),
    now,
    current: undefined as unknown as SessionState,
    writer: undefined,
  };

  const createDatabase = (name: string, settings: DatabaseSettings = {}): DatabaseBuilder => {
    if (catalogue.databases.has(name.toLowerCase())) throw sqlError(1801, name);
    return createDatabaseBuilder({ storage, catalogue, collation }, addDatabase(name, settings));
  };

  const dropDatabase = (name: string): void => {
    const database = catalogue.databases.get(name.toLowerCase());
    if (database === undefined) throw sqlError(911, name);
    for (const table of database.tables.values()) storage.sqlite.exec(`DROP TABLE ${quoteName(table.storedName)}`);
    catalogue.databases.delete(name.toLowerCase());
    catalogue.version++;
  };

  const setDatabaseCondition = (name: string, condition: DatabaseCondition): void => {
    const database = catalogue.databases.get(name.toLowerCase());
    if (database === undefined) throw sqlError(911, name);
    database.condition = condition;
  };

  const login = (request: LoginRequest): SqlSession => {
    const definition = options.logins.find((candidate) => candidate.user.toLowerCase() === request.user.toLowerCase());
    if (definition === undefined || definition.password !== request.password) throw sqlError(18456, request.user);
    if (definition.failure !== undefined) throw sqlError(definition.failure as ErrorNumber, request.user);
    const name = request.database === '' ? definition.defaultDatabase : request.database;
    const database = catalogue.databases.get(name.toLowerCase());
    if (database?.condition !== 'ONLINE' || !mayOpen(definition, database.name)) throw sqlError(4060, name);
    let id = firstSessionId;
    while (server.sessions.has(id)) id++;
    return createSession(server, { id, login: definition, request, database });
  };

  return {
    version: { major: 10, minor: 50, build: 4000 },
    serverName: server.name,
    collation,
    login,
    createDatabase,
    dropDatabase,
    setDatabaseCondition,
  };
};
