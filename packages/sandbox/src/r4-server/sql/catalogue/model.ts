import type { ColumnDefinition, TableDefinition } from '../../engine.ts';

/** A table or view of a database, with where its rows lie in SQLite. */
export interface Table {
  readonly name: string;
  readonly schema: string;
  readonly database: Database;
  readonly kind: 'table' | 'view';
  readonly objectId: number;
  readonly columns: readonly ColumnDefinition[];
  readonly primaryKey: readonly string[];
  readonly primaryKeyName: string;
  readonly indexes: NonNullable<TableDefinition['indexes']>;
  /** The name in SQLite; columns are `c0`, `c1`, … there. */
  readonly storedName: string;
  /** Index of the column that is SQLite's rowid, where one is. */
  readonly rowidColumn: number | undefined;
  /** Next value of the identity column; undefined until asked for. */
  nextIdentity: bigint | undefined;
}

/** What `sys.databases` says of a database that can or cannot be opened. `SINGLE_USER`: online, and somebody else is in it. */
export type DatabaseCondition =
  | 'ONLINE'
  | 'RESTORING'
  | 'RECOVERING'
  | 'RECOVERY_PENDING'
  | 'SUSPECT'
  | 'OFFLINE'
  | 'SINGLE_USER';

/** The numbers of `sys.databases.state`. */
export const stateNumbers: Readonly<Record<DatabaseCondition, number>> = {
  ONLINE: 0,
  SINGLE_USER: 0,
  RESTORING: 1,
  RECOVERING: 2,
  RECOVERY_PENDING: 3,
  SUSPECT: 4,
  OFFLINE: 6,
};

/** A simulated database. */
export interface Database {
  readonly name: string;
  readonly id: number;
  readonly createdMs: number;
  readonly readCommittedSnapshot: boolean;
  /** Whether logins may open it. */
  condition: DatabaseCondition;
  /** By `schema.name` in lower case. */
  readonly tables: Map<string, Table>;
}

/** All databases of a server. */
export interface Catalogue {
  /** By lower-case name. */
  readonly databases: Map<string, Database>;
  /** Changes whenever a definition does: translations are cached by it. */
  version: number;
}

/** Finds a column by name, as names compare in the catalogue: without regard to case. */
export const columnIndex = (table: Table, name: string): number => {
  const wanted = name.toLowerCase();
  return table.columns.findIndex((column) => column.name.toLowerCase() === wanted);
};
