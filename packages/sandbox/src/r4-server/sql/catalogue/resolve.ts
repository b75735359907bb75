import { atLine, sqlError, unsupported } from '../errors.ts';
import type { ServerState, SessionState } from '../state.ts';
import { informationSchemaViews } from './information-schema.ts';
import type { Database, Table } from './model.ts';
import { requireAccess, requirePermission } from './permissions.ts';
import { odbcViews } from './odbc-views.ts';
import { ownViews } from './own-views.ts';
import { systemViews } from './system-views.ts';
import type { SystemView, ViewColumn } from './views.ts';

/** What a name in FROM means. */
export type ResolvedTable =
  | { readonly kind: 'table'; readonly table: Table }
  | {
      readonly kind: 'view';
      readonly key: string;
      readonly schema: string;
      readonly database: string;
      readonly columns: readonly ViewColumn[];
      /** Its rows as one JSON text. */
      readonly rows: (session: SessionState) => string;
    };

const viewsByName = new Map<string, SystemView>(
  [...informationSchemaViews, ...systemViews, ...odbcViews, ...ownViews].map((view) => [
    `${view.schema}.${view.name}`.toLowerCase(),
    view,
  ]),
);

/** The views of SQL Server 2000 that are reached without a schema. */
const compatibilityViews: ReadonlySet<string> = new Set([
  'sysobjects',
  'syscolumns',
  'sysdatabases',
  'systypes',
  'sysindexes',
  'sysusers',
  'sysprocesses',
  'syslogins',
  'sysindexkeys',
]);

/** A database by name. */
export const findDatabase = (server: ServerState, name: string): Database | undefined =>
  server.catalogue.databases.get(name.toLowerCase());

/** A table by its parts, without regard to permissions. */
export const findTable = (server: ServerState, current: Database, parts: readonly string[]): Table | undefined => {
  const [name = '', schema, database] = [...parts].reverse();
  const home = database === undefined || database === '' ? current : findDatabase(server, database);
  return home?.tables.get(`${schema === undefined || schema === '' ? 'dbo' : schema}.${name}`.toLowerCase());
};

/** A system view by its parts. */
export const findView = (parts: readonly string[]): SystemView | undefined => {
  const [name = '', schema = ''] = [...parts].reverse().map((part) => part.toLowerCase());
  const named = viewsByName.get(`${schema}.${name}`);
  if (named !== undefined) return named;
  return (schema === '' || schema === 'dbo') && compatibilityViews.has(name)
    ? viewsByName.get(`sys.${name}`)
    : undefined;
};

/** Server state needs a right that no plain login has; SQL Server names it, then refuses (297) in the same breath. */
const lackingState = (view: SystemView, database: Database) =>
  view.requires === 'VIEW SERVER STATE'
    ? sqlError(300, 'VIEW SERVER STATE', 'server', 'master')
    : sqlError(262, 'VIEW DATABASE STATE', database.name);

/**
 * What a name in FROM means to a session.
 * @throws SqlServerError 208, 229, 916
 */
export const resolveTable = (
  server: ServerState,
  session: SessionState,
  parts: readonly string[],
  line: number,
): ResolvedTable => {
  if (parts.length > 3) throw unsupported('linked server', line);
  const invalid = () => atLine(sqlError(208, parts.join('.')), line);
  const [name = '', , databaseName] = [...parts].reverse();
  if (name.startsWith('#')) throw unsupported(`temporary table ${name}`, line);
  const database =
    databaseName === undefined || databaseName === '' ? session.database : findDatabase(server, databaseName);
  if (database === undefined) throw invalid();
  requireAccess(session, database);
  const table = findTable(server, session.database, parts);
  if (table !== undefined) {
    requirePermission(session, table, 'SELECT');
    return { kind: 'table', table };
  }
  const view = findView(parts);
  if (view === undefined) throw invalid();
  if (view.requires !== undefined && session.login.role !== 'sysadmin')
    throw atLine(lackingState(view, database), line);
  return {
    kind: 'view',
    key: `${database.id}.${view.schema}.${view.name}`,
    schema: view.schema,
    database: database.name,
    columns: view.columns,
    rows: (asking) =>
      JSON.stringify(view.rows(server, asking, database), (_key, value: unknown) =>
        typeof value === 'bigint' ? Number(value) : value,
      ),
  };
};
