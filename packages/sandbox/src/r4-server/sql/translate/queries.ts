import { atLine, sqlError } from '../errors.ts';
import type { Expression, OrderItem, Query, QueryBody, SelectItem, SelectSpecification } from '../parse/ast.ts';
import { isLegacyLob, typeLabel } from '../types.ts';
import { holdsAggregate } from './aggregates.ts';
import { translateCondition } from './conditions.ts';
import type { OutputColumn, QueryUse, TranslatedQuery, Translation } from './context.ts';
import { columnOf, createScope, findSources } from './scope.ts';
import type { Scope } from './scope.ts';
import { translateFrom } from './sources.ts';
import type { Typed } from './typed.ts';

/** Translates a query with its ORDER BY. */
export const translateQuery = (
  translation: Translation,
  query: Query,
  parent: Scope | undefined,
  use: QueryUse,
): TranslatedQuery => {
  for (const common of query.with) {
    if (refersTo(common.query, common.name)) throw atLine(sqlError(102, `recursive ${common.name}`), common.line);
    translation.commonTables.push(common);
  }
  try {
    const { body, orderBy } = query;
    const limited = body.kind === 'select' && body.top !== undefined;
    if (orderBy.length > 0 && use !== 'top' && use !== 'insert' && !limited) throw sqlError(1033);
    if (body.kind === 'select') return translateSpecification(translation, body, { parent, use, orderBy });
    const combined = translateCombined(translation, body, parent);
    if (orderBy.length === 0 && use !== 'top') return combined;
    const order = orderBy.map(({ expression, descending }) => {
      const index = outputIndex(expression, combined.columns);
      if (index === undefined) throw sqlError(104);
      return direction(translation.builder.key(reference(combined.columns[index], index)), descending);
    });
    return { ...combined, sql: wrap(translation, combined, use, orderClause(order)) };
  } finally {
    translation.commonTables.length -= query.with.length;
  }
};

/** Does a common table name itself? A text search over its tree is enough: names are unique there. */
const refersTo = (node: unknown, name: string): boolean => {
  if (typeof node !== 'object' || node === null) return false;
  if (Array.isArray(node)) return node.some((item) => refersTo(item, name));
  const table = node as { kind?: string; parts?: readonly string[] };
  if (table.kind === 'table' && table.parts?.length === 1 && table.parts[0]?.toLowerCase() === name.toLowerCase())
    return true;
  return Object.values(node).some((item) => refersTo(item, name));
};

const direction = (sql: string, descending: boolean): string => (descending ? `${sql} DESC` : sql);
const reference = (column: OutputColumn | undefined, index: number, prefix = ''): Typed => ({
  ...(column?.typed ?? { type: { name: 'int' }, nullable: true }),
  sql: `${prefix}o${index}`,
});

const withoutLiteral = (typed: Typed): Typed => {
  const { literal: _literal, untyped: _untyped, ...rest } = typed;
  return rest;
};

/** An inner query whose outputs are ordered, and made exact for the top. */
const wrap = (translation: Translation, inner: TranslatedQuery, use: QueryUse, suffix: string): string => {
  const list = inner.columns.map((column, index) => {
    const typed = withoutLiteral(reference(column, index));
    return `${use === 'top' ? translation.builder.output(typed) : typed.sql} AS o${index}`;
  });
  return `SELECT ${list.join(', ')} FROM (${inner.sql})${suffix}`;
};

/** The output column that ORDER BY means by ordinal or by name. */
const outputIndex = (expression: Expression, columns: readonly OutputColumn[]): number | undefined => {
  if (expression.kind === 'literal' && expression.of === 'integer') {
    const position = Number(expression.text);
    if (position < 1 || position > columns.length) throw sqlError(108, position);
    return position - 1;
  }
  if (expression.kind !== 'column' || expression.parts.length !== 1) return undefined;
  const wanted = (expression.parts[0] ?? '').toLowerCase();
  const found = columns.flatMap((column, index) => (column.name.toLowerCase() === wanted ? [index] : []));
  if (found.length > 1) {
    const sqls = new Set(found.map((index) => columns[index]?.typed.sql));
    if (sqls.size > 1) throw atLine(sqlError(209, expression.parts[0] ?? ''), expression.line);
  }
  return found[0];
};

interface SpecificationUse {
  readonly parent: Scope | undefined;
  readonly use: QueryUse;
  readonly orderBy: readonly OrderItem[];
}

const translateSpecification = (
  translation: Translation,
  node: SelectSpecification,
  at: SpecificationUse,
): TranslatedQuery => {
  const { builder } = translation;
  const scope = createScope(at.parent);
  const from = node.from.length === 0 ? '' : ` FROM ${translateFrom(translation, node.from, scope)}`;
  const where =
    node.where === undefined
      ? ''
      : ` WHERE ${inClause(scope, 'where', () => translateCondition(translation, node.where as never, scope))}`;
  const groups = node.groupBy.map((expression) =>
    inClause(scope, 'where', () => groupExpression(translation, expression, scope)),
  );
  const aggregated =
    groups.length > 0 || holdsAggregate(node.items) || holdsAggregate(node.having) || holdsAggregate(at.orderBy);
  const grouped = aggregated || node.having !== undefined;
  const keys = new Set(groups.map((group) => group.sql));
  const clause = (name: 'select' | 'having' | 'order') => {
    scope.grouping = grouped ? { keys, clause: name } : undefined;
    scope.aggregates = 'allowed';
  };

  clause('select');
  const columns = node.items.flatMap((item) => translateItem(translation, item, scope));
  if (columns.length === 0) throw sqlError(102, '*');
  if (node.distinct) rejectLobs(columns, 421);
  clause('having');
  const having = node.having === undefined ? '' : ` HAVING (${translateCondition(translation, node.having, scope)})`;
  clause('order');
  const limit = node.top === undefined ? '' : ` LIMIT ${translateTop(translation, node.top, scope)}`;
  // A grouped query without keys is one group, even over no rows.
  const group = groups.length > 0 ? ` GROUP BY ${groups.map((item) => builder.key(item)).join(', ')}` : '';
  // SQLite makes one group of all only where it sees an aggregate in the list.
  const bare = having !== '' && groups.length === 0 && !holdsAggregate(node.items);
  if (bare && columns[0] !== undefined) {
    const [{ name, typed }] = columns as [OutputColumn];
    columns[0] = { name, typed: { ...typed, sql: `(CASE WHEN COUNT(*) >= 0 THEN ${typed.sql} END)` } };
  }
  const single =
    (aggregated && groups.length === 0) ||
    (node.top?.kind === 'literal' && node.top.text === '1') ||
    node.from.length === 0;

  if (node.distinct) {
    const inner = selectList(columns, (typed) => typed.sql) + from + where + group + having;
    const order = at.orderBy.map((item) => {
      const index = orderedOutput(translation, item.expression, columns, scope);
      if (index === undefined) throw sqlError(145);
      return direction(builder.key(withoutLiteral(reference(columns[index], index))), item.descending);
    });
    const keysOfAll = columns.map((column, index) => builder.key(withoutLiteral(reference(column, index))));
    const query = { sql: `SELECT ${inner}`, columns, single };
    return {
      ...query,
      sql: wrap(translation, query, at.use, ` GROUP BY ${keysOfAll.join(', ')}${orderClause(order)}${limit}`),
    };
  }

  const order = at.orderBy.map((item) => {
    const index = outputIndex(item.expression, columns);
    const typed = index === undefined ? orderTyped(translation, item.expression, scope) : columns[index]?.typed;
    if (typed === undefined) throw sqlError(108, 0);
    if (isLegacyLob(typed.type)) throw sqlError(306);
    // A constant says nothing about order; SQLite would take a number for an ordinal.
    return direction(
      typed.literal !== undefined || /^-?\d+$/.test(typed.sql) ? `(${typed.sql} || '')` : builder.key(typed),
      item.descending,
    );
  });
  const list =
    at.use === 'exists' ? '1' : selectList(columns, (typed) => (at.use === 'top' ? builder.output(typed) : typed.sql));
  return {
    sql: `SELECT ${list}${from}${where}${group}${having}${orderClause(order)}${limit}`,
    columns,
    single,
  };
};

const orderClause = (order: readonly string[]): string => (order.length > 0 ? ` ORDER BY ${order.join(', ')}` : '');
const selectList = (columns: readonly OutputColumn[], sql: (typed: Typed) => string): string =>
  columns.map((column, index) => `${sql(column.typed)} AS o${index}`).join(', ');

const rejectLobs = (columns: readonly OutputColumn[], number: 421): void => {
  const lob = columns.find((column) => isLegacyLob(column.typed.type));
  if (lob !== undefined) throw sqlError(number, typeLabel(lob.typed.type));
};

const inClause = <Result>(scope: Scope, aggregates: Scope['aggregates'], read: () => Result): Result => {
  scope.aggregates = aggregates;
  return read();
};

const groupExpression = (translation: Translation, expression: Expression, scope: Scope): Typed => {
  if (expression.kind === 'literal' || expression.kind === 'variable') throw sqlError(164);
  const typed = translation.expression(expression, scope);
  if (isLegacyLob(typed.type)) throw sqlError(306);
  return typed;
};

const orderTyped = (translation: Translation, expression: Expression, scope: Scope): Typed =>
  translation.expression(expression, scope);

/** With DISTINCT an ORDER BY item must be one of the list: by ordinal, by name, or the same expression. */
const orderedOutput = (
  translation: Translation,
  expression: Expression,
  columns: readonly OutputColumn[],
  scope: Scope,
): number | undefined => {
  const named = outputIndex(expression, columns);
  if (named !== undefined) return named;
  const typed = orderTyped(translation, expression, scope);
  const index = columns.findIndex((column) => column.typed.sql === typed.sql);
  return index < 0 ? undefined : index;
};

const translateTop = (translation: Translation, node: Expression, scope: Scope): string => {
  if (node.kind === 'literal' && node.of === 'integer') return node.text;
  const { builder } = translation;
  const typed = builder.convert(translation.expression(node, createScope(scope.parent)), { name: 'bigint' });
  return builder.call(
    'top',
    [typed],
    { name: 'bigint' },
    {
      nulls: true,
      run: (value) => {
        if (value === null || (value as bigint) < 0n) throw sqlError(1060);
        return value;
      },
    },
  ).sql;
};

const translateItem = (translation: Translation, item: SelectItem, scope: Scope): OutputColumn[] => {
  switch (item.kind) {
    case 'star': {
      const sources =
        item.qualifier.length === 0 ? scope.sources : findSources(scope, item.qualifier, translation.session.database);
      if (sources.length === 0) {
        throw atLine(
          item.qualifier.length === 0 ? sqlError(263 as 102, '*') : sqlError(107, item.qualifier.join('.')),
          item.line,
        );
      }
      const columns = sources.flatMap((source) =>
        source.columns.map((column) => ({ name: column.name, typed: columnOf(source, column) })),
      );
      const { grouping } = scope;
      const free = grouping === undefined ? undefined : columns.find((column) => !grouping.keys.has(column.typed.sql));
      if (free !== undefined) throw atLine(sqlError(8120, `${sources[0]?.exposed ?? ''}.${free.name}`), item.line);
      return columns;
    }
    case 'assign':
      return [{ name: '', typed: translation.expression(item.expression, scope) }];
    case 'expression': {
      const typed = translation.expression(item.expression, scope);
      // A column keeps the spelling of the query, not that of the table.
      const own = item.expression.kind === 'column' ? (item.expression.parts.at(-1) ?? '') : '';
      return [{ name: item.alias ?? own, typed }];
    }
  }
};

const translateCombined = (translation: Translation, body: QueryBody, parent: Scope | undefined): TranslatedQuery => {
  if (body.kind === 'select') return translateSpecification(translation, body, { parent, use: 'derived', orderBy: [] });
  const { builder } = translation;
  const left = translateCombined(translation, body.left, parent);
  const right = translateCombined(translation, body.right, parent);
  if (left.columns.length !== right.columns.length) throw atLine(sqlError(205), body.line);
  const pairs = left.columns.map((column, index) =>
    builder.unify(untypedReference(column, index), untypedReference(right.columns[index], index)),
  );
  const columns = left.columns.map((column, index): OutputColumn => {
    const [a, b, type] = pairs[index] as (typeof pairs)[number];
    return { name: column.name, typed: { sql: `o${index}`, type, nullable: a.nullable || b.nullable } };
  });
  if (body.operator !== 'UNION ALL') rejectLobs(columns, 421);
  const side = (which: 0 | 1, query: TranslatedQuery) =>
    `SELECT ${pairs.map((pair, index) => `${pair[which].sql} AS o${index}`).join(', ')} FROM (${query.sql})`;
  const keys = (prefix: string) => columns.map((column, index) => builder.key(reference(column, index, prefix)));
  const list = columns.map((_, index) => `o${index}`).join(', ');
  switch (body.operator) {
    case 'UNION ALL':
      return { sql: `${side(0, left)} UNION ALL ${side(1, right)}`, columns, single: false };
    case 'UNION':
      return {
        sql: `SELECT ${list} FROM (${side(0, left)} UNION ALL ${side(1, right)}) GROUP BY ${keys('').join(', ')}`,
        columns,
        single: false,
      };
    default: {
      const [a, b] = [translation.alias(), translation.alias()];
      const rightKeys = keys(`${b}.`);
      const equal = keys(`${a}.`).map((key, index) => `${key} IS ${rightKeys[index] ?? ''}`);
      const exists = `${body.operator === 'EXCEPT' ? 'NOT ' : ''}EXISTS (SELECT 1 FROM (${side(1, right)}) ${b} WHERE ${equal.join(' AND ')})`;
      return {
        sql: `SELECT ${list} FROM (${side(0, left)}) ${a} WHERE ${exists} GROUP BY ${keys(`${a}.`).join(', ')}`,
        columns,
        single: false,
      };
    }
  }
};

/** A side's column by its output name; a bare NULL stays one, so that it takes the other side's type. */
const untypedReference = (column: OutputColumn | undefined, index: number): Typed => {
  const typed = reference(column, index);
  const { literal: _literal, column: _column, ...rest } = typed;
  return rest;
};
