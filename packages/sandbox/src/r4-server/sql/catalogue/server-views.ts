import type { SqlValue } from '../../engine.ts';
import type { ServerState, SessionState } from '../state.ts';
import { stateNumbers } from './model.ts';
import { columnsOf } from './views.ts';
import type { SystemView } from './views.ts';

const serverPrincipals = (server: ServerState): SqlValue[][] => [
  ...server.logins.map((login, index): SqlValue[] => [
    login.user,
    login.role === 'sysadmin' ? 1 : 256 + index,
    'S',
    'SQL_LOGIN',
    login.failure === 18470 ? 1 : 0,
    server.startedMs,
    server.startedMs,
    login.defaultDatabase,
    'us_english',
  ]),
  ['public', 2, 'R', 'SERVER_ROLE', 0, server.startedMs, server.startedMs, null, null],
  ['sysadmin', 3, 'R', 'SERVER_ROLE', 0, server.startedMs, server.startedMs, null, null],
];

const databasePrincipals = (server: ServerState): SqlValue[][] => [
  ['dbo', 1, 'S', 'SQL_USER', 'dbo', server.startedMs, server.startedMs, 0],
  ['guest', 2, 'S', 'SQL_USER', 'guest', server.startedMs, server.startedMs, 0],
  ...server.logins
    .filter((login) => login.role !== 'sysadmin')
    .map((login, index): SqlValue[] => [
      login.user,
      5 + index,
      'S',
      'SQL_USER',
      'dbo',
      server.startedMs,
      server.startedMs,
      0,
    ]),
  ['db_owner', 16384, 'R', 'DATABASE_ROLE', null, server.startedMs, server.startedMs, 1],
  ['db_datareader', 16390, 'R', 'DATABASE_ROLE', null, server.startedMs, server.startedMs, 1],
  ['db_datawriter', 16391, 'R', 'DATABASE_ROLE', null, server.startedMs, server.startedMs, 1],
];

const roleMembers = (server: ServerState): SqlValue[][] =>
  server.logins
    .filter((login) => login.role !== 'sysadmin')
    .flatMap((login, index) => [[16390, 5 + index], ...(login.role === 'writer' ? [[16391, 5 + index]] : [])]);

/** Sessions that a login sees: its own, or all for an administrator. */
export const sessionsSeen = (server: ServerState, session: SessionState): SessionState[] =>
  session.login.role === 'sysadmin' ? [...server.sessions.values()] : [session];

/** Views about the server as a whole. */
export const serverViews: readonly SystemView[] = [
  {
    schema: 'sys',
    name: 'databases',
    columns: columnsOf(
      `name sysname, database_id int, source_database_id int?, create_date datetime, compatibility_level tinyint, collation_name sysname?,
       user_access tinyint?, user_access_desc nvarchar(60)?, is_read_only bit?, is_auto_close_on bit, is_auto_shrink_on bit?, state tinyint?,
       state_desc nvarchar(60)?, is_in_standby bit?, snapshot_isolation_state tinyint?, snapshot_isolation_state_desc nvarchar(60)?,
       is_read_committed_snapshot_on bit?, recovery_model tinyint?, recovery_model_desc nvarchar(60)?`,
    ),
    rows: (server) =>
      [...server.catalogue.databases.values()].map((database) => [
        database.name,
        database.id,
        null,
        database.createdMs,
        100,
        server.collation,
        database.condition === 'SINGLE_USER' ? 1 : 0,
        database.condition === 'SINGLE_USER' ? 'SINGLE_USER' : 'MULTI_USER',
        0,
        0,
        0,
        stateNumbers[database.condition],
        database.condition === 'SINGLE_USER' ? 'ONLINE' : database.condition,
        0,
        0,
        'OFF',
        database.readCommittedSnapshot ? 1 : 0,
        3,
        'SIMPLE',
      ]),
  },
  {
    schema: 'sys',
    name: 'sysdatabases',
    columns: columnsOf(
      'name sysname, dbid smallint?, mode smallint?, status int?, crdate datetime, cmptlevel tinyint, filename nvarchar(260)?, version smallint?',
    ),
    rows: (server) =>
      [...server.catalogue.databases.values()].map((database) => [
        database.name,
        database.id,
        0,
        65544,
        database.createdMs,
        100,
        `D:\\DATA\\${database.name}.mdf`,
        661,
      ]),
  },
  {
    schema: 'sys',
    name: 'dm_exec_sessions',
    columns: columnsOf(
      `session_id smallint, login_time datetime, host_name nvarchar(128)?, program_name nvarchar(128)?, host_process_id int?, login_name nvarchar(128),
       status nvarchar(30), transaction_isolation_level smallint, lock_timeout int, deadlock_priority int, row_count bigint, prev_error int,
       original_login_name nvarchar(128), is_user_process bit, language nvarchar(128)?, date_format nvarchar(3)?, date_first smallint`,
    ),
    rows: (server, session) =>
      sessionsSeen(server, session).map((other) => [
        other.id,
        other.loginMs,
        other.hostName,
        other.applicationName,
        null,
        other.login.user,
        other === session ? 'running' : 'sleeping',
        isolationNumber(other),
        other.options.lockTimeoutMs,
        0,
        other.lastRowCount,
        other.lastError,
        other.login.user,
        1,
        other.options.language,
        other.options.dateOrder,
        other.options.dateFirst,
      ]),
  },
  {
    schema: 'sys',
    name: 'sysprocesses',
    columns: columnsOf(
      'spid smallint, dbid smallint, open_tran smallint, status nchar(30), hostname nchar(128), program_name nchar(128), loginame nchar(128)',
    ),
    rows: (server, session) =>
      sessionsSeen(server, session).map((other) => [
        other.id,
        other.database.id,
        other.transactionCount,
        (other === session ? 'running' : 'sleeping').padEnd(30),
        other.hostName.padEnd(128),
        other.applicationName.padEnd(128),
        other.login.user.padEnd(128),
      ]),
  },
  {
    schema: 'sys',
    name: 'server_principals',
    columns: columnsOf(
      'name sysname, principal_id int, type char(1), type_desc nvarchar(60)?, is_disabled bit?, create_date datetime, modify_date datetime, default_database_name sysname?, default_language_name sysname?',
    ),
    rows: (server, session) =>
      serverPrincipals(server).filter(
        (row) => session.login.role === 'sysadmin' || row[2] === 'R' || row[0] === session.login.user,
      ),
  },
  {
    schema: 'sys',
    name: 'database_principals',
    columns: columnsOf(
      'name sysname, principal_id int, type char(1), type_desc nvarchar(60)?, default_schema_name sysname?, create_date datetime, modify_date datetime, is_fixed_role bit',
    ),
    rows: (server, session) =>
      databasePrincipals(server).filter(
        (row) =>
          session.login.role === 'sysadmin' || row[2] === 'R' || Number(row[1]) < 5 || row[0] === session.login.user,
      ),
  },
  {
    schema: 'sys',
    name: 'database_role_members',
    columns: columnsOf('role_principal_id int, member_principal_id int'),
    rows: (server) => roleMembers(server),
  },
  {
    schema: 'sys',
    name: 'configurations',
    columns: columnsOf('configuration_id int, name nvarchar(35), value int?, value_in_use int?'),
    rows: () => [
      [1539, 'max degree of parallelism', 0, 0],
      [1544, 'max server memory (MB)', 2147483647, 2147483647],
    ],
  },
];

const isolationNumber = (session: SessionState): number =>
  ({ 'READ UNCOMMITTED': 1, 'READ COMMITTED': 2, 'REPEATABLE READ': 3, SERIALIZABLE: 4, SNAPSHOT: 5 })[
    session.options.isolationLevel
  ] ?? 0;
