import { SqlServerError } from '../../engine.ts';
import type { SqlType, SqlValue, StatementResult } from '../../engine.ts';
import { findDatabase } from '../catalogue/resolve.ts';
import { mayOpen } from '../catalogue/permissions.ts';
import { atLine, errorMessages, sqlError } from '../errors.ts';
import type { Query, SelectSpecification, Statement } from '../parse/ast.ts';
import type { SessionState } from '../state.ts';
import { planQuery } from '../translate/plan.ts';
import type { Plan } from '../translate/plan.ts';
import type { Translation } from '../translate/context.ts';
import { isWide } from '../types.ts';
import { applyOption } from './options.ts';
import { planned } from './planned.ts';
import type { BatchContext } from './planned.ts';
import { readRows } from './rows.ts';
import { parseDelay } from './delay.ts';
import { beginTransaction, commitTransaction, rollbackTransaction, waitForReads } from './transactions.ts';
import { executeProcedure, executeText } from './procedures.ts';
import type { NestingContext } from './procedures.ts';
import { printed, scalar, truth, variableOf } from './scalars.ts';
import { executeWrite } from './writes.ts';

/** How a statement left the flow of the batch. */
type Flow = 'next' | 'break' | 'continue' | 'return';

/** Errors that SQL Server leaves until the statement runs: names are resolved late, rights are asked last. */
const deferredErrors: ReadonlySet<number> = new Set([208, 229, 916]);

/**
 * Plans the queries of a batch before any of it runs, as SQL Server compiles a batch whole.
 * @throws SqlServerError what is wrong with any of them, except names of tables that may yet come
 */
export const compileBatch = (context: BatchContext, statements: readonly Statement[]): void => {
  context.server.current = context.session;
  for (const statement of statements) {
    // Behind USE names mean something else.
    if (statement.kind === 'use') return;
    if (statement.kind !== 'query') continue;
    try {
      planOfQuery(context, statement.query);
    } catch (error) {
      if (!(error instanceof SqlServerError)) throw error;
      if (deferredErrors.has(error.number)) continue;
      context.session.lastError = error.number;
      throw error.lineNumber === 1 && statement.line > 1 ? atLine(error, statement.line) : error;
    }
  }
};

/** Runs statements in order as they are pulled. */
export function* runStatements(
  context: BatchContext,
  statements: readonly Statement[],
): Generator<StatementResult, Flow, undefined> {
  for (const statement of statements) {
    const flow = yield* runStatement(context, statement);
    if (flow !== 'next') return flow;
  }
  return 'next';
}

/** Runs a text that a statement of the batch brings: compiled whole, like a batch. */
function* runNested(context: BatchContext, statements: readonly Statement[]): ReturnType<NestingContext['run']> {
  compileBatch(context, statements);
  yield* runStatements(context, statements);
}

/** Runs one statement; errors learn its line. */
export function* runStatement(
  context: BatchContext,
  statement: Statement,
): Generator<StatementResult, Flow, undefined> {
  const { session, server } = context;
  server.current = session;
  session.statementMs = server.now();
  try {
    return yield* dispatch(context, statement);
  } catch (error) {
    if (!(error instanceof SqlServerError)) throw error;
    session.lastError = error.number;
    throw error.lineNumber === 1 && statement.line > 1 ? atLine(error, statement.line) : error;
  }
}

function* dispatch(context: BatchContext, statement: Statement): Generator<StatementResult, Flow, undefined> {
  const { server, session } = context;
  switch (statement.kind) {
    case 'query':
      if (assignsVariables(statement.query)) yield* runAssignment(context, statement.query);
      else yield* runQuery(context, statement.query);
      break;
    case 'insert':
    case 'update':
    case 'delete':
      if (session.options.formatOnly) break;
      yield* executeWrite(context, statement);
      break;
    case 'declare':
      // Declared before the batch began; without an initial value a variable keeps what it has, also in a loop.
      for (const { name, type, initial } of statement.declarations) {
        if (initial === undefined) continue;
        variableOf(session, name, statement.line).value = scalar(context, initial, type);
      }
      yield { kind: 'done' };
      break;
    case 'set-variable': {
      const variable = variableOf(session, statement.name, statement.line);
      variable.value = scalar(context, statement.expression, variable.type);
      yield { kind: 'done' };
      break;
    }
    case 'set-option': {
      const value = statement.value.startsWith('@')
        ? String(variableOf(session, statement.value, statement.line).value)
        : statement.value;
      applyOption(session, statement.option, value);
      yield { kind: 'done' };
      break;
    }
    case 'use':
      yield useDatabase(context, statement.database);
      break;
    case 'print':
      yield { kind: 'info', number: 0, message: printed(context, statement.expression) };
      break;
    case 'raiserror':
      yield* raise(context, statement);
      break;
    case 'if': {
      if (truth(context, statement.condition)) return yield* runStatement(context, statement.consequence);
      if (statement.otherwise !== undefined) return yield* runStatement(context, statement.otherwise);
      break;
    }
    case 'while':
      while (truth(context, statement.condition)) {
        const flow = yield* runStatement(context, statement.body);
        if (flow === 'break') break;
        if (flow === 'return') return flow;
        if (session.options.formatOnly) break;
      }
      break;
    case 'break':
    case 'continue':
    case 'return':
      return statement.kind;
    case 'block':
      return yield* runStatements(context, statement.statements);
    case 'waitfor': {
      const delay = scalar(context, statement.delay, { name: 'varchar', length: 50 });
      if (!session.options.formatOnly) yield { kind: 'wait', waitMs: parseDelay(String(delay ?? '')) };
      break;
    }
    case 'transaction': {
      const open = session.transactionCount > 0;
      if (statement.action === 'begin') beginTransaction(server, session);
      else if (statement.action === 'commit') commitTransaction(server, session);
      else rollbackTransaction(server, session);
      // Only the outermost transaction is one to the client.
      if (session.transactionCount > 0 === open) yield { kind: 'done' };
      else yield { kind: 'transaction', change: statement.action };
      break;
    }
    case 'execute':
      yield* executeProcedure({ ...context, run: runNested }, statement);
      break;
    case 'execute-text':
      yield* executeText({ ...context, run: runNested }, statement);
      break;
  }
  if (statement.kind !== 'query') afterStatement(session, statement);
  return 'next';
}

/** @@ERROR and @@ROWCOUNT after a statement that set neither itself. */
const afterStatement = (session: SessionState, statement: Statement): void => {
  session.lastError = 0;
  const keeps = ['declare', 'insert', 'update', 'delete', 'execute', 'while', 'block', 'if'];
  if (!keeps.includes(statement.kind)) session.lastRowCount = statement.kind === 'set-variable' ? 1 : 0;
};

function* runQuery(context: BatchContext, query: Query): Generator<StatementResult, void, undefined> {
  const { server, session } = context;
  const plan = planOfQuery(context, query);
  if (session.options.formatOnly) {
    yield { kind: 'rows', columns: plan.columns, rows: [] };
    return;
  }
  yield* waitForReads(server, session, plan.reads);
  // Until the rows are read to their end their number is not known.
  const rows = readRows(server, session, plan, (count) => {
    session.lastRowCount = count;
    session.lastError = 0;
  });
  try {
    yield { kind: 'rows', columns: plan.columns, rows };
  } finally {
    rows.return();
  }
}

const specificationsOf = (body: Query['body']): readonly SelectSpecification[] =>
  body.kind === 'select' ? [body] : [...specificationsOf(body.left), ...specificationsOf(body.right)];

const assignsVariables = (query: Query): boolean => {
  const items = specificationsOf(query.body).flatMap((body) => body.items);
  const assigning = items.filter((item) => item.kind === 'assign');
  if (assigning.length === 0) return false;
  if (assigning.length < items.length || query.body.kind !== 'select') throw sqlError(141);
  return true;
};

const assignedVariables = (session: SessionState, query: Query) =>
  specificationsOf(query.body)
    .flatMap((body) => body.items.filter((item) => item.kind === 'assign'))
    .map((item) => variableOf(session, item.variable, item.line));

const planOfQuery = (context: BatchContext, query: Query): Plan => {
  if (!assignsVariables(query)) return planned(context, query, (translation) => planQuery(translation, query));
  const types = assignedVariables(context.session, query).map((target) => target.type);
  return planned(context, query, (translation) => planAssignment(translation, query, types));
};

function* runAssignment(context: BatchContext, query: Query): Generator<StatementResult, void, undefined> {
  const { server, session } = context;
  const targets = assignedVariables(session, query);
  const plan = planOfQuery(context, query);
  yield* waitForReads(server, session, plan.reads);
  if (session.options.formatOnly) return;
  let last: readonly SqlValue[] | undefined;
  for (const row of readRows(server, session, plan, (count) => {
    session.lastRowCount = count;
    session.lastError = 0;
  })) {
    last = row;
  }
  if (last !== undefined) for (const [index, target] of targets.entries()) target.value = last[index] ?? null;
  yield { kind: 'done', rows: session.lastRowCount };
}

/** Values go into variables in the variables' types. */
const planAssignment = (translation: Translation, query: Query, types: readonly SqlType[]): Plan => {
  const inner = translation.query(query, undefined, 'insert');
  const { builder } = translation;
  const outputs = inner.columns.map(({ typed }, index) => {
    const { literal: _literal, column: _column, ...value } = typed;
    const type = types[index] ?? typed.type;
    return builder.output(builder.convert({ ...value, sql: `o${index}` }, type));
  });
  const sql = `SELECT ${outputs.map((output, index) => `${output} AS v${index}`).join(', ')} FROM (${inner.sql})`;
  const columns = types.map((type) => ({ name: '', type, nullable: true }));
  return {
    sql,
    columns,
    wide: columns.flatMap((column, index) => (isWide(column.type) ? [index] : [])),
    binds: [...translation.binds.values()],
    reads: translation.reads,
  };
};

const useDatabase = ({ server, session }: BatchContext, name: string): StatementResult => {
  const database = findDatabase(server, name);
  if (database === undefined) throw sqlError(911, name);
  if (!mayOpen(session.login, database.name)) throw sqlError(916, session.login.user, database.name);
  const previous = session.database.name;
  session.database = database;
  return { kind: 'database', name: database.name, previous };
};

function* raise(
  context: BatchContext,
  statement: Statement & { kind: 'raiserror' },
): Generator<StatementResult, void, undefined> {
  const { message: given } = statement;
  const byNumber = given.kind === 'literal' && given.of === 'integer' ? Number(given.text) : undefined;
  const known = byNumber === undefined ? undefined : errorMessages[byNumber];
  const askedSeverity = Number(scalar(context, statement.severity, { name: 'int' }));
  // A negative severity is the message's own.
  const severity = askedSeverity < 0 ? (known?.[0] ?? 0) : askedSeverity;
  const state = Math.max(1, Number(scalar(context, statement.state, { name: 'int' })));
  const args = statement.args.map((argument) => printed(context, argument));
  if (byNumber !== undefined && known === undefined) throw sqlError(18054, byNumber, severity, state);
  const text = known?.[1] ?? printed(context, given);
  const number = byNumber ?? 50000;
  let next = 0;
  const message = text.replace(/%(?:[-+0 #]*\d*(?:\.\d+)?(?:I64)?)([dioxXus%])/g, (whole, kind: string) =>
    kind === '%' ? '%' : (args[next++] ?? (kind === 's' ? '(null)' : whole)),
  );
  if (severity > 10) throw new SqlServerError(message, { number, severity, state, lineNumber: statement.line });
  yield { kind: 'info', number, message };
}
