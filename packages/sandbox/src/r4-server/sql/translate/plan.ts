import type { SQLInputValue } from 'node:sqlite';

import type { ResultColumn, SqlType } from '../../engine.ts';
import type { Table } from '../catalogue/model.ts';
import type { CommonTable, Condition, Expression, Query } from '../parse/ast.ts';
import type { ServerState, SessionState } from '../state.ts';
import { isLegacyLob, isWide } from '../types.ts';
import { translateCondition } from './conditions.ts';
import type { Bind, QueryUse, Translation } from './context.ts';
import { translateExpression } from './expressions.ts';
import { translateQuery } from './queries.ts';
import { createScope } from './scope.ts';
import type { Scope } from './scope.ts';
import { createTypedBuilder } from './typed.ts';

/** A statement ready for SQLite. */
export interface Plan {
  readonly sql: string;
  readonly columns: readonly ResultColumn[];
  /** Columns that may come as text because they outgrow 2^53. */
  readonly wide: readonly number[];
  readonly binds: readonly Bind[];
  readonly reads: ReadonlyMap<Table, boolean>;
}

/** Starts the translation of one statement. */
export const createTranslation = (
  server: ServerState,
  session: SessionState,
  variables: ReadonlyMap<string, SqlType>,
): Translation => {
  const binds = new Map<string, Bind>();
  const commonTables: CommonTable[] = [];
  let aliases = 0;
  const translation: Translation = {
    server,
    session,
    variables,
    binds,
    commonTables,
    reads: new Map(),
    builder: createTypedBuilder(server.storage, server.collation, () => server.current.options.dateOrder),
    alias: () => `t${aliases++}`,
    bind: (key, provide) => {
      const known = binds.get(key);
      if (known !== undefined) return `$${known.name}`;
      const name = `p${binds.size}`;
      binds.set(key, { name, provide });
      return `$${name}`;
    },
    expression: (node, scope) => translateExpression(translation, node, scope),
    query: (query, parent, use) => translateQuery(translation, query, parent, use),
  };
  return translation;
};

/** The plan that a translation has come to. */
export const finishPlan = (translation: Translation, sql: string, columns: readonly ResultColumn[]): Plan => ({
  sql,
  columns,
  wide: columns.flatMap((column, index) => (isWide(column.type) ? [index] : [])),
  binds: [...translation.binds.values()],
  reads: translation.reads,
});

/** Plans a query for its rows. */
export const planQuery = (translation: Translation, query: Query, use: QueryUse = 'top'): Plan => {
  const translated = translation.query(query, undefined, use);
  const columns = translated.columns.map(({ name, typed }): ResultColumn => {
    const table = typed.column?.table ?? '';
    return {
      name,
      type: typed.type,
      nullable: typed.nullable,
      ...(typed.column?.identity === true && { identity: true }),
      ...((table !== '' || isLegacyLob(typed.type)) && { table }),
    };
  });
  return finishPlan(translation, translated.sql, columns);
};

/** Plans one scalar, converted to a type where one is wanted. */
export const planScalar = (translation: Translation, node: Expression, to?: SqlType): Plan => {
  const typed = translation.expression(node, rootScope());
  const converted = to === undefined ? typed : translation.builder.convert(typed, to);
  const { column: _column, ...value } = converted;
  return finishPlan(translation, `SELECT ${translation.builder.output(value)} AS o0`, [
    { name: '', type: converted.type, nullable: converted.nullable },
  ]);
};

/** Plans one truth value: 1 where it is true. */
export const planCondition = (translation: Translation, node: Condition): Plan => {
  const sql = `SELECT CASE WHEN ${translateCondition(translation, node, rootScope())} THEN 1 ELSE 0 END AS o0`;
  return finishPlan(translation, sql, [{ name: '', type: { name: 'int' }, nullable: false }]);
};

/** A scope in which no column is known. */
export const rootScope = (): Scope => createScope(undefined);

/** The values of a plan's binds for a session now. */
export const bindValues = (plan: Plan, session: SessionState): Record<string, SQLInputValue> => {
  const values: Record<string, SQLInputValue> = {};
  for (const bind of plan.binds) values[bind.name] = bind.provide(session);
  return values;
};
