import type { SQLInputValue } from 'node:sqlite';

import type { ColumnDefinition, SqlValue } from '../../engine.ts';
import type { Table } from '../catalogue/model.ts';
import { sqlError } from '../errors.ts';
import type { ServerState, SessionState } from '../state.ts';
import { quoteName } from '../storage.ts';
import { bindable } from '../translate/context.ts';

/** Writes rows, all or none. */
const atomically = (server: ServerState, table: Table, write: () => void): void => {
  const { sqlite } = server.storage;
  sqlite.exec('SAVEPOINT statement');
  try {
    write();
    sqlite.exec('RELEASE statement');
  } catch (error) {
    sqlite.exec('ROLLBACK TO statement; RELEASE statement');
    throw constraintError(error, table);
  }
};

/** SQLite's broken constraint in SQL Server's words. */
const constraintError = (error: unknown, table: Table): unknown => {
  if (!(error instanceof Error) || !/UNIQUE constraint failed/.test(error.message)) return error;
  const object = `${table.schema}.${table.name}`;
  const index = /index '([^']*)'/.exec(error.message)?.[1]?.split(':').at(-1);
  if (index === undefined || index === table.primaryKeyName) return sqlError(2627, table.primaryKeyName, object);
  return sqlError(2601, object, index);
};

const checkNulls = (table: Table, column: ColumnDefinition, value: SqlValue, statement: 'INSERT' | 'UPDATE'): void => {
  if (value !== null || column.nullable) return;
  throw sqlError(515, column.name, `${table.database.name}.${table.schema}.${table.name}`, statement);
};

/** The next identity value; the highest stored one decides where it starts. */
const nextIdentity = (server: ServerState, table: Table, index: number): bigint => {
  if (table.nextIdentity === undefined) {
    const row = server.storage.sqlite
      .prepare(`SELECT CAST(MAX(c${index}) AS TEXT) AS top FROM ${quoteName(table.storedName)}`)
      .get();
    table.nextIdentity = BigInt((row?.['top'] as string | null) ?? 0) + 1n;
  }
  return table.nextIdentity++;
};

/** Inserts rows that are converted already; fills the identity column and rowversions. */
export const insertRows = (
  server: ServerState,
  session: SessionState,
  table: Table,
  rows: readonly SqlValue[][],
): number => {
  const identity = table.columns.findIndex((column) => column.identity === true);
  const sql = `INSERT INTO ${quoteName(table.storedName)} VALUES (${table.columns.map((_, index) => `$v${index}`).join(', ')})`;
  const statement = server.storage.take(sql);
  try {
    atomically(server, table, () => {
      for (const row of rows) {
        if (identity >= 0) {
          row[identity] ??= nextIdentity(server, table, identity);
          session.lastIdentity = BigInt(row[identity] as number | bigint);
        }
        const values: Record<string, SQLInputValue> = {};
        for (const [index, column] of table.columns.entries()) {
          const value = row[index] ?? null;
          checkNulls(table, column, value, 'INSERT');
          values[`v${index}`] = bindable(value, column.type);
        }
        statement.run(values);
        // An explicit identity value moves the seed on.
        if (
          identity >= 0 &&
          table.nextIdentity !== undefined &&
          BigInt(row[identity] as number) >= table.nextIdentity
        ) {
          table.nextIdentity = BigInt(row[identity] as number) + 1n;
        }
      }
    });
  } finally {
    server.storage.release(sql, statement);
  }
  return rows.length;
};

/** Which columns change to what, by rowid. */
export interface RowChanges {
  readonly indexes: readonly number[];
  readonly changes: ReadonlyMap<number | bigint, readonly SqlValue[]>;
}

/** Updates rows by rowid. */
export const updateRows = (server: ServerState, table: Table, { indexes, changes }: RowChanges): number => {
  const columns = indexes.map((index) => table.columns[index] as ColumnDefinition);
  const set = indexes.map((index, at) => `c${index} = $v${at}`).join(', ');
  const statement = server.storage.sqlite.prepare(
    `UPDATE ${quoteName(table.storedName)} SET ${set} WHERE rowid = $rowid`,
  );
  atomically(server, table, () => {
    for (const [rowid, values] of changes) {
      const bound: Record<string, SQLInputValue> = { rowid: BigInt(rowid) };
      for (const [at, column] of columns.entries()) {
        checkNulls(table, column, values[at] ?? null, 'UPDATE');
        bound[`v${at}`] = bindable(values[at] ?? null, column.type);
      }
      statement.run(bound);
    }
  });
  return changes.size;
};

/** Deletes rows by rowid. */
export const deleteRows = (server: ServerState, table: Table, rowids: ReadonlySet<number | bigint>): number => {
  const statement = server.storage.sqlite.prepare(`DELETE FROM ${quoteName(table.storedName)} WHERE rowid = ?`);
  atomically(server, table, () => {
    for (const rowid of rowids) statement.run(BigInt(rowid));
  });
  return rowids.size;
};
