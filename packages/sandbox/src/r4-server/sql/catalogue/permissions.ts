import type { LoginDefinition } from '../../engine.ts';
import { sqlError } from '../errors.ts';
import type { SessionState } from '../state.ts';
import type { Database, Table } from './model.ts';

/** What a login may ask of a table. */
export type TablePermission =
  | 'SELECT'
  | 'INSERT'
  | 'UPDATE'
  | 'DELETE'
  | 'ALTER'
  | 'CONTROL'
  | 'REFERENCES'
  | 'EXECUTE'
  | 'VIEW DEFINITION';

/** May the login open the database? */
export const mayOpen = (login: LoginDefinition, database: string): boolean =>
  login.role === 'sysadmin' ||
  login.databases === undefined ||
  ['master', 'tempdb'].includes(database.toLowerCase()) ||
  login.databases.some((name) => name.toLowerCase() === database.toLowerCase());

const isAmong = (list: readonly string[] | undefined, table: Table, column?: string): boolean => {
  const names = [`${table.schema}.${table.name}`, table.name, `${table.database.name}.${table.schema}.${table.name}`];
  const lower = names.map((name) => (column === undefined ? name : `${name}.${column}`).toLowerCase());
  return (list ?? []).some((each) => lower.includes(each.toLowerCase()));
};

/** Is SELECT on the table, or on one column of it, denied to this login? */
const isDenied = (login: LoginDefinition, table: Table, column?: string): boolean =>
  login.role !== 'sysadmin' && isAmong(login.denied, table, column);

/** May the login read this column of a table that it may read? */
export const mayReadColumn = (login: LoginDefinition, table: Table, column: string): boolean =>
  !isDenied(login, table, column);

/** What the login's role and denials give it on a table. */
export const mayDo = (login: LoginDefinition, table: Table, permission: TablePermission): boolean => {
  if (login.role === 'sysadmin') return true;
  switch (permission) {
    case 'SELECT':
      return !isDenied(login, table);
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
      return login.role === 'writer' || isAmong(login.writable, table);
    case 'VIEW DEFINITION':
      return false;
    default:
      return false;
  }
};

/** Catalogue views show only what the login has some permission on. */
export const isVisible = (login: LoginDefinition, table: Table): boolean =>
  mayDo(login, table, 'SELECT') || mayDo(login, table, 'INSERT');

/** @throws SqlServerError 229 */
export const requirePermission = (
  session: SessionState,
  table: Table,
  permission: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE',
): void => {
  if (!mayDo(session.login, table, permission)) {
    throw sqlError(229, permission, table.name, table.database.name, table.schema);
  }
};

/** @throws SqlServerError 916 */
export const requireAccess = (session: SessionState, database: Database): void => {
  if (!mayOpen(session.login, database.name)) throw sqlError(916, session.login.user, database.name);
};
