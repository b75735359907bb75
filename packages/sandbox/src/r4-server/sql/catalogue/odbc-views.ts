import type { ColumnDefinition, SqlValue } from '../../engine.ts';
import { decimalShape, isUnicode } from '../types.ts';
import { visibleTables } from './information-schema.ts';
import { typeIds } from './type-ids.ts';
import { columnsOf } from './views.ts';
import type { SystemView } from './views.ts';

/** How ODBC sees a type. */
interface OdbcType {
  /** SQL_… numbers for ODBC 2 and 3; they differ for dates. */
  readonly odbc2: number;
  readonly odbc3: number;
  /** Type numbers of SQL Server 6: nullable, and not. */
  readonly old: readonly [nullable: number, fixed: number];
  readonly precision: number | null;
  readonly length: number | null;
  readonly scale: number | null;
  readonly radix: number | null;
  readonly affixes?: readonly [prefix: string, suffix: string];
  readonly parameters?: string;
}

const type = (
  odbc: number | readonly [number, number],
  old: OdbcType['old'],
  [precision, length, scale, radix]: readonly (number | null)[],
  more: Partial<OdbcType> = {},
): OdbcType => ({
  odbc2: typeof odbc === 'number' ? odbc : odbc[0],
  odbc3: typeof odbc === 'number' ? odbc : odbc[1],
  old,
  precision: precision ?? null,
  length: length ?? null,
  scale: scale ?? null,
  radix: radix ?? null,
  ...more,
});

const quoted = { affixes: ["'", "'"] } as const;
const quotedUnicode = { affixes: ["N'", "'"] } as const;
const hexadecimal = { affixes: ['0x', ''] } as const;
const sized = { parameters: 'max length' } as const;

const odbcTypes: Readonly<Record<string, OdbcType>> = {
  bit: type(-7, [50, 50], [1, 1, null, null]),
  tinyint: type(-6, [38, 48], [3, 1, 0, 10]),
  smallint: type(5, [38, 52], [5, 2, 0, 10]),
  int: type(4, [38, 56], [10, 4, 0, 10]),
  bigint: type(-5, [108, 63], [19, 8, 0, 10]),
  decimal: type(3, [106, 106], [38, 40, 0, 10], { parameters: 'precision,scale' }),
  numeric: type(2, [108, 108], [38, 40, 0, 10], { parameters: 'precision,scale' }),
  money: type(3, [110, 60], [19, 21, 4, 10], { affixes: ['$', ''] }),
  smallmoney: type(3, [110, 122], [10, 12, 4, 10], { affixes: ['$', ''] }),
  float: type(6, [109, 62], [15, 8, null, 10]),
  real: type(7, [109, 59], [7, 4, null, 10]),
  datetime: type([11, 93], [111, 61], [23, 16, 3, null], quoted),
  smalldatetime: type([11, 93], [111, 58], [16, 16, 0, null], quoted),
  date: type(-9, [0, 0], [10, 20, null, null], quoted),
  time: type(-9, [0, 0], [16, 32, null, null], quoted),
  datetime2: type(-9, [0, 0], [27, 54, null, null], quoted),
  char: type(1, [39, 47], [8000, 8000, null, null], { ...quoted, parameters: 'length' }),
  varchar: type(12, [39, 39], [8000, 8000, null, null], { ...quoted, ...sized }),
  text: type(-1, [35, 35], [2147483647, 2147483647, null, null], quoted),
  nchar: type(-8, [39, 47], [4000, 8000, null, null], { ...quotedUnicode, parameters: 'length' }),
  nvarchar: type(-9, [39, 39], [4000, 8000, null, null], { ...quotedUnicode, ...sized }),
  sysname: type(-9, [39, 39], [128, 256, null, null], quotedUnicode),
  ntext: type(-10, [35, 35], [1073741823, 2147483646, null, null], quotedUnicode),
  binary: type(-2, [37, 45], [8000, 8000, null, null], { ...hexadecimal, parameters: 'length' }),
  varbinary: type(-3, [37, 37], [8000, 8000, null, null], { ...hexadecimal, ...sized }),
  image: type(-4, [34, 34], [2147483647, 2147483647, null, null], hexadecimal),
  timestamp: type(-2, [37, 45], [8, 8, null, null], hexadecimal),
  uniqueidentifier: type(-11, [37, 37], [36, 16, null, null], quoted),
};

const temporal: ReadonlySet<string> = new Set(['datetime', 'smalldatetime']);
const textOrBytes = /char$|text$|binary$|^image$|^timestamp$|^sysname$/;
/** Columns of unlimited length appear to old drivers as the types that they know. */
const unlimited: Readonly<Record<string, string>> = { varchar: 'text', nvarchar: 'ntext', varbinary: 'image' };

const columnShape = (column: ColumnDefinition) => {
  const { type: declared } = column;
  const name = declared.length === -1 ? (unlimited[declared.name] ?? declared.name) : declared.name;
  const odbc = odbcTypes[name];
  if (odbc === undefined) throw new Error(`ODBC has no type for ${name}`);
  if (name === 'decimal' || name === 'numeric') {
    const { precision, scale } = decimalShape(declared);
    return { name, odbc, precision, length: precision + 2, scale };
  }
  if (['char', 'varchar', 'nchar', 'nvarchar', 'binary', 'varbinary'].includes(name)) {
    const length = declared.length ?? 1;
    return { name, odbc, precision: length, length: isUnicode(declared) ? length * 2 : length, scale: null };
  }
  if (name === 'time' || name === 'datetime2') {
    const digits = declared.scale ?? 7;
    const precision = (name === 'time' ? 8 : 19) + (digits === 0 ? 0 : digits + 1);
    return { name, odbc, precision, length: precision * 2, scale: null };
  }
  return { name, odbc, precision: odbc.precision, length: odbc.length, scale: odbc.scale };
};

/** What sp_columns and sp_datatype_info read. */
export const odbcViews: readonly SystemView[] = [
  {
    schema: 'sys',
    name: 'spt_columns_odbc_view',
    columns: columnsOf(
      `TABLE_QUALIFIER sysname?, TABLE_OWNER sysname?, TABLE_NAME sysname, COLUMN_NAME sysname, DATA_TYPE_2 smallint, DATA_TYPE_3 smallint, TYPE_NAME sysname,
       PRECISION int?, LENGTH int?, SCALE smallint?, RADIX smallint?, NULLABLE smallint, REMARKS varchar(254)?, COLUMN_DEF nvarchar(4000)?,
       SQL_DATA_TYPE smallint, SQL_DATETIME_SUB smallint?, CHAR_OCTET_LENGTH int?, ORDINAL_POSITION int, IS_NULLABLE varchar(254), SS_DATA_TYPE tinyint`,
    ),
    rows: (_server, session, database) =>
      visibleTables(session, database).flatMap((table) =>
        table.columns.map((column, index): SqlValue[] => {
          const { name, odbc, precision, length, scale } = columnShape(column);
          return [
            database.name,
            table.schema,
            table.name,
            column.name,
            odbc.odbc2,
            odbc.odbc3,
            column.identity === true ? `${name} identity` : name,
            precision,
            length,
            scale,
            odbc.radix,
            column.nullable ? 1 : 0,
            null,
            null,
            temporal.has(name) ? 9 : odbc.odbc3,
            temporal.has(name) ? 3 : null,
            textOrBytes.test(name) ? length : null,
            index + 1,
            column.nullable ? 'YES' : 'NO',
            odbc.old[column.nullable ? 0 : 1],
          ];
        }),
      ),
  },
  {
    schema: 'sys',
    name: 'spt_datatype_info',
    columns: columnsOf(
      `TYPE_NAME sysname, DATA_TYPE_2 smallint, DATA_TYPE_3 smallint, PRECISION int?, LITERAL_PREFIX varchar(32)?, LITERAL_SUFFIX varchar(32)?, CREATE_PARAMS varchar(32)?,
       NULLABLE smallint, CASE_SENSITIVE smallint, SEARCHABLE smallint, UNSIGNED_ATTRIBUTE smallint?, MONEY smallint, AUTO_INCREMENT smallint?,
       LOCAL_TYPE_NAME sysname, MINIMUM_SCALE smallint?, MAXIMUM_SCALE smallint?, SQL_DATA_TYPE smallint, SQL_DATETIME_SUB smallint?,
       NUM_PREC_RADIX int?, INTERVAL_PRECISION smallint?, USERTYPE smallint?`,
    ),
    rows: () =>
      typeIds.flatMap((known): SqlValue[][] => {
        const odbc = odbcTypes[known.name];
        if (odbc === undefined) return [];
        const numeric = odbc.radix !== null;
        const scaled = known.name === 'decimal' || known.name === 'numeric';
        const autoIncrement = numeric && !['float', 'real', 'money', 'smallmoney'].includes(known.name);
        const row = (name: string, increments: number | null): SqlValue[] => [
          name,
          odbc.odbc2,
          odbc.odbc3,
          odbc.precision,
          odbc.affixes?.[0] ?? null,
          odbc.affixes?.[1] === '' ? null : (odbc.affixes?.[1] ?? null),
          increments === 1 && !scaled ? null : (odbc.parameters ?? null),
          increments === 1 || known.name === 'timestamp' ? 0 : 1,
          0,
          /^(?:n?text|image)$/.test(known.name)
            ? known.name === 'image'
              ? 0
              : 1
            : known.name.endsWith('char')
              ? 3
              : 2,
          numeric ? (known.name === 'tinyint' ? 1 : 0) : null,
          known.name.endsWith('money') ? 1 : 0,
          increments,
          name,
          numeric && odbc.scale !== null ? odbc.scale : temporal.has(known.name) ? odbc.scale : null,
          scaled ? 38 : numeric && odbc.scale !== null ? odbc.scale : temporal.has(known.name) ? odbc.scale : null,
          temporal.has(known.name) ? 9 : odbc.odbc3,
          temporal.has(known.name) ? 3 : null,
          odbc.radix,
          null,
          known.userTypeId,
        ];
        const plain = row(known.name, numeric ? 0 : null);
        return autoIncrement ? [plain, row(`${known.name}${scaled ? '()' : ''} identity`, 1)] : [plain];
      }),
  },
];
