import type { ColumnDefinition, SqlValue } from '../../engine.ts';
import { decimalShape, familyOf, isString, isUnicode } from '../types.ts';
import type { ServerState, SessionState } from '../state.ts';
import { isUnlimited, visibleTables } from './information-schema.ts';
import type { Database, Table } from './model.ts';
import { columnIndex } from './model.ts';
import { serverViews } from './server-views.ts';
import { typeIds } from './type-ids.ts';
import { columnsOf } from './views.ts';
import type { SystemView } from './views.ts';

const typeIdOf = (column: ColumnDefinition) => typeIds.find((type) => type.name === column.type.name);

/** max_length, precision and scale of `sys.columns`. */
const shapeOf = (column: ColumnDefinition): readonly [length: number, precision: number, scale: number] => {
  const { type } = column;
  const known = typeIdOf(column);
  const family = familyOf(type);
  if (family === 'string' || family === 'binary') {
    if (isUnlimited(type)) return [type.length === -1 ? -1 : 16, 0, 0];
    return [(type.length ?? known?.maxLength ?? 1) * (isUnicode(type) ? 2 : 1), 0, 0];
  }
  if (family === 'decimal') {
    const { precision, scale } = decimalShape(type);
    return [precision < 10 ? 5 : precision < 20 ? 9 : precision < 29 ? 13 : 17, precision, scale];
  }
  return [known?.maxLength ?? 0, known?.precision ?? 0, known?.scale ?? 0];
};

/** A table's heap or clustered index, and its other indexes, as the catalogue numbers them. */
export const indexesOf = (table: Table) => [
  ...(table.primaryKey.length === 0
    ? [{ id: 0, name: null, type: 'HEAP', unique: false, primary: false, columns: [] as readonly string[] }]
    : [
        {
          id: 1,
          name: table.primaryKeyName,
          type: 'CLUSTERED',
          unique: true,
          primary: true,
          columns: table.primaryKey,
        },
      ]),
  ...table.indexes.map((index, at) => ({
    id: at + 2,
    name: index.name,
    type: 'NONCLUSTERED',
    unique: index.unique === true,
    primary: false,
    columns: index.columns,
  })),
];

const objectColumns =
  'name sysname, object_id int, principal_id int?, schema_id int, parent_object_id int, type char(2), type_desc nvarchar(60)?, create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit';

const objectRow = (table: Table): SqlValue[] => [
  table.name,
  table.objectId,
  null,
  1,
  0,
  ...(table.kind === 'view' ? ['V ', 'VIEW'] : ['U ', 'USER_TABLE']),
  table.database.createdMs,
  table.database.createdMs,
  0,
  0,
  0,
];
/** A primary key is an object too. */
const keyObjectRow = (table: Table): SqlValue[] => [
  table.primaryKeyName,
  table.objectId + 1,
  null,
  1,
  table.objectId,
  'PK',
  'PRIMARY_KEY_CONSTRAINT',
  table.database.createdMs,
  table.database.createdMs,
  0,
  0,
  0,
];
const objects = (session: SessionState, database: Database): SqlValue[][] =>
  visibleTables(session, database).flatMap((table) =>
    table.primaryKey.length === 0 ? [objectRow(table)] : [objectRow(table), keyObjectRow(table)],
  );

const columnsOfTables = (session: SessionState, database: Database) =>
  visibleTables(session, database).flatMap((table) =>
    table.columns.map((column, index) => ({ table, column, ordinal: index + 1 })),
  );

const tablesOfKind = (kind: Table['kind']) => (_server: ServerState, session: SessionState, database: Database) =>
  visibleTables(session, database)
    .filter((table) => table.kind === kind)
    .map(objectRow);

/** How many rows a table holds now. */
export const countRows = (server: ServerState, table: Table): number =>
  Number(
    server.storage.sqlite.prepare(`SELECT COUNT(*) AS n FROM "${table.storedName.replaceAll('"', '""')}"`).get()?.[
      'n'
    ] ?? 0,
  );

/** The `sys` schema. */
export const systemViews: readonly SystemView[] = [
  ...serverViews,
  {
    schema: 'sys',
    name: 'objects',
    columns: columnsOf(objectColumns),
    rows: (_server, session, database) => objects(session, database),
  },
  {
    schema: 'sys',
    name: 'all_objects',
    columns: columnsOf(objectColumns),
    rows: (_server, session, database) => objects(session, database),
  },
  { schema: 'sys', name: 'tables', columns: columnsOf(objectColumns), rows: tablesOfKind('table') },
  { schema: 'sys', name: 'views', columns: columnsOf(objectColumns), rows: tablesOfKind('view') },
  {
    schema: 'sys',
    name: 'columns',
    columns: columnsOf(
      `object_id int, name sysname?, column_id int, system_type_id tinyint, user_type_id int, max_length smallint, precision tinyint, scale tinyint,
       collation_name sysname?, is_nullable bit?, is_ansi_padded bit, is_rowguidcol bit, is_identity bit, is_computed bit`,
    ),
    rows: (server, session, database) =>
      columnsOfTables(session, database).map(({ table, column, ordinal }) => [
        table.objectId,
        column.name,
        ordinal,
        typeIdOf(column)?.systemTypeId ?? 0,
        typeIdOf(column)?.userTypeId ?? 0,
        ...shapeOf(column),
        isString(column.type) ? (column.type.collation ?? server.collation) : null,
        column.nullable ? 1 : 0,
        1,
        0,
        column.identity === true ? 1 : 0,
        0,
      ]),
  },
  {
    schema: 'sys',
    name: 'identity_columns',
    columns: columnsOf('object_id int, name sysname?, column_id int, is_identity bit'),
    rows: (_server, session, database) =>
      columnsOfTables(session, database)
        .filter(({ column }) => column.identity === true)
        .map(({ table, column, ordinal }) => [table.objectId, column.name, ordinal, 1]),
  },
  {
    schema: 'sys',
    name: 'types',
    columns: columnsOf(
      'name sysname, system_type_id tinyint, user_type_id int, schema_id int, principal_id int?, max_length smallint, precision tinyint, scale tinyint, collation_name sysname?, is_nullable bit?, is_user_defined bit, is_assembly_type bit',
    ),
    rows: (server) =>
      typeIds.map((type) => [
        type.name,
        type.systemTypeId,
        type.userTypeId,
        4,
        null,
        type.maxLength,
        type.precision,
        type.scale,
        [35, 99, 167, 175, 231, 239].includes(type.systemTypeId) ? server.collation : null,
        1,
        0,
        0,
      ]),
  },
  {
    schema: 'sys',
    name: 'schemas',
    columns: columnsOf('name sysname, schema_id int, principal_id int?'),
    rows: () => ['dbo', 'guest', 'INFORMATION_SCHEMA', 'sys'].map((name, index) => [name, index + 1, index + 1]),
  },
  {
    schema: 'sys',
    name: 'indexes',
    columns: columnsOf(
      'object_id int, name sysname?, index_id int, type tinyint, type_desc nvarchar(60)?, is_unique bit?, is_primary_key bit?, is_unique_constraint bit?, is_disabled bit?, is_hypothetical bit?',
    ),
    rows: (_server, session, database) =>
      visibleTables(session, database)
        .filter((table) => table.kind === 'table')
        .flatMap((table) =>
          indexesOf(table).map((index) => [
            table.objectId,
            index.name,
            index.id,
            {
              HEAP: 0,
              CLUSTERED: 1,
              NONCLUSTERED: 2,
            }[index.type] ?? 0,
            index.type,
            index.unique ? 1 : 0,
            index.primary ? 1 : 0,
            0,
            0,
            0,
          ]),
        ),
  },
  {
    schema: 'sys',
    name: 'index_columns',
    columns: columnsOf(
      'object_id int, index_id int, index_column_id int, column_id int, key_ordinal tinyint, partition_ordinal tinyint, is_descending_key bit?, is_included_column bit?',
    ),
    rows: (_server, session, database) =>
      visibleTables(session, database)
        .filter((table) => table.kind === 'table')
        .flatMap((table) =>
          indexesOf(table).flatMap((index) =>
            index.columns.map((column, at) => [
              table.objectId,
              index.id,
              at + 1,
              columnIndex(table, column) + 1,
              at + 1,
              0,
              0,
              0,
            ]),
          ),
        ),
  },
  {
    schema: 'sys',
    name: 'key_constraints',
    columns: columnsOf(`${objectColumns}, unique_index_id int?, is_system_named bit`),
    rows: (_server, session, database) =>
      visibleTables(session, database)
        .filter((table) => table.primaryKey.length > 0)
        .map((table) => [...keyObjectRow(table), 1, 0]),
  },
  {
    schema: 'sys',
    name: 'partitions',
    columns: columnsOf(
      'partition_id bigint, object_id int, index_id int, partition_number int, hobt_id bigint, rows bigint?',
    ),
    rows: (server, session, database) =>
      visibleTables(session, database)
        .filter((table) => table.kind === 'table')
        .flatMap((table) => {
          const rows = countRows(server, table);
          return indexesOf(table).map((index) => [
            table.objectId * 8 + index.id,
            table.objectId,
            index.id,
            1,
            table.objectId * 8 + index.id,
            rows,
          ]);
        }),
  },
  {
    schema: 'sys',
    name: 'sysobjects',
    columns: columnsOf(
      'name sysname, id int, xtype char(2), uid smallint?, info smallint?, status int?, parent_obj int, crdate datetime, type char(2)?',
    ),
    rows: (_server, session, database) =>
      objects(session, database).map((row) => [
        row[0] ?? null,
        row[1] ?? null,
        row[5] ?? null,
        1,
        0,
        0,
        row[4] ?? null,
        row[7] ?? null,
        row[5] === 'PK' ? 'K ' : (row[5] ?? null),
      ]),
  },
  {
    schema: 'sys',
    name: 'syscolumns',
    columns: columnsOf(
      'name sysname?, id int, xtype tinyint, xusertype smallint?, length smallint, colid smallint?, prec smallint?, scale int?, isnullable int?, collation sysname?',
    ),
    rows: (server, session, database) =>
      columnsOfTables(session, database).map(({ table, column, ordinal }) => {
        const [length, precision, scale] = shapeOf(column);
        const ids = typeIdOf(column);
        return [
          column.name,
          table.objectId,
          ids?.systemTypeId ?? 0,
          ids?.userTypeId ?? 0,
          length,
          ordinal,
          precision,
          scale,
          column.nullable ? 1 : 0,
          isString(column.type) ? (column.type.collation ?? server.collation) : null,
        ];
      }),
  },
];
