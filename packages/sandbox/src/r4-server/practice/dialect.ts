import type { SqlType, SqlValue, TableDefinition } from '../engine.ts';
import { storeAs } from './stored.ts';
import type { LogicalField, LogicalTableName, LogicalTables } from './logical.ts';

/** One column of a dialect: which logical field it holds, under which name and type. */
export interface DialectColumn<T extends LogicalTableName> {
  readonly field: LogicalField<T>;
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  /** Where this practice writes a value differently (`Male` for `M`). */
  readonly spell?: (value: SqlValue) => SqlValue;
}

/** One table of a dialect. */
export interface DialectTable<T extends LogicalTableName> {
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly columns: readonly DialectColumn<T>[];
  readonly primaryKey: readonly LogicalField<T>[];
  readonly indexes: readonly (readonly LogicalField<T>[])[];
}

/** Where a dialect keeps addresses. */
export type AddressPlace =
  /** Columns of the patients' table. */
  | 'patient'
  /** A table joined by an address code; one household shares one row. */
  | 'address-code'
  /** A table joined by the patient's code. */
  | 'patient-code';

/** How one practice's R4 spells its database. A table that a practice does not have is absent. */
export interface Dialect {
  readonly name: DialectName;
  readonly what: string;
  readonly addressPlace: AddressPlace;
  readonly tables: { readonly [T in LogicalTableName]?: DialectTable<T> };
}

export type DialectName = 'classic' | 'address-table' | 'lower-case' | 'medical-history';

/** Where a logical field lives. */
export interface ColumnPlace {
  readonly table: string;
  readonly column: string;
  readonly type: SqlType;
}

/** A dialect as a reader or writer of R4 needs it: the name of each table and column. */
export interface DialectNames {
  readonly name: DialectName;
  readonly addressPlace: AddressPlace;
  /** The table's name, without schema (always `dbo`). @throws RangeError where this dialect lacks it. */
  table(table: LogicalTableName): string;
  /** The column that holds a field. @throws RangeError where this dialect lacks it. */
  column<T extends LogicalTableName>(table: T, field: LogicalField<T>): ColumnPlace;
  has<T extends LogicalTableName>(table: T, field?: LogicalField<T>): boolean;
  /** The fields that a table has in this dialect, in the order of its columns. */
  fields<T extends LogicalTableName>(table: T): readonly LogicalField<T>[];
  /** The value as this dialect's column holds it (`Male` for `M`; cut to length; CP1252). */
  stored<T extends LogicalTableName>(table: T, field: LogicalField<T>, value: SqlValue): SqlValue;
}

/** A column as a dialect writes it down. Keys are NOT NULL, all others may be NULL. */
export type ColumnSpec<T extends LogicalTableName> = readonly [
  field: LogicalField<T>,
  name: string,
  type: SqlType,
  spell?: (value: SqlValue) => SqlValue,
];

export interface TableOptions<T extends LogicalTableName> {
  readonly kind?: 'table' | 'view';
  readonly key?: readonly LogicalField<T>[];
  readonly indexes?: readonly (readonly LogicalField<T>[])[];
}

/** Writes a dialect's table down. */
export const table = <T extends LogicalTableName>(
  name: string,
  columns: readonly ColumnSpec<T>[],
  options: TableOptions<T> = {},
): DialectTable<T> => ({
  name,
  kind: options.kind ?? 'table',
  primaryKey: options.key ?? [],
  indexes: options.indexes ?? [],
  columns: columns.map(([field, column, type, spell]) => ({
    field,
    name: column,
    type,
    nullable: !(options.key ?? []).includes(field),
    ...(spell === undefined ? {} : { spell }),
  })),
});

/** The table's shape as the engine takes it. */
export const definitionOf = <T extends LogicalTableName>(source: DialectTable<T>): TableDefinition => {
  const physical = (field: LogicalField<T>): string =>
    source.columns.find((column) => column.field === field)?.name ?? field;
  return {
    name: source.name,
    kind: source.kind,
    columns: source.columns.map(({ name, type, nullable }) => ({ name, type, nullable })),
    ...(source.primaryKey.length > 0 ? { primaryKey: source.primaryKey.map(physical) } : {}),
    indexes: source.indexes.map((fields) => ({
      name: `IX_${source.name}_${fields.map(physical).join('_')}`,
      columns: fields.map(physical),
    })),
  };
};

/** The rows of a logical table as this dialect's table holds them, column by column. */
export const storedRows = function* <T extends LogicalTableName>(
  source: DialectTable<T>,
  rows: Iterable<LogicalTables[T]>,
): Generator<readonly SqlValue[]> {
  const cells = source.columns.map(({ field, type, spell }) => {
    const store = storeAs(type);
    return { field, store: spell === undefined ? store : (value: SqlValue) => store(spell(value)) };
  });
  for (const row of rows) {
    const values: SqlValue[] = [];
    for (const cell of cells) values.push(cell.store(row[cell.field] as SqlValue));
    yield values;
  }
};
