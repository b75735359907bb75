import type { SQLInputValue } from 'node:sqlite';

import type { SqlType, SqlValue } from '../../engine.ts';
import type { Table } from '../catalogue/model.ts';
import type { Expression, CommonTable, Query } from '../parse/ast.ts';
import type { ServerState, SessionState } from '../state.ts';
import { familyOf, isWide } from '../types.ts';
import type { Scope } from './scope.ts';
import type { Typed, TypedBuilder } from './typed.ts';

/** A value that is bound when the statement runs. */
export interface Bind {
  readonly name: string;
  readonly provide: (session: SessionState) => SQLInputValue;
}

/** A translated query. */
export interface TranslatedQuery {
  readonly sql: string;
  /** The output columns; in SQL they are called `o0`, `o1`, … */
  readonly columns: readonly OutputColumn[];
  /** At most one row by construction. */
  readonly single: boolean;
}

/** A column that a query puts out. */
export interface OutputColumn {
  readonly name: string;
  readonly typed: Typed;
}

/** What the parts of the translator share while one statement is translated. */
export interface Translation {
  readonly server: ServerState;
  readonly session: SessionState;
  readonly builder: TypedBuilder;
  /** Types of variables and parameters by lower-case name. */
  readonly variables: ReadonlyMap<string, SqlType>;
  readonly binds: Map<string, Bind>;
  /** Tables read, each with whether it is read with NOLOCK. */
  readonly reads: Map<Table, boolean>;
  readonly commonTables: CommonTable[];
  /** A fresh alias for SQLite. */
  readonly alias: () => string;
  readonly bind: (key: string, provide: Bind['provide']) => string;
  readonly expression: (node: Expression, scope: Scope) => Typed;
  readonly query: (query: Query, parent: Scope | undefined, use: QueryUse) => TranslatedQuery;
}

/** Where a query stands: ORDER BY without TOP is only allowed at the top; output is only made exact there. */
export type QueryUse = 'top' | 'derived' | 'subquery' | 'exists' | 'insert';

/** A value of the seam as SQLite takes it: integers as int64, so that they stay integers. */
export const bindable = (value: SqlValue, type: SqlType): SQLInputValue => {
  if (value === null || typeof value === 'string' || value instanceof Uint8Array || typeof value === 'bigint')
    return value;
  const family = familyOf(type);
  if (family === 'float') return value;
  if (isWide(type) || family === 'integer') return BigInt(Math.round(value));
  return Number.isInteger(value) ? BigInt(value) : value;
};
