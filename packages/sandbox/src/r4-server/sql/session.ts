import type { LoginDefinition, LoginRequest, SqlParameter, SqlSession, SqlValue, StatementResult } from '../engine.ts';
import type { Database } from './catalogue/model.ts';
import { compileBatch, runStatements } from './execute/batch.ts';
import { checkVariables } from './execute/check.ts';
import { abandonTransaction } from './execute/transactions.ts';
import type { Statement } from './parse/ast.ts';
import { parseBatch } from './parse/statements.ts';
import { freshOptions } from './state.ts';
import type { ServerState, SessionState } from './state.ts';

/** What a session begins with. */
export interface SessionStart {
  readonly id: number;
  readonly login: LoginDefinition;
  readonly request: LoginRequest;
  readonly database: Database;
}

/** Parsed batches kept per session; the same text is parsed once. */
const keptBatches = 200;

/** Opens a session. */
export const createSession = (server: ServerState, { id, login, request, database }: SessionStart): SqlSession => {
  const state: SessionState = {
    id,
    login,
    hostName: request.hostName,
    applicationName: request.applicationName,
    loginMs: server.now(),
    database,
    options: freshOptions(),
    variables: new Map(),
    transactionCount: 0,
    nesting: 0,
    encrypted: request.encrypted === true,
    local: request.local,
    lastRowCount: 0,
    lastError: 0,
    lastIdentity: null,
    statementMs: server.now(),
  };
  server.sessions.set(id, state);
  const batches = new Map<string, readonly Statement[]>();
  let outputNames: readonly string[] = [];

  const parsed = (text: string): readonly Statement[] => {
    const key = `${state.options.quotedIdentifier ? '1' : '0'}${text}`;
    const known = batches.get(key);
    if (known !== undefined) return known;
    const statements = parseBatch(text, state.options.quotedIdentifier);
    if (batches.size >= keptBatches) {
      const oldest = batches.keys().next().value;
      if (oldest !== undefined) batches.delete(oldest);
    }
    batches.set(key, statements);
    return statements;
  };

  function* execute(
    batchText: string,
    parameters: readonly SqlParameter[],
  ): Generator<StatementResult, void, undefined> {
    state.variables.clear();
    for (const { name, type, value } of parameters) state.variables.set(name.toLowerCase(), { name, type, value });
    outputNames = parameters.filter((parameter) => parameter.output === true).map((parameter) => parameter.name);
    const statements = parsed(batchText);
    checkVariables(statements, new Set(state.variables.keys()), ({ name, type }) => {
      state.variables.set(name.toLowerCase(), { name, type, value: null });
    });
    compileBatch({ server, session: state }, statements);
    yield* runStatements({ server, session: state }, statements);
  }

  return {
    user: login.user,
    get database() {
      return state.database.name;
    },
    get noCount() {
      return state.options.noCount;
    },
    execute,
    outputs: () => {
      const values = new Map<string, SqlValue>();
      for (const name of outputNames) values.set(name, state.variables.get(name.toLowerCase())?.value ?? null);
      return values;
    },
    reset: () => {
      abandonTransaction(server, state);
      state.options = freshOptions();
      state.database = database;
      state.variables.clear();
      state.lastRowCount = 0;
      state.lastError = 0;
      state.lastIdentity = null;
    },
    close: () => {
      abandonTransaction(server, state);
      server.sessions.delete(id);
    },
  };
};
