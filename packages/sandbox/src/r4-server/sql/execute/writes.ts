import type { SqlType, SqlValue, StatementResult } from '../../engine.ts';
import type { ColumnDefinition } from '../../engine.ts';
import { columnIndex } from '../catalogue/model.ts';
import type { Table } from '../catalogue/model.ts';
import { requireAccess, requirePermission } from '../catalogue/permissions.ts';
import { findTable, findView } from '../catalogue/resolve.ts';
import { atLine, sqlError, unsupported } from '../errors.ts';
import type { Expression, NamedTable, Query, Statement, TableSource } from '../parse/ast.ts';
import type { ServerState, SessionState } from '../state.ts';
import { translateCondition } from '../translate/conditions.ts';
import type { Translation } from '../translate/context.ts';
import { finishPlan } from '../translate/plan.ts';
import type { Plan } from '../translate/plan.ts';
import { createScope } from '../translate/scope.ts';
import { translateFrom } from '../translate/sources.ts';
import { convertAssigned } from './assigned.ts';
import { planned } from './planned.ts';
import type { BatchContext } from './planned.ts';
import { readRows } from './rows.ts';
import { acquireWrite } from './transactions.ts';
import { insertRows, updateRows, deleteRows } from './stored-rows.ts';

type Write = Statement & { readonly kind: 'insert' | 'update' | 'delete' };

/** INSERT, UPDATE and DELETE: the rows are worked out first, then written in one go, all or none. */
export function* executeWrite(context: BatchContext, statement: Write): Generator<StatementResult, void, undefined> {
  const { server, session } = context;
  if (session.options.rowCount > 0)
    throw unsupported(`SET ROWCOUNT with ${statement.kind.toUpperCase()}`, statement.line);
  const written = statement.kind === 'insert' ? statement.table : statement.target;
  const target = targetOf(statement, written);
  const table = requireTable(server, session, target, statement.kind.toUpperCase() as 'INSERT');
  if (table.kind === 'view') throw atLine(sqlError(4405, table.name), statement.line);
  yield* acquireWrite(server, session, table);
  let rows: number;
  switch (statement.kind) {
    case 'insert':
      rows = insert(context, statement, table);
      break;
    case 'update':
      rows = update(context, statement, { table, target });
      break;
    case 'delete':
      rows = remove(context, statement, { table, target });
      break;
  }
  session.lastRowCount = rows;
  session.lastError = 0;
  yield { kind: 'done', rows };
}

/** `UPDATE p SET … FROM dbo.Patients p`: the target may be an alias of FROM. */
const targetOf = (statement: Write, written: NamedTable): NamedTable => {
  if (statement.kind === 'insert' || written.parts.length > 1) return written;
  const wanted = written.parts[0]?.toLowerCase();
  const named = statement.from.flatMap(namedTables).find((table) => table.alias?.toLowerCase() === wanted);
  return named ?? written;
};

const namedTables = (source: TableSource): readonly NamedTable[] => {
  if (source.kind === 'table') return [source];
  return source.kind === 'join' ? [...namedTables(source.left), ...namedTables(source.right)] : [];
};

const requireTable = (
  server: ServerState,
  session: SessionState,
  node: NamedTable,
  permission: 'INSERT' | 'UPDATE' | 'DELETE',
): Table => {
  const table = findTable(server, session.database, node.parts);
  if (table === undefined) {
    if (findView(node.parts) !== undefined) throw atLine(sqlError(259), node.line);
    throw atLine(sqlError(208, node.parts.join('.')), node.line);
  }
  requireAccess(session, table.database);
  requirePermission(session, table, permission);
  return table;
};

/** Columns an INSERT names, or all that it may fill. */
const insertColumns = (session: SessionState, statement: Write & { kind: 'insert' }, table: Table): number[] => {
  const wanted = session.options.identityInsert.toLowerCase().split('.').at(-1);
  const explicitIdentity = wanted === table.name.toLowerCase();
  if (statement.columns === undefined) {
    return table.columns.flatMap((column, index) => (column.identity === true && !explicitIdentity ? [] : [index]));
  }
  const indexes = statement.columns.map((name) => {
    const index = columnIndex(table, name);
    if (index < 0) throw atLine(sqlError(207, name), statement.line);
    return index;
  });
  const twice = indexes.find((index, at) => indexes.indexOf(index) !== at);
  if (twice !== undefined) throw atLine(sqlError(264, table.columns[twice]?.name ?? '', ''), statement.line);
  const identity = indexes.find((index) => table.columns[index]?.identity === true);
  if (identity !== undefined && !explicitIdentity) throw atLine(sqlError(544, table.name), statement.line);
  return indexes;
};

const insert = (context: BatchContext, statement: Write & { kind: 'insert' }, table: Table): number => {
  const { server, session } = context;
  const columns = insertColumns(session, statement, table);
  const rows: SqlValue[][] = [];
  for (const row of insertSource(context, statement, { table, columns })) {
    const full: SqlValue[] = table.columns.map(() => null);
    for (const [at, index] of columns.entries()) full[index] = row[at] ?? null;
    rows.push(full);
  }
  return insertRows(server, session, table, rows);
};

const insertSource = (
  context: BatchContext,
  statement: Write & { kind: 'insert' },
  into: { table: Table; columns: readonly number[] },
): Iterable<readonly SqlValue[]> => {
  const { server, session } = context;
  const types = into.columns.map((index) => into.table.columns[index] as ColumnDefinition);
  const { source } = statement;
  if (source === 'DEFAULT VALUES') return [[]];
  if (!('body' in source)) {
    return source.flatMap((row) => {
      if (row.length !== types.length) {
        if (statement.columns === undefined) throw sqlError(213);
        throw sqlError(row.length < types.length ? 109 : 110);
      }
      const values = row.map((value): Expression =>
        value === 'DEFAULT' ? { kind: 'literal', of: 'null', text: 'NULL' } : value,
      );
      const plan = planned(context, row, (translation) => planRow(translation, values, types));
      return [...readRows(server, session, plan)];
    });
  }
  const plan = planned(context, source, (translation) =>
    planSource(translation, source, { types, named: statement.columns !== undefined }),
  );
  return [...readRows(server, session, plan)];
};

const outputsOf = (types: readonly { readonly type: SqlType }[]) =>
  types.map(({ type }) => ({ name: '', type, nullable: true }));

const planRow = (translation: Translation, values: readonly Expression[], types: readonly ColumnDefinition[]): Plan => {
  const scope = createScope(undefined);
  const typed = values.map((value, index) =>
    convertAssigned(translation, translation.expression(value, scope), types[index]?.type),
  );
  return finishPlan(
    translation,
    `SELECT ${typed.map((value) => translation.builder.output(value)).join(', ')}`,
    outputsOf(types),
  );
};

const planSource = (
  translation: Translation,
  source: Query,
  into: { readonly types: readonly ColumnDefinition[]; readonly named: boolean },
): Plan => {
  const inner = translation.query(source, undefined, 'insert');
  const { types } = into;
  if (inner.columns.length !== types.length) {
    if (!into.named) throw sqlError(213);
    throw sqlError(inner.columns.length < types.length ? 120 : 121);
  }
  const values = inner.columns.map(({ typed }, index) => {
    const { literal: _literal, column: _column, ...rest } = typed;
    return translation.builder.output(convertAssigned(translation, { ...rest, sql: `o${index}` }, types[index]?.type));
  });
  return finishPlan(translation, `SELECT ${values.join(', ')} FROM (${inner.sql})`, outputsOf(types));
};

interface WriteTarget {
  readonly table: Table;
  readonly target: NamedTable;
}

/** FROM of UPDATE and DELETE with the target in it, its rowid first in the select list. */
const targetQuery = (
  translation: Translation,
  statement: Write & { kind: 'update' | 'delete' },
  { table, target }: WriteTarget,
  values: (scope: ReturnType<typeof createScope>) => readonly string[],
): string => {
  for (const common of statement.with) translation.commonTables.push(common);
  const scope = createScope(undefined);
  const listed = statement.from.flatMap(namedTables);
  const within = listed.some((source) => source === target || sameTable(source, target));
  const sources: readonly TableSource[] = within ? statement.from : [target, ...statement.from];
  const from = translateFrom(translation, sources, scope);
  const own = scope.sources.find(
    (source) => source.table === table && (target.alias === undefined || source.exposed === target.alias),
  );
  if (own === undefined) throw sqlError(208, target.parts.join('.'));
  scope.aggregates = 'where';
  const where =
    statement.where === undefined ? '' : ` WHERE ${translateCondition(translation, statement.where, scope)}`;
  if (statement.top !== undefined && statement.top.kind !== 'literal')
    throw unsupported('TOP (expression)', statement.line);
  const limit = statement.top === undefined ? '' : ` LIMIT ${statement.top.text}`;
  const list = [`${own.sqlAlias}.rowid`, ...values(scope)];
  return `SELECT ${list.map((sql, index) => `${sql} AS o${index}`).join(', ')} FROM ${from.replace(/^ FROM /, '')}${where}${limit}`;
};

const sameTable = (left: NamedTable, right: NamedTable): boolean =>
  left.alias === undefined &&
  right.alias === undefined &&
  left.parts.at(-1)?.toLowerCase() === right.parts.at(-1)?.toLowerCase();

const update = (context: BatchContext, statement: Write & { kind: 'update' }, to: WriteTarget): number => {
  const { table } = to;
  const indexes = statement.set.map(({ column, line }) => {
    const name = column.at(-1) ?? '';
    const index = columnIndex(table, name);
    if (index < 0) throw atLine(sqlError(207, name), line);
    if (table.columns[index]?.identity === true) throw atLine(sqlError(8102, table.columns[index]?.name ?? ''), line);
    return index;
  });
  const twice = indexes.find((index, at) => indexes.indexOf(index) !== at);
  if (twice !== undefined) throw atLine(sqlError(264, table.columns[twice]?.name ?? '', ''), statement.line);
  const types = indexes.map((index) => table.columns[index] as ColumnDefinition);
  const plan = planned(context, statement, (translation) => {
    const sql = targetQuery(translation, statement, to, (scope) =>
      statement.set.map(({ expression }, index) =>
        translation.builder.output(
          convertAssigned(translation, translation.expression(expression, scope), types[index]?.type),
        ),
      ),
    );
    return finishPlan(translation, sql, [{ name: '', type: { name: 'bigint' }, nullable: false }, ...outputsOf(types)]);
  });
  // A row that several rows of FROM meet is changed once.
  const changes = new Map<number | bigint, SqlValue[]>();
  for (const [rowid, ...values] of readRows(context.server, context.session, plan)) {
    if (!changes.has(rowid as number)) changes.set(rowid as number, values);
  }
  return updateRows(context.server, table, { indexes, changes });
};

const remove = (context: BatchContext, statement: Write & { kind: 'delete' }, to: WriteTarget): number => {
  const plan = planned(context, statement, (translation) =>
    finishPlan(
      translation,
      targetQuery(translation, statement, to, () => []),
      [{ name: '', type: { name: 'bigint' }, nullable: false }],
    ),
  );
  const rowids = new Set<number | bigint>();
  for (const [rowid] of readRows(context.server, context.session, plan)) rowids.add(rowid as number);
  return deleteRows(context.server, to.table, rowids);
};
