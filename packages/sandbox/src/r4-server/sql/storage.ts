import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';

import type { SqlType } from '../engine.ts';
import { createSortKey, guidSortKey } from './collation.ts';
import type { CollationRules } from './collation.ts';
import type { Scalar } from './conversion/convert.ts';
import { sqlError } from './errors.ts';
import { isWide } from './types.ts';

/** A scalar function given to SQLite. */
export interface StoredFunction {
  /** Types of the arguments: they decide which arrive as bigint. */
  readonly args: readonly SqlType[];
  readonly run: (...args: (Scalar | null)[]) => Scalar | null;
  /** Called with nulls too; otherwise a null argument gives null. */
  readonly nulls?: boolean;
  /** Gives something else at each call: NEWID, RAND. */
  readonly volatile?: boolean;
}

/** SQLite underneath: one in-memory database that holds every table of every simulated database. */
export interface Storage {
  readonly sqlite: DatabaseSync;
  /** Registers a function once per signature; the name by which SQL calls it. */
  readonly define: (signature: string, create: () => StoredFunction) => string;
  /** Name of the function that turns text into its sort key. */
  readonly sortKey: (rules: CollationRules) => string;
  /** A statement from the pool; give it back after use. */
  readonly take: (sql: string) => StatementSync;
  readonly release: (sql: string, statement: StatementSync) => void;
  readonly run: (sql: string, values?: Readonly<Record<string, SQLInputValue>>) => void;
}

/** Statements kept ready; the least recently used goes first. */
const pooledStatements = 400;

/** Opens the storage and registers the functions that every query may need. */
export const createStorage = (): Storage => {
  const sqlite = new DatabaseSync(':memory:');
  sqlite.exec('PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA automatic_index = ON;');
  const names = new Map<string, string>();
  const pool = new Map<string, StatementSync[]>();

  const define: Storage['define'] = (signature, create) => {
    const known = names.get(signature);
    if (known !== undefined) return known;
    const name = `f${names.size}`;
    const { args, run, nulls = false, volatile = false } = create();
    const wide = args.map(isWide);
    const bigints = wide.some(Boolean);
    // SQLite hands over int64 or double whatever the type; the functions want one representation per type.
    const adapted = (...values: (Scalar | null)[]): Scalar | null => {
      for (let index = 0; index < values.length; index++) {
        const value = values[index];
        if (value === null || value === undefined) {
          if (!nulls) return null;
          values[index] = null;
        } else if (wide[index] === true) {
          if (typeof value === 'number') values[index] = BigInt(value);
        } else if (typeof value === 'bigint') values[index] = Number(value);
      }
      const result = run(...values);
      if (typeof result === 'bigint' && (result > 9223372036854775807n || result < -9223372036854775808n)) {
        throw sqlError(8115, 'expression', 'numeric');
      }
      return result;
    };
    sqlite.function(name, { deterministic: !volatile, useBigIntArguments: bigints, varargs: true }, adapted);
    names.set(signature, name);
    return name;
  };

  const sortKey: Storage['sortKey'] = (rules) => {
    const signature = `key:${rules.binary ? 'bin' : `${rules.caseSensitive ? 'cs' : 'ci'}_${rules.accentSensitive ? 'as' : 'ai'}`}${rules.linguistic === true ? '_w' : ''}`;
    return define(signature, () => {
      const key = createSortKey(rules);
      return { args: [{ name: 'nvarchar', length: -1 }], run: (text) => key(text as string) };
    });
  };

  define('key:guid', () => ({ args: [{ name: 'uniqueidentifier' }], run: (guid) => guidSortKey(guid as string) }));

  const take = (sql: string): StatementSync => {
    const ready = pool.get(sql)?.pop();
    if (ready !== undefined) return ready;
    const statement = sqlite.prepare(sql);
    statement.setReturnArrays(true);
    statement.setAllowUnknownNamedParameters(true);
    return statement;
  };
  const release = (sql: string, statement: StatementSync): void => {
    const statements = pool.get(sql) ?? [];
    pool.delete(sql);
    if (statements.length < 4) statements.push(statement);
    pool.set(sql, statements);
    if (pool.size > pooledStatements) {
      const oldest = pool.keys().next().value;
      if (oldest !== undefined) pool.delete(oldest);
    }
  };

  return {
    sqlite,
    define,
    sortKey,
    take,
    release,
    run: (sql, values) => {
      const statement = take(sql);
      try {
        if (values === undefined) statement.run();
        else statement.run(values);
      } finally {
        release(sql, statement);
      }
    },
  };
};

/** Quotes an identifier for SQLite. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text as an SQLite literal; a NUL can only stand in a blob. */
export const quoteText = (text: string): string => {
  if (text.includes('\u0000')) return `CAST(X'${Buffer.from(text, 'utf8').toString('hex')}' AS TEXT)`;
  return `'${text.replaceAll("'", "''")}'`;
};
