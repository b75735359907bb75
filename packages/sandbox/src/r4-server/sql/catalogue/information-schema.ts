import type { ColumnDefinition, SqlType, SqlValue } from '../../engine.ts';
import { decimalShape, familyOf, isLegacyLob, isString, isUnicode, typeLabel } from '../types.ts';
import type { ServerState, SessionState } from '../state.ts';
import type { Database, Table } from './model.ts';
import { isVisible } from './permissions.ts';
import { columnsOf } from './views.ts';
import type { SystemView } from './views.ts';

/** Tables of a database that the session sees, by name. */
export const visibleTables = (session: SessionState, database: Database): Table[] =>
  [...database.tables.values()].filter((table) => isVisible(session.login, table));

/** Characters and bytes as the catalogue reports them. */
const lengths = (type: SqlType): readonly [characters: number | null, bytes: number | null] => {
  const family = familyOf(type);
  if (family !== 'string' && family !== 'binary') return [null, null];
  if (type.name === 'text' || type.name === 'image') return [2147483647, 2147483647];
  if (type.name === 'ntext') return [1073741823, 2147483646];
  if (type.name === 'timestamp') return [null, null];
  const length = type.length ?? 1;
  if (length === -1) return [-1, -1];
  return [length, isUnicode(type) ? length * 2 : length];
};

/** Precision, radix and scale as INFORMATION_SCHEMA.COLUMNS reports them. */
const numbers = (type: SqlType): readonly [precision: number | null, radix: number | null, scale: number | null] => {
  switch (type.name) {
    case 'float':
      return [53, 2, null];
    case 'real':
      return [24, 2, null];
    case 'bit':
      return [null, null, null];
    default: {
      const family = familyOf(type);
      if (family !== 'integer' && family !== 'decimal' && family !== 'money') return [null, null, null];
      const { precision, scale } = decimalShape(type);
      return [precision, 10, scale];
    }
  }
};

const datetimePrecision = (type: SqlType): number | null => {
  if (familyOf(type) !== 'temporal') return null;
  return type.name === 'datetime' ? 3 : type.name === 'datetime2' || type.name === 'time' ? (type.scale ?? 7) : 0;
};

const columnRow = (server: ServerState, table: Table, column: ColumnDefinition, ordinal: number): SqlValue[] => {
  const { type } = column;
  const text = isString(type);
  return [
    table.database.name,
    table.schema,
    table.name,
    column.name,
    ordinal,
    null,
    column.nullable ? 'YES' : 'NO',
    typeLabel(type) === 'numeric' ? type.name : type.name,
    ...lengths(type),
    ...numbers(type),
    datetimePrecision(type),
    null,
    null,
    text ? (isUnicode(type) ? 'UNICODE' : 'iso_1') : null,
    null,
    null,
    text ? (type.collation ?? server.collation) : null,
    null,
    null,
    null,
  ];
};

/** Key columns of a table's primary key and unique indexes. */
const constraints = (table: Table) =>
  table.primaryKey.length === 0 ? [] : [{ name: table.primaryKeyName, type: 'PRIMARY KEY', columns: table.primaryKey }];

/** INFORMATION_SCHEMA. */
export const informationSchemaViews: readonly SystemView[] = [
  {
    schema: 'INFORMATION_SCHEMA',
    name: 'TABLES',
    columns: columnsOf('TABLE_CATALOG sysname?, TABLE_SCHEMA sysname?, TABLE_NAME sysname, TABLE_TYPE varchar(10)?'),
    rows: (_server, session, database) =>
      visibleTables(session, database).map((table) => [
        database.name,
        table.schema,
        table.name,
        table.kind === 'view' ? 'VIEW' : 'BASE TABLE',
      ]),
  },
  {
    schema: 'INFORMATION_SCHEMA',
    name: 'COLUMNS',
    columns: columnsOf(
      `TABLE_CATALOG sysname?, TABLE_SCHEMA sysname?, TABLE_NAME sysname, COLUMN_NAME sysname?, ORDINAL_POSITION int?, COLUMN_DEFAULT nvarchar(4000)?,
       IS_NULLABLE varchar(3)?, DATA_TYPE sysname?, CHARACTER_MAXIMUM_LENGTH int?, CHARACTER_OCTET_LENGTH int?, NUMERIC_PRECISION tinyint?,
       NUMERIC_PRECISION_RADIX smallint?, NUMERIC_SCALE int?, DATETIME_PRECISION smallint?, CHARACTER_SET_CATALOG sysname?,
       CHARACTER_SET_SCHEMA sysname?, CHARACTER_SET_NAME sysname?, COLLATION_CATALOG sysname?, COLLATION_SCHEMA sysname?,
       COLLATION_NAME sysname?, DOMAIN_CATALOG sysname?, DOMAIN_SCHEMA sysname?, DOMAIN_NAME sysname?`,
    ),
    rows: (server, session, database) =>
      visibleTables(session, database).flatMap((table) =>
        table.columns.map((column, index) => columnRow(server, table, column, index + 1)),
      ),
  },
  {
    schema: 'INFORMATION_SCHEMA',
    name: 'VIEWS',
    columns: columnsOf(
      'TABLE_CATALOG sysname?, TABLE_SCHEMA sysname?, TABLE_NAME sysname, VIEW_DEFINITION nvarchar(4000)?, CHECK_OPTION varchar(7)?, IS_UPDATABLE varchar(2)',
    ),
    rows: (_server, session, database) =>
      visibleTables(session, database)
        .filter((table) => table.kind === 'view')
        .map((table) => [database.name, table.schema, table.name, null, 'NONE', 'NO']),
  },
  {
    schema: 'INFORMATION_SCHEMA',
    name: 'TABLE_CONSTRAINTS',
    columns: columnsOf(
      `CONSTRAINT_CATALOG sysname?, CONSTRAINT_SCHEMA sysname?, CONSTRAINT_NAME sysname, TABLE_CATALOG sysname?, TABLE_SCHEMA sysname?,
       TABLE_NAME sysname?, CONSTRAINT_TYPE varchar(11)?, IS_DEFERRABLE varchar(2), INITIALLY_DEFERRED varchar(2)`,
    ),
    rows: (_server, session, database) =>
      visibleTables(session, database).flatMap((table) =>
        constraints(table).map(({ name, type }) => [
          database.name,
          table.schema,
          name,
          database.name,
          table.schema,
          table.name,
          type,
          'NO',
          'NO',
        ]),
      ),
  },
  {
    schema: 'INFORMATION_SCHEMA',
    name: 'KEY_COLUMN_USAGE',
    columns: columnsOf(
      `CONSTRAINT_CATALOG sysname?, CONSTRAINT_SCHEMA sysname?, CONSTRAINT_NAME sysname, TABLE_CATALOG sysname?, TABLE_SCHEMA sysname?,
       TABLE_NAME sysname?, COLUMN_NAME sysname?, ORDINAL_POSITION int`,
    ),
    rows: (_server, session, database) =>
      visibleTables(session, database).flatMap((table) =>
        constraints(table).flatMap(({ name, columns }) =>
          columns.map((column, index) => [
            database.name,
            table.schema,
            name,
            database.name,
            table.schema,
            table.name,
            column,
            index + 1,
          ]),
        ),
      ),
  },
  {
    schema: 'INFORMATION_SCHEMA',
    name: 'SCHEMATA',
    columns: columnsOf(
      `CATALOG_NAME sysname?, SCHEMA_NAME sysname, SCHEMA_OWNER sysname?, DEFAULT_CHARACTER_SET_CATALOG sysname?,
       DEFAULT_CHARACTER_SET_SCHEMA sysname?, DEFAULT_CHARACTER_SET_NAME sysname?`,
    ),
    rows: (_server, _session, database) =>
      ['dbo', 'guest', 'INFORMATION_SCHEMA', 'sys'].map((name) => [database.name, name, name, null, null, 'iso_1']),
  },
];

/** Can the type hold text without a limit? For the `sys` views. */
export const isUnlimited = (type: SqlType): boolean => isLegacyLob(type) || type.length === -1;
