import type {
  LoginRequest,
  ResultColumn,
  SqlEngine,
  SqlParameter,
  SqlSession,
  SqlValue,
  StatementResult,
  TransactionChange,
} from '../engine.ts';
import { SqlServerError } from '../engine.ts';

/** A fixed table, or rows made as they are read. */
export interface MemoryTable {
  readonly columns: readonly ResultColumn[];
  readonly rows: Iterable<readonly SqlValue[]>;
}

export type MemoryStatement = (
  parameters: readonly SqlParameter[],
  session: MemorySession,
) => Iterable<StatementResult>;

export interface MemoryEngineOptions {
  /** By their text, exactly. */
  readonly statements?: Readonly<Record<string, MemoryStatement>>;
  /** Answer `SELECT * FROM name`. */
  readonly tables?: Readonly<Record<string, MemoryTable>>;
  readonly collation?: string;
}

export interface MemorySession extends SqlSession {
  database: string;
  noCount: boolean;
  readonly outputValues: Map<string, SqlValue>;
  readonly login: LoginRequest;
}

const PASSWORDS: ReadonlySet<string> = new Set(['secret', 'secret£']);

/** A data half for tests of the wire half: it knows the texts it was given and no SQL. `sa` may log in with `secret` or `secret£`. */
export function createMemoryEngine(
  options: MemoryEngineOptions = {},
): SqlEngine & { readonly sessions: ReadonlySet<MemorySession> } {
  const sessions = new Set<MemorySession>();
  return {
    version: { major: 10, minor: 50, build: 4000 },
    serverName: 'PRACTICE',
    collation: options.collation ?? 'SQL_Latin1_General_CP1_CI_AS',
    sessions,
    login: (request) => {
      if (request.user !== 'sa' || !PASSWORDS.has(request.password)) {
        throw new SqlServerError(`Login failed for user '${request.user}'.`, {
          number: 18_456,
          severity: 14,
          state: 1,
        });
      }
      if (request.database === 'missing') {
        const message = `Cannot open database "${request.database}" requested by the login. The login failed.`;
        throw new SqlServerError(message, { number: 4060, severity: 11, state: 1 });
      }
      const session = createMemorySession(request, options, () => sessions.delete(session));
      sessions.add(session);
      return session;
    },
  };
}

function createMemorySession(login: LoginRequest, options: MemoryEngineOptions, onClose: () => void): MemorySession {
  const loginDatabase = login.database === '' ? 'master' : login.database;
  const session: MemorySession = {
    user: login.user,
    login,
    database: loginDatabase,
    noCount: false,
    outputValues: new Map(),
    outputs: () => session.outputValues,
    reset: () => {
      session.database = loginDatabase;
      session.noCount = false;
    },
    close: onClose,
    execute: (text, parameters) => executeText(text, parameters, { session, options }),
  };
  return session;
}

function* executeText(
  text: string,
  parameters: readonly SqlParameter[],
  on: { session: MemorySession; options: MemoryEngineOptions },
): Iterable<StatementResult> {
  const { session, options } = on;
  const statement = options.statements?.[text];
  if (statement !== undefined) {
    yield* statement(parameters, session);
    return;
  }
  const [, table] = /^select \* from (\w+)$/i.exec(text.trim()) ?? [];
  if (table !== undefined) {
    const found = options.tables?.[table];
    if (found === undefined)
      throw new SqlServerError(`Invalid object name '${table}'.`, { number: 208, severity: 16, state: 1 });
    yield { kind: 'rows', columns: found.columns, rows: found.rows };
    return;
  }
  const [, wait] = /^waitfor delay '(\d+)'$/i.exec(text.trim()) ?? [];
  if (wait !== undefined) {
    yield { kind: 'wait', waitMs: Number(wait) };
    yield { kind: 'done' };
    return;
  }
  const [, database] = /^use (\w+)$/i.exec(text.trim()) ?? [];
  if (database !== undefined) {
    const previous = session.database;
    session.database = database;
    yield { kind: 'database', name: database, previous };
    return;
  }
  const [, change] = /^(begin|commit|rollback) tran/i.exec(text.trim()) ?? [];
  if (change !== undefined) {
    yield { kind: 'transaction', change: change.toLowerCase() as TransactionChange };
    return;
  }
  if (/^\s*set /i.test(text)) {
    if (/^\s*set nocount on/i.test(text)) session.noCount = true;
    yield { kind: 'done' };
    return;
  }
  if (/^select 1(?: as \w+)?;?$/i.test(text.trim())) {
    yield { kind: 'rows', columns: [{ name: '', type: { name: 'int' }, nullable: false }], rows: [[1]] };
    return;
  }
  const [, procedure] = /^exec (\S+)/i.exec(text.trim()) ?? [];
  if (procedure !== undefined)
    throw new SqlServerError(`Could not find stored procedure '${procedure}'.`, {
      number: 2812,
      severity: 16,
      state: 62,
    });
  throw new SqlServerError(`Incorrect syntax near '${text.slice(0, 40)}'.`, { number: 102, severity: 15, state: 1 });
}
