import type { SqlType } from '../../engine.ts';
import { createConverter } from '../conversion/convert.ts';
import type { ConversionOptions, Scalar } from '../conversion/convert.ts';
import { keyExpression } from '../catalogue/builder.ts';
import type { DateOrder } from '../conversion/date-text.ts';
import { quoteText } from '../storage.ts';
import type { Storage, StoredFunction } from '../storage.ts';
import { commonType, familyOf, isWide, typeKey } from '../types.ts';
import type { SqlServerError } from '../../engine.ts';

/** A translated scalar: SQL for SQLite, and what SQL Server says its type is. */
export interface Typed {
  readonly sql: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  /** The bare NULL, which takes any type. */
  readonly untyped?: boolean;
  /** A string literal's text: its key is computed once. */
  readonly literal?: string;
  /** The column that it is, unchanged. */
  readonly column?: { readonly name: string; readonly identity: boolean; readonly table: string };
  /** A collation said by COLLATE wins over a column's. */
  readonly explicitCollation?: boolean;
}

/** What a called function does; with what it is to be told beside its arguments. */
export type FunctionBody = StoredFunction['run'] | Omit<StoredFunction, 'args'>;

/** Conversions and function calls as SQLite expressions. */
export interface TypedBuilder {
  readonly collation: string;
  /** Converts, or gives the same where nothing changes. */
  readonly convert: (
    value: Typed,
    to: SqlType,
    options?: { readonly style?: number; readonly explicit?: boolean },
  ) => Typed;
  /** What SQLite compares and sorts by. */
  readonly key: (value: Typed) => string;
  /** Both sides in their common type. */
  readonly unify: (left: Typed, right: Typed) => readonly [Typed, Typed, SqlType];
  readonly unifyAll: (values: readonly Typed[]) => { readonly values: readonly Typed[]; readonly type: SqlType };
  /** A call of a function of this half; `name` with the argument types identifies it. */
  readonly call: (name: string, args: readonly Typed[], result: SqlType, body: FunctionBody) => Typed;
  /** The expression as it leaves SQLite: an int64 beyond 2^53 goes as text, so that numbers read fast and nothing is rounded. */
  readonly output: (value: Typed) => string;
  /** An expression that raises an error when it is evaluated. */
  readonly raise: (name: string, error: () => SqlServerError) => string;
}

/** @param dateOrder asked whenever a text becomes a date */
export const createTypedBuilder = (storage: Storage, collation: string, dateOrder: () => DateOrder): TypedBuilder => {
  const call: TypedBuilder['call'] = (name, args, result, body) => {
    const options = typeof body === 'function' ? { run: body } : body;
    const signature = `${name}:${args.map((arg) => argumentKey(arg.type)).join(',')}>${typeKey(result)}`;
    const stored = storage.define(signature, () => ({ args: args.map((arg) => arg.type), ...options }));
    return {
      sql: `${stored}(${args.map((arg) => arg.sql).join(', ')})`,
      type: result,
      nullable: ('nulls' in options && options.nulls) || args.some((arg) => arg.nullable) || args.length === 0,
    };
  };

  const convert: TypedBuilder['convert'] = (value, to, { style, explicit = false } = {}) => {
    if (value.untyped === true) return { sql: 'NULL', type: to, nullable: true };
    const options: ConversionOptions = { explicit, dateOrder, ...(style !== undefined && { style }) };
    const target =
      to.collation === undefined && value.type.collation !== undefined
        ? { ...to, collation: value.type.collation }
        : to;
    const run = createConverter(value.type, to, options);
    const same = { ...value, type: target };
    if (run === undefined)
      return value.column !== undefined && typeKey(value.type) !== typeKey(target) ? withoutColumn(same) : same;
    const name = `convert${style === undefined ? '' : style}`;
    const converted = call(name, [value], to, (scalar) => run(scalar as Scalar));
    return { ...converted, type: target, nullable: value.nullable };
  };

  const key = (value: Typed): string => {
    if (value.literal !== undefined) return literalKey(value);
    return keyExpression({ storage, collation }, value.sql, value.type);
  };
  const literalKey = (value: Typed): string =>
    keyExpression({ storage, collation }, quoteText(value.literal ?? ''), value.type);

  const unify: TypedBuilder['unify'] = (left, right) => {
    if (left.untyped === true && right.untyped === true) return [left, right, left.type];
    const type =
      left.untyped === true ? right.type : right.untyped === true ? left.type : commonType(left.type, right.type);
    return [convert(left, type), convert(right, type), type];
  };
  const unifyAll: TypedBuilder['unifyAll'] = (values) => {
    const typed = values.filter((value) => value.untyped !== true);
    const [first, ...rest] = typed.length > 0 ? typed : values;
    if (first === undefined) throw new Error('nothing to unify');
    const type = rest.reduce((common, value) => commonType(common, value.type), first.type);
    return { type, values: values.map((value) => convert(value, type)) };
  };

  const raise: TypedBuilder['raise'] = (name, error) => {
    const stored = storage.define(`raise:${name}`, () => ({
      args: [],
      nulls: true,
      volatile: true,
      run: () => {
        throw error();
      },
    }));
    return `${stored}()`;
  };

  const output = (value: Typed): string => {
    if (!isWide(value.type) || value.untyped === true) return value.sql;
    const { sql } = value;
    if (value.column !== undefined) {
      return `CASE WHEN ${sql} BETWEEN -9007199254740991 AND 9007199254740991 THEN ${sql} ELSE CAST(${sql} AS TEXT) END`;
    }
    const exact = storage.define('exact', () => ({ args: [{ name: 'bigint' }], run: exactValue }));
    return `${exact}(${sql})`;
  };

  return { collation, convert, key, unify, unifyAll, call, output, raise };
};

/** Functions never look at the length of a text that they are given: one function serves all lengths. */
const argumentKey = (type: SqlType): string =>
  familyOf(type) === 'string' || familyOf(type) === 'binary' ? type.name : typeKey(type);

const exactValue = (value: Scalar | null): Scalar | null => {
  const integer = value as bigint;
  return integer >= -9007199254740991n && integer <= 9007199254740991n ? integer : integer.toString();
};

const withoutColumn = ({ column: _column, ...rest }: Typed): Typed => rest;

/** int, the type of most things. */
export const intType: SqlType = { name: 'int' };
