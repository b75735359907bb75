import type { SqlType, SqlValue } from '../../engine.ts';
import type { Scalar } from '../conversion/convert.ts';
import { mayDo, mayOpen } from '../catalogue/permissions.ts';
import type { TablePermission } from '../catalogue/permissions.ts';
import { columnIndex } from '../catalogue/model.ts';
import type { Database, Table } from '../catalogue/model.ts';
import { isVisible } from '../catalogue/permissions.ts';
import { findDatabase, findTable } from '../catalogue/resolve.ts';
import { typeIds } from '../catalogue/type-ids.ts';
import { parseBatchName } from '../parse/object-name.ts';
import type { ServerState, SessionState } from '../state.ts';
import { connectionProperty, databaseProperty, serverProperty } from './properties.ts';
import { bindable } from '../translate/context.ts';
import type { Typed } from '../translate/typed.ts';
import { isUnicode, lengthOf } from '../types.ts';
import type { FunctionTable, FunctionUse, ScalarFunction } from './function-table.ts';

const name: SqlType = { name: 'nvarchar', length: 128 };
const int: SqlType = { name: 'int' };
type Read = (server: ServerState, session: SessionState, ...args: (Scalar | null)[]) => SqlValue;

/** A function that asks about the server or the session; arguments are converted to `types`, missing ones are null. */
const asking = (types: readonly SqlType[], least: number, result: SqlType, read: Read): ScalarFunction => ({
  arguments: [least, types.length],
  translate: (use: FunctionUse, args: readonly Typed[]) => {
    const { server } = use.translation;
    if (args.length === 0) {
      const sql = use.translation.bind(`metadata:${use.call.name}`, (session) =>
        bindable(read(server, session), result),
      );
      return { sql, type: result, nullable: true };
    }
    const converted = args.map((value, index) => use.builder.convert(value, types[index] ?? value.type));
    // The answer depends on who asks: it is worked out at each call.
    return use.builder.call(use.call.name, converted, result, {
      nulls: true,
      volatile: true,
      run: (...values) => read(server, server.current, ...values) as Scalar | null,
    });
  },
});

const databaseById = (server: ServerState, id: number): Database | undefined =>
  [...server.catalogue.databases.values()].find((database) => database.id === id);

const tableById = (database: Database, id: number): Table | undefined =>
  [...database.tables.values()].find((table) => table.objectId === id);

const tableByName = (
  server: ServerState,
  session: SessionState,
  written: Scalar | null | undefined,
): Table | undefined => {
  const parts = typeof written === 'string' ? parseBatchName(written) : undefined;
  return parts === undefined ? undefined : findTable(server, session.database, parts);
};

const permissionNames: ReadonlySet<string> = new Set([
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'ALTER',
  'CONTROL',
  'REFERENCES',
  'EXECUTE',
  'VIEW DEFINITION',
]);

const hasPermission = (
  server: ServerState,
  session: SessionState,
  asked: readonly (Scalar | null)[],
): number | null => {
  const [securable, kind, wanted] = asked.map((part) => (typeof part === 'string' ? part : null));
  if (wanted === null || wanted === undefined || kind === undefined || securable === undefined) return null;
  const permission = wanted.trim().toUpperCase();
  const sysadmin = session.login.role === 'sysadmin';
  if (kind === null) {
    // Server level, or the current database where a securable is missing too.
    if (securable !== null) return null;
    return sysadmin || permission === 'VIEW ANY DATABASE' || permission === 'CONNECT SQL' ? 1 : 0;
  }
  switch (kind.trim().toUpperCase()) {
    case 'OBJECT': {
      const table = tableByName(server, session, securable);
      if (table === undefined || !permissionNames.has(permission) || !mayOpen(session.login, table.database.name))
        return null;
      if (!isVisible(session.login, table)) return null;
      return mayDo(session.login, table, permission as TablePermission) ? 1 : 0;
    }
    case 'DATABASE': {
      const database =
        securable === null ? session.database : findDatabase(server, parseBatchName(securable)?.at(-1) ?? '');
      if (database === undefined) return null;
      if (!mayOpen(session.login, database.name)) return 0;
      if (sysadmin || permission === 'CONNECT' || permission === 'ANY' || permission === 'SELECT') return 1;
      return ['INSERT', 'UPDATE', 'DELETE'].includes(permission) && session.login.role === 'writer' ? 1 : 0;
    }
    case 'SCHEMA': {
      if (sysadmin || permission === 'SELECT') return 1;
      return ['INSERT', 'UPDATE', 'DELETE'].includes(permission) && session.login.role === 'writer' ? 1 : 0;
    }
    case 'SERVER':
      return sysadmin ? 1 : 0;
    default:
      return null;
  }
};

const roles: Readonly<Record<'reader' | 'writer' | 'sysadmin', readonly string[]>> = {
  reader: ['public', 'db_datareader'],
  writer: ['public', 'db_datareader', 'db_datawriter'],
  sysadmin: ['public', 'db_owner'],
};
const databaseRoles = [
  'public',
  'db_owner',
  'db_accessadmin',
  'db_securityadmin',
  'db_ddladmin',
  'db_backupoperator',
  'db_datareader',
  'db_datawriter',
  'db_denydatareader',
  'db_denydatawriter',
];
const serverRoles = [
  'sysadmin',
  'securityadmin',
  'serveradmin',
  'setupadmin',
  'processadmin',
  'diskadmin',
  'dbcreator',
  'bulkadmin',
  'public',
];

const userName = (session: SessionState): string => (session.login.role === 'sysadmin' ? 'dbo' : session.login.user);
const user: Read = (_server, session) => userName(session);
const loginName: Read = (_server, session) => session.login.user;

/** Functions about the server, the session, objects and rights. */
export const metadataFunctions: FunctionTable = {
  DB_NAME: asking([int], 0, name, (server, session, id) => {
    const database = id === undefined ? session.database : id === null ? undefined : databaseById(server, id as number);
    return database?.name ?? null;
  }),
  DB_ID: asking([name], 0, { name: 'smallint' }, (server, session, wanted) => {
    if (wanted === undefined) return session.database.id;
    return wanted === null ? null : (findDatabase(server, wanted as string)?.id ?? null);
  }),
  OBJECT_ID: asking([name, name], 1, int, (server, session, wanted, kind) => {
    const table = tableByName(server, session, wanted);
    if (table === undefined || !isVisible(session.login, table)) return null;
    const own = table.kind === 'view' ? 'V' : 'U';
    return kind === undefined || kind === null || (kind as string).trim().toUpperCase() === own ? table.objectId : null;
  }),
  OBJECT_NAME: asking([int, int], 1, name, (server, session, id, database) => {
    const home =
      database === undefined || database === null ? session.database : databaseById(server, database as number);
    const table = id === null || home === undefined ? undefined : tableById(home, id as number);
    return table !== undefined && isVisible(session.login, table) ? table.name : null;
  }),
  OBJECT_SCHEMA_NAME: asking(
    [int],
    1,
    name,
    (_server, session, id) => tableById(session.database, Number(id))?.schema ?? null,
  ),
  SCHEMA_NAME: asking([int], 0, name, (_server, _session, id) => {
    if (id === undefined) return 'dbo';
    return { 1: 'dbo', 2: 'guest', 3: 'INFORMATION_SCHEMA', 4: 'sys' }[id as 1] ?? null;
  }),
  SCHEMA_ID: asking([name], 0, int, (_server, _session, wanted) => {
    if (wanted === undefined) return 1;
    return { dbo: 1, guest: 2, information_schema: 3, sys: 4 }[String(wanted).toLowerCase() as 'dbo'] ?? null;
  }),
  TYPE_NAME: asking(
    [int],
    1,
    name,
    (_server, _session, id) => typeIds.find((type) => type.userTypeId === id)?.name ?? null,
  ),
  TYPE_ID: asking(
    [name],
    1,
    int,
    (_server, _session, wanted) =>
      typeIds.find((type) => type.name === String(wanted).toLowerCase())?.userTypeId ?? null,
  ),
  COL_LENGTH: asking([name, name], 2, { name: 'smallint' }, (server, session, table, column) => {
    const found = tableByName(server, session, table);
    const type = found?.columns[columnIndex(found, String(column ?? ''))]?.type;
    if (type === undefined) return null;
    const length = typeIds.find((known) => known.name === type.name)?.maxLength ?? 0;
    const own = type.length ?? length;
    return lengthOf(type) === -1 ? (type.length === -1 ? -1 : 16) : isUnicode(type) ? own * 2 : own;
  }),
  COL_NAME: asking(
    [int, int],
    2,
    name,
    (_server, session, id, column) =>
      tableById(session.database, Number(id))?.columns[Number(column) - 1]?.name ?? null,
  ),
  SUSER_SNAME: asking([{ name: 'varbinary', length: 85 }], 0, name, loginName),
  SUSER_NAME: asking([int], 0, name, loginName),
  SYSTEM_USER: asking([], 0, name, loginName),
  ORIGINAL_LOGIN: asking([], 0, name, loginName),
  USER_NAME: asking([int], 0, { name: 'nvarchar', length: 256 }, user),
  USER: asking([], 0, name, user),
  CURRENT_USER: asking([], 0, name, user),
  SESSION_USER: asking([], 0, name, user),
  USER_ID: asking([name], 0, int, (_server, session) => (session.login.role === 'sysadmin' ? 1 : 5)),
  SUSER_ID: asking([name], 0, int, (server, session) => 256 + server.logins.indexOf(session.login)),
  HOST_NAME: asking([], 0, name, (_server, session) => session.hostName),
  APP_NAME: asking([], 0, name, (_server, session) => session.applicationName),
  ROWCOUNT_BIG: asking([], 0, { name: 'bigint' }, (_server, session) => BigInt(session.lastRowCount)),
  SCOPE_IDENTITY: asking(
    [],
    0,
    { name: 'numeric', precision: 38, scale: 0 },
    (_server, session) => session.lastIdentity,
  ),
  XACT_STATE: asking([], 0, { name: 'smallint' }, (_server, session) => (session.transactionCount > 0 ? 1 : 0)),
  HAS_DBACCESS: asking([name], 1, int, (server, session, wanted) => {
    const database = findDatabase(server, String(wanted ?? ''));
    return database === undefined ? null : mayOpen(session.login, database.name) ? 1 : 0;
  }),
  HAS_PERMS_BY_NAME: asking([name, name, name], 3, int, (server, session, ...asked) =>
    hasPermission(server, session, asked),
  ),
  IS_SRVROLEMEMBER: asking([name, name], 1, int, (server, session, role, login) => {
    const wanted = String(role ?? '').toLowerCase();
    const who =
      login === undefined || login === null
        ? session.login
        : server.logins.find((other) => other.user.toLowerCase() === String(login).toLowerCase());
    if (!serverRoles.includes(wanted) || who === undefined) return null;
    return wanted === 'public' || who.role === 'sysadmin' ? 1 : 0;
  }),
  IS_MEMBER: asking([name], 1, int, (_server, session, role) => {
    const wanted = String(role ?? '').toLowerCase();
    if (!databaseRoles.includes(wanted)) return null;
    // The owner of a database passes for every role but the denying ones.
    if (session.login.role === 'sysadmin') return wanted.startsWith('db_deny') ? 0 : 1;
    return roles[session.login.role].includes(wanted) ? 1 : 0;
  }),
  // Needs no right, unlike sys.dm_exec_connections. Text, since sql_variant is sent as what it holds.
  CONNECTIONPROPERTY: asking([name], 1, name, (_server, session, wanted) =>
    connectionProperty(session, String(wanted ?? '')),
  ),
  SERVERPROPERTY: asking([name], 1, name, (server, _session, wanted) => serverProperty(server, String(wanted ?? ''))),
  DATABASEPROPERTYEX: asking([name, name], 2, name, (server, _session, database, wanted) =>
    findDatabase(server, String(database ?? '')) === undefined ? null : databaseProperty(server, String(wanted ?? '')),
  ),
};
