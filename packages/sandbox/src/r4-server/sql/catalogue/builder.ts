import type { SQLInputValue } from 'node:sqlite';

import type { DatabaseBuilder, SqlType, SqlValue, TableDefinition } from '../../engine.ts';
import { collationRules } from '../collation.ts';
import { sqlError } from '../errors.ts';
import { quoteName } from '../storage.ts';
import type { Storage } from '../storage.ts';
import { familyOf, integerRanges, isFixedText, isString, isUnicode } from '../types.ts';
import type { Catalogue, Database, Table } from './model.ts';
import { columnIndex } from './model.ts';

/** What a builder works with. */
export interface BuilderDependencies {
  readonly storage: Storage;
  readonly catalogue: Catalogue;
  readonly collation: string;
}

/** First object id that SQL Server gives to users' objects, and the stride it happens to use. */
const firstObjectId = 2105058535;
const objectIdStride = 16000057;

/** Defines tables of one database and fills them. */
export const createDatabaseBuilder = (deps: BuilderDependencies, database: Database): DatabaseBuilder => {
  const { storage, catalogue } = deps;

  const defineTable = (definition: TableDefinition): void => {
    const schema = definition.schema ?? 'dbo';
    const key = `${schema}.${definition.name}`.toLowerCase();
    if (database.tables.has(key)) throw sqlError(2714, definition.name);
    const primaryKey = definition.primaryKey ?? [];
    const position = (name: string) =>
      definition.columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
    const rowidColumn = rowidCandidate(definition, position);
    const table: Table = {
      name: definition.name,
      schema,
      database,
      kind: definition.kind,
      objectId: ((firstObjectId - objectIdStride * database.tables.size * 2) >>> 0) & 0x7fffffff,
      columns: definition.columns,
      primaryKey,
      primaryKeyName: `PK_${definition.name}`,
      indexes: definition.indexes ?? [],
      storedName: `${database.id}.${key}`,
      rowidColumn,
      nextIdentity: undefined,
    };
    const columns = definition.columns.map(
      (column, index) => `c${index} ${affinity(column.type)}${index === rowidColumn ? ' PRIMARY KEY' : ''}`,
    );
    storage.sqlite.exec(`CREATE TABLE ${quoteName(table.storedName)} (${columns.join(', ')})`);
    database.tables.set(key, table);
    createIndexes(deps, table);
    catalogue.version++;
  };

  const find = (name: string): Table => {
    const parts = name.toLowerCase().split('.');
    const table = database.tables.get(parts.length === 1 ? `dbo.${parts[0]}` : parts.slice(-2).join('.'));
    if (table === undefined) throw sqlError(208, name);
    return table;
  };

  const insert = (tableName: string, rows: Iterable<readonly SqlValue[]>): number => {
    const table = find(tableName);
    const empty = storage.sqlite.prepare(`SELECT 1 FROM ${quoteName(table.storedName)} LIMIT 1`).get() === undefined;
    if (empty) dropIndexes(deps, table);
    const statement = storage.sqlite.prepare(
      `INSERT INTO ${quoteName(table.storedName)} VALUES (${table.columns.map(() => '?').join(', ')})`,
    );
    const padded = table.columns.map((column) => (isFixedText(column.type) ? (column.type.length ?? 1) : 0));
    const padAt = padded.flatMap((length, index) => (length > 0 ? [index] : []));
    let count = 0;
    storage.sqlite.exec('SAVEPOINT bulk');
    try {
      for (const row of rows) {
        const values = padAt.length === 0 ? row : [...row];
        for (const index of padAt) {
          const value = values[index];
          if (typeof value === 'string') (values as SqlValue[])[index] = value.padEnd(padded[index] ?? 0);
        }
        statement.run(...(values as SQLInputValue[]));
        count++;
      }
      if (empty) createIndexes(deps, table);
      storage.sqlite.exec('RELEASE bulk');
    } catch (error) {
      storage.sqlite.exec('ROLLBACK TO bulk; RELEASE bulk');
      if (empty) createIndexes(deps, table);
      throw error;
    }
    table.nextIdentity = undefined;
    return count;
  };

  return { name: database.name, defineTable, insert };
};

/** A single key of an exact number lies best in SQLite's rowid. */
const rowidCandidate = (definition: TableDefinition, position: (name: string) => number): number | undefined => {
  const [key, second] = definition.primaryKey ?? [];
  if (key === undefined || second !== undefined) return undefined;
  const index = position(key);
  const type = definition.columns[index]?.type;
  return type !== undefined && type.name !== 'bit' && integerRanges[type.name] !== undefined ? index : undefined;
};

const affinity = (type: SqlType): string => {
  switch (familyOf(type)) {
    case 'float':
      return 'REAL';
    case 'string':
    case 'guid':
      return 'TEXT';
    case 'binary':
      return 'BLOB';
    case 'temporal':
      // Times finer than a millisecond never occur; those that do stay as they are.
      return 'INTEGER';
    default:
      return 'INTEGER';
  }
};

/** The expression by which SQLite compares and sorts a column: indexes hold it, queries ask for it. */
export const keyExpression = (
  deps: Pick<BuilderDependencies, 'storage' | 'collation'>,
  sql: string,
  type: SqlType,
): string => {
  if (familyOf(type) === 'guid') return `${deps.storage.define('key:guid', unreachable)}(${sql})`;
  if (!isString(type)) return sql;
  const collation = type.collation ?? deps.collation;
  const rules = collationRules(collation) ?? { binary: false, caseSensitive: false, accentSensitive: true };
  const linguistic = !rules.binary && (isUnicode(type) || !/^SQL_/i.test(collation));
  return `${deps.storage.sortKey({ ...rules, linguistic })}(${sql})`;
};

const unreachable = (): never => {
  throw new Error('key:guid is registered when the storage opens');
};

const indexNames = (table: Table) => [
  ...(table.primaryKey.length > 0 && table.rowidColumn === undefined
    ? [{ name: table.primaryKeyName, columns: table.primaryKey, unique: true }]
    : []),
  ...table.indexes,
];

const storedIndexName = (table: Table, name: string) => quoteName(`${table.storedName}:${name}`);

const createIndexes = (deps: BuilderDependencies, table: Table): void => {
  for (const index of indexNames(table)) {
    const keys = index.columns.map((name) => {
      const at = columnIndex(table, name);
      const column = table.columns[at];
      if (column === undefined) throw sqlError(207, name);
      return keyExpression(deps, `c${at}`, column.type);
    });
    deps.storage.sqlite.exec(
      `CREATE ${index.unique === true ? 'UNIQUE ' : ''}INDEX IF NOT EXISTS ${storedIndexName(table, index.name)} ON ${quoteName(table.storedName)} (${keys.join(', ')})`,
    );
  }
};

const dropIndexes = (deps: BuilderDependencies, table: Table): void => {
  for (const index of indexNames(table))
    deps.storage.sqlite.exec(`DROP INDEX IF EXISTS ${storedIndexName(table, index.name)}`);
};
