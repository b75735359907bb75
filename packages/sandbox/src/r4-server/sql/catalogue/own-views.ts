import type { SqlValue } from '../../engine.ts';
import type { ServerState, SessionState } from '../state.ts';
import { visibleTables } from './information-schema.ts';
import type { Database, Table } from './model.ts';
import { mayDo } from './permissions.ts';
import { sessionsSeen } from './server-views.ts';
import { countRows, indexesOf } from './system-views.ts';
import { columnsOf } from './views.ts';
import type { SystemView } from './views.ts';

const indexRows = (server: ServerState, session: SessionState, database: Database) =>
  visibleTables(session, database)
    .filter((table) => table.kind === 'table')
    .flatMap((table) => {
      const rows = countRows(server, table);
      return indexesOf(table).map((index) => ({ table, index, rows }));
    });

/** What a login has on a database as a whole, through its role. */
const databasePermissions = ({ login }: SessionState): readonly string[] => {
  if (login.role === 'sysadmin') {
    return 'CREATE TABLE,CREATE VIEW,CREATE PROCEDURE,CREATE FUNCTION,CREATE RULE,CREATE DEFAULT,BACKUP DATABASE,BACKUP LOG,CREATE TYPE,CREATE ASSEMBLY,CREATE XML SCHEMA COLLECTION,CREATE SCHEMA,CREATE SYNONYM,CREATE AGGREGATE,CREATE ROLE,CREATE MESSAGE TYPE,CREATE SERVICE,CREATE CONTRACT,CREATE REMOTE SERVICE BINDING,CREATE ROUTE,CREATE QUEUE,CREATE SYMMETRIC KEY,CREATE ASYMMETRIC KEY,CREATE FULLTEXT CATALOG,CREATE CERTIFICATE,CREATE DATABASE DDL EVENT NOTIFICATION,CONNECT,CONNECT REPLICATION,CHECKPOINT,SUBSCRIBE QUERY NOTIFICATIONS,AUTHENTICATE,SHOWPLAN,ALTER ANY USER,ALTER ANY ROLE,ALTER ANY APPLICATION ROLE,ALTER ANY SCHEMA,ALTER ANY ASSEMBLY,ALTER ANY DATASPACE,ALTER ANY MESSAGE TYPE,ALTER ANY CONTRACT,ALTER ANY SERVICE,ALTER ANY REMOTE SERVICE BINDING,ALTER ANY ROUTE,ALTER ANY FULLTEXT CATALOG,ALTER ANY SYMMETRIC KEY,ALTER ANY ASYMMETRIC KEY,ALTER ANY CERTIFICATE,SELECT,INSERT,UPDATE,DELETE,REFERENCES,EXECUTE,ALTER ANY DATABASE DDL TRIGGER,ALTER ANY DATABASE EVENT NOTIFICATION,ALTER ANY DATABASE AUDIT,VIEW DATABASE STATE,VIEW DEFINITION,TAKE OWNERSHIP,ALTER,CONTROL'.split(
      ',',
    );
  }
  return login.role === 'writer' ? ['CONNECT', 'SELECT', 'INSERT', 'UPDATE', 'DELETE'] : ['CONNECT', 'SELECT'];
};

const objectPermissions = (session: SessionState, table: Table): SqlValue[][] => {
  const whole =
    session.login.role === 'sysadmin'
      ? [
          'SELECT',
          'UPDATE',
          'REFERENCES',
          'INSERT',
          'DELETE',
          'VIEW CHANGE TRACKING',
          'VIEW DEFINITION',
          'ALTER',
          'TAKE OWNERSHIP',
          'CONTROL',
        ]
      : (['SELECT', 'UPDATE', 'INSERT', 'DELETE'] as const).filter((one) => mayDo(session.login, table, one));
  const byColumn = whole.filter((one) => ['SELECT', 'UPDATE', 'REFERENCES'].includes(one));
  const entity = `${table.schema}.${table.name}`;
  return [
    ...whole.map((one) => [entity, '', one]),
    ...table.columns.flatMap((column) => byColumn.map((one) => [entity, column.name, one])),
  ];
};

/**
 * Rows of `fn_my_permissions(securable, class)`: entity_name, subentity_name, permission_name.
 * @param securable the table asked for, where there is one
 */
export const myPermissions = (
  session: SessionState,
  kind: string,
  securable: Table | undefined,
): readonly (readonly SqlValue[])[] => {
  switch (kind.toUpperCase()) {
    case 'DATABASE':
      return databasePermissions(session).map((name) => ['database', '', name]);
    case 'OBJECT':
      return securable === undefined ? [] : objectPermissions(session, securable);
    case 'SERVER':
      return [
        'CONNECT SQL',
        'VIEW ANY DATABASE',
        ...(session.login.role === 'sysadmin'
          ? 'SHUTDOWN,CREATE ENDPOINT,CREATE ANY DATABASE,ALTER ANY LOGIN,ALTER ANY CREDENTIAL,ALTER ANY ENDPOINT,ALTER ANY LINKED SERVER,ALTER ANY CONNECTION,ALTER ANY DATABASE,ALTER RESOURCES,ALTER SETTINGS,ALTER TRACE,ADMINISTER BULK OPERATIONS,AUTHENTICATE SERVER,EXTERNAL ACCESS ASSEMBLY,VIEW ANY DEFINITION,VIEW SERVER STATE,CREATE DDL EVENT NOTIFICATION,CREATE TRACE EVENT NOTIFICATION,ALTER ANY EVENT NOTIFICATION,ALTER SERVER STATE,UNSAFE ASSEMBLY,ALTER ANY SERVER AUDIT,CONTROL SERVER'.split(
              ',',
            )
          : []),
      ].map((name) => ['server', '', name]);
    default:
      return [];
  }
};

/** What `fn_my_permissions` gives. */
export const permissionColumns = columnsOf(
  'entity_name nvarchar(128)?, subentity_name nvarchar(128)?, permission_name nvarchar(60)?',
);

/** Views of connections, requests, rights and row counts. */
export const ownViews: readonly SystemView[] = [
  {
    schema: 'sys',
    name: 'dm_exec_connections',
    requires: 'VIEW SERVER STATE',
    columns: columnsOf(
      'session_id int?, most_recent_session_id int?, connect_time datetime, net_transport nvarchar(40), protocol_type nvarchar(40)?, encrypt_option nvarchar(40), auth_scheme nvarchar(40), node_affinity smallint, client_net_address varchar(48)?, local_net_address varchar(48)?',
    ),
    rows: (server, session) =>
      sessionsSeen(server, session).map((one) => [
        one.id,
        one.id,
        one.loginMs,
        'TCP',
        'TSQL',
        one.encrypted ? 'TRUE' : 'FALSE',
        'SQL',
        0,
        '127.0.0.1',
        '127.0.0.1',
      ]),
  },
  {
    schema: 'sys',
    name: 'dm_exec_requests',
    columns: columnsOf(
      'session_id smallint, request_id int, start_time datetime, status nvarchar(30), command nvarchar(16), database_id smallint, user_id int, blocking_session_id smallint?, wait_type nvarchar(60)?, wait_time int, open_transaction_count int, transaction_isolation_level smallint, lock_timeout int, row_count bigint',
    ),
    rows: (_server, session) => [
      [
        session.id,
        0,
        session.statementMs,
        'running',
        'SELECT',
        session.database.id,
        1,
        0,
        null,
        0,
        session.transactionCount,
        { 'READ UNCOMMITTED': 1, 'REPEATABLE READ': 3, SERIALIZABLE: 4, SNAPSHOT: 5 }[session.options.isolationLevel] ??
          2,
        session.options.lockTimeoutMs,
        session.lastRowCount,
      ],
    ],
  },
  {
    schema: 'sys',
    name: 'database_permissions',
    columns: columnsOf(
      'class tinyint, class_desc nvarchar(60)?, major_id int, minor_id int, grantee_principal_id int, grantor_principal_id int, type char(4), permission_name nvarchar(128)?, state char(1), state_desc nvarchar(60)?',
    ),
    rows: (server, session, database) =>
      server.logins
        .filter((login) => login.role !== 'sysadmin')
        .flatMap((login, index): SqlValue[][] => {
          if (session.login.role !== 'sysadmin' && session.login !== login) return [];
          const principal = 5 + index;
          const denied = [...database.tables.values()].filter((table) => !mayDo(login, table, 'SELECT'));
          return [
            [0, 'DATABASE', 0, 0, principal, 1, 'CO  ', 'CONNECT', 'G', 'GRANT'],
            ...denied.map((table): SqlValue[] => [
              1,
              'OBJECT_OR_COLUMN',
              table.objectId,
              0,
              principal,
              1,
              'SL  ',
              'SELECT',
              'D',
              'DENY',
            ]),
          ];
        }),
  },
  {
    schema: 'sys',
    name: 'sysindexes',
    columns: columnsOf(
      'id int, status int?, indid smallint?, keycnt smallint?, name sysname?, rows int?, rowcnt bigint?',
    ),
    rows: (server, session, database) =>
      indexRows(server, session, database).map(({ table, index, rows }) => [
        table.objectId,
        (index.unique ? 2 : 0) + (index.id === 1 ? 16 : 0) + (index.primary ? 2048 : 0),
        index.id,
        index.columns.length,
        index.name,
        rows,
        rows,
      ]),
  },
  {
    schema: 'sys',
    name: 'dm_db_partition_stats',
    requires: 'VIEW DATABASE STATE',
    columns: columnsOf('partition_id bigint?, object_id int, index_id int, partition_number int, row_count bigint?'),
    rows: (server, session, database) =>
      indexRows(server, session, database).map(({ table, index, rows }) => [
        table.objectId * 8 + index.id,
        table.objectId,
        index.id,
        1,
        rows,
      ]),
  },
];
