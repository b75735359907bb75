import { myPermissions, permissionColumns } from '../catalogue/own-views.ts';
import { mayReadColumn } from '../catalogue/permissions.ts';
import { findTable, resolveTable } from '../catalogue/resolve.ts';
import type { ViewColumn } from '../catalogue/views.ts';
import { atLine, sqlError, unsupported } from '../errors.ts';
import type { Expression, NamedTable, TableSource } from '../parse/ast.ts';
import { createCursor } from '../parse/cursor.ts';
import { tokenize } from '../parse/lexer.ts';
import { quoteName } from '../storage.ts';
import { translateCondition } from './conditions.ts';
import type { OutputColumn, Translation } from './context.ts';
import { createScope } from './scope.ts';
import type { Scope, Source } from './scope.ts';

const dirtyHints: ReadonlySet<string> = new Set(['NOLOCK', 'READUNCOMMITTED', 'READPAST']);

/** Translates FROM: adds the sources to the scope, gives the SQL. */
export const translateFrom = (translation: Translation, sources: readonly TableSource[], scope: Scope): string => {
  const parts = sources.map((source) => translateSource(translation, source, scope));
  return parts.join(' JOIN ');
};

const addSource = (scope: Scope, source: Source, line: number): void => {
  const exposed = source.exposed.toLowerCase();
  const twin = scope.sources.find(
    (other) =>
      other.exposed.toLowerCase() === exposed &&
      (other.qualifiers === undefined ||
        source.qualifiers === undefined ||
        `${other.qualifiers.database}.${other.qualifiers.schema}`.toLowerCase() ===
          `${source.qualifiers.database}.${source.qualifiers.schema}`.toLowerCase()),
  );
  if (twin !== undefined) {
    const named = source.qualifiers !== undefined && twin.qualifiers !== undefined;
    throw atLine(named ? sqlError(1013, twin.exposed, source.exposed) : sqlError(1011, source.exposed), line);
  }
  scope.sources.push(source);
};

const translateSource = (translation: Translation, node: TableSource, scope: Scope): string => {
  switch (node.kind) {
    case 'table':
      return translateTable(translation, node, scope);
    case 'derived': {
      const query = translation.query(node.query, scope.parent, 'derived');
      const alias = translation.alias();
      const columns = namedColumns(query.columns, node.alias, node.columns, node.line);
      addSource(scope, derivedSource(node.alias, alias, query.columns, columns), node.line);
      return `(${query.sql}) AS ${alias}`;
    }
    case 'values': {
      const alias = translation.alias();
      const width = node.rows[0]?.length ?? 0;
      if (node.rows.some((row) => row.length !== width)) throw atLine(sqlError(10709), node.line);
      const inner = createScope(scope.parent);
      const typed = node.rows.map((row) => row.map((value) => translation.expression(value, inner)));
      const unified = Array.from({ length: width }, (_, index) =>
        translation.builder.unifyAll(typed.flatMap((row) => row[index] ?? [])),
      );
      const rows = typed.map((_, row) =>
        unified.map((column, index) => `${column.values[row]?.sql ?? 'NULL'} AS o${index}`).join(', '),
      );
      const outputs: OutputColumn[] = unified.map((column) => ({
        name: '',
        typed: { sql: '', type: column.type, nullable: column.values.some((value) => value.nullable) },
      }));
      const columns = namedColumns(outputs, node.alias, node.columns, node.line);
      addSource(scope, derivedSource(node.alias, alias, outputs, columns), node.line);
      return `(${rows.map((row) => `SELECT ${row}`).join(' UNION ALL ')}) AS ${alias}`;
    }
    case 'join': {
      const left = translateSource(translation, node.left, scope);
      const before = scope.sources.length;
      const right = translateSource(translation, node.right, scope);
      markNullable(scope, node.join, before);
      // A right side that is a join itself needs parentheses to keep its order.
      const grouped = node.right.kind === 'join' ? `(${right})` : right;
      if (node.join === 'CROSS') return `${left} JOIN ${grouped}`;
      const on = node.on === undefined ? '1' : joinCondition(translation, node.on, scope);
      return `${left} ${node.join} JOIN ${grouped} ON ${on}`;
    }
  }
};

const joinCondition = (
  translation: Translation,
  on: NonNullable<(TableSource & { kind: 'join' })['on']>,
  scope: Scope,
): string => {
  const { aggregates } = scope;
  scope.aggregates = 'where';
  try {
    return translateCondition(translation, on, scope);
  } finally {
    scope.aggregates = aggregates;
  }
};

/** Columns of the side that an outer join may leave empty can be null. */
const markNullable = (scope: Scope, join: string, before: number): void => {
  for (const [index, source] of scope.sources.entries()) {
    const right = index >= before;
    const outer = join === 'FULL' || (join === 'LEFT' && right) || (join === 'RIGHT' && !right);
    if (!outer) continue;
    scope.sources[index] = { ...source, columns: source.columns.map((column) => ({ ...column, nullable: true })) };
  }
};

const derivedSource = (
  exposed: string,
  sqlAlias: string,
  outputs: readonly OutputColumn[],
  names: readonly string[],
): Source => ({
  exposed,
  sqlAlias,
  columns: outputs.map(({ typed }, index) => ({
    name: names[index] ?? '',
    sql: `${sqlAlias}.o${index}`,
    type: typed.type,
    nullable: typed.nullable,
    identity: typed.column?.identity ?? false,
  })),
});

/** Names of a derived table's columns: all named, none twice. */
const namedColumns = (
  outputs: readonly OutputColumn[],
  alias: string,
  given: readonly string[] | undefined,
  line: number,
): string[] => {
  if (given !== undefined && given.length < outputs.length) throw atLine(sqlError(8158, alias), line);
  if (given !== undefined && given.length > outputs.length) throw atLine(sqlError(8159, alias), line);
  const names = given !== undefined ? [...given] : outputs.map((column) => column.name);
  const unnamed = names.findIndex((name) => name === '');
  if (unnamed >= 0) throw atLine(sqlError(8155, unnamed + 1, alias), line);
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name.toLowerCase())) throw atLine(sqlError(8156, name, alias), line);
    seen.add(name.toLowerCase());
  }
  return names;
};

const translateTable = (translation: Translation, node: NamedTable, scope: Scope): string => {
  const [name = ''] = node.parts;
  if (node.parts.length === 1) {
    const index = translation.commonTables.findLastIndex((table) => table.name.toLowerCase() === name.toLowerCase());
    const common = translation.commonTables[index];
    if (common !== undefined) return translateCommonTable(translation, { node, index }, scope);
  }
  if (node.args !== undefined) return translateMyPermissions(translation, node, scope);
  const resolved = resolveTable(translation.server, translation.session, node.parts, node.line);
  const alias = translation.alias();
  const exposed = node.alias ?? node.parts.at(-1) ?? '';
  if (resolved.kind === 'view') {
    const rows = translation.bind(`view:${resolved.key}`, (session) => resolved.rows(session));
    return rowsSource({ exposed, alias, rows, columns: resolved.columns, node, scope, qualifiers: resolved });
  }
  const { table } = resolved;
  const dirty = node.hints.some((hint) => dirtyHints.has(hint));
  translation.reads.set(table, dirty && translation.reads.get(table) !== false);
  addSource(
    scope,
    {
      exposed,
      sqlAlias: alias,
      ...(node.alias === undefined && { qualifiers: { schema: table.schema, database: table.database.name } }),
      columns: table.columns.map((column, index) => ({
        name: column.name,
        sql: `${alias}.c${index}`,
        type: column.type,
        nullable: column.nullable,
        identity: column.identity === true,
        ...(!mayReadColumn(translation.session.login, table, column.name) && { denied: true }),
      })),
      table,
    },
    node.line,
  );
  return `${quoteName(table.storedName)} AS ${alias}`;
};

/** Rows that come as one JSON text. */
const rowsSource = (given: {
  readonly exposed: string;
  readonly alias: string;
  readonly rows: string;
  readonly columns: readonly ViewColumn[];
  readonly node: NamedTable;
  readonly scope: Scope;
  readonly qualifiers: { readonly schema: string; readonly database: string };
}): string => {
  const { exposed, alias, rows, columns, node, scope } = given;
  const { schema, database } = given.qualifiers;
  const source: Source = {
    exposed,
    sqlAlias: alias,
    ...(node.alias === undefined && { qualifiers: { schema, database } }),
    columns: columns.map((column, index) => ({
      name: column.name,
      sql: `${alias}.o${index}`,
      type: column.type,
      nullable: column.nullable,
      identity: false,
    })),
  };
  addSource(scope, source, node.line);
  const outputs = columns.map((_, index) => `json_extract(value, '$[${index}]') AS o${index}`);
  return `(SELECT ${outputs.join(', ')} FROM json_each(${rows})) AS ${alias}`;
};

/** `fn_my_permissions(securable, class)`; its arguments are literals or NULL. */
const translateMyPermissions = (translation: Translation, node: NamedTable, scope: Scope): string => {
  const { server, session } = translation;
  const [securable, kind] = node.args ?? [];
  if (node.args?.length !== 2) throw atLine(sqlError(313, node.parts.join('.')), node.line);
  const text = (argument: Expression | undefined): string | null => {
    if (argument?.kind !== 'literal' || !['string', 'nstring', 'null'].includes(argument.of))
      throw unsupported('fn_my_permissions with arguments that are no literals', node.line);
    return argument.of === 'null' ? null : argument.text;
  };
  const name = text(securable);
  const table =
    name === null ? undefined : findTable(server, session.database, createCursor(tokenize(name)).qualifiedName());
  const asked = text(kind) ?? '';
  const alias = translation.alias();
  const rows = translation.bind(`permissions:${asked}:${name ?? ''}`, (asking) =>
    JSON.stringify(myPermissions(asking, asked, table)),
  );
  const exposed = node.alias ?? node.parts.at(-1) ?? '';
  const qualifiers = { schema: 'sys', database: session.database.name };
  return rowsSource({ exposed, alias, rows, columns: permissionColumns, node, scope, qualifiers });
};

/** A common table is written out where it is used; it sees the ones before it, not itself. */
const translateCommonTable = (
  translation: Translation,
  at: { node: NamedTable; index: number },
  scope: Scope,
): string => {
  const { node, index } = at;
  const common = translation.commonTables[index];
  if (common === undefined) throw sqlError(208, node.parts.join('.'));
  const outer = translation.commonTables.splice(index);
  try {
    const query = translation.query(common.query, undefined, 'derived');
    const alias = translation.alias();
    const names = namedColumns(query.columns, common.name, common.columns, common.line);
    addSource(scope, derivedSource(node.alias ?? common.name, alias, query.columns, names), node.line);
    return `(${query.sql}) AS ${alias}`;
  } finally {
    translation.commonTables.push(...outer);
  }
};
