import { storeAs } from '../stored.ts';
import type { Dialect, DialectColumn, DialectName, DialectNames, DialectTable } from '../dialect.ts';
import type { LogicalField, LogicalTableName } from '../logical.ts';
import { addressTable } from './address-table.ts';
import { classic } from './classic.ts';
import { lowerCase } from './lower-case.ts';
import { medicalHistory } from './medical-history.ts';

/** All dialects, by name. */
export const dialects: Readonly<Record<DialectName, Dialect>> = {
  classic,
  'address-table': addressTable,
  'lower-case': lowerCase,
  'medical-history': medicalHistory,
};

/** The dialects' names, in the order in which they are documented. */
export const dialectNames = Object.keys(dialects) as readonly DialectName[];

/** The name map of a dialect, for whoever reads or writes R4 in it. */
export const namesOf = (name: DialectName): DialectNames => {
  const dialect = dialects[name];

  const tableOf = <T extends LogicalTableName>(table: T): DialectTable<T> => {
    const found = dialect.tables[table] as DialectTable<T> | undefined;
    if (found === undefined) throw new RangeError(`The dialect "${name}" has no table for ${table}.`);
    return found;
  };
  const columnOf = <T extends LogicalTableName>(table: T, field: LogicalField<T>): DialectColumn<T> => {
    const found = tableOf(table).columns.find((column) => column.field === field);
    if (found === undefined) throw new RangeError(`The dialect "${name}" has no column for ${table}.${field}.`);
    return found;
  };

  return {
    name,
    addressPlace: dialect.addressPlace,
    table: (table) => tableOf(table).name,
    column: (table, field) => {
      const { name: column, type } = columnOf(table, field);
      return { table: tableOf(table).name, column, type };
    },
    has: (table, field) =>
      dialect.tables[table] !== undefined &&
      (field === undefined || tableOf(table).columns.some((column) => column.field === field)),
    fields: (table) => tableOf(table).columns.map((column) => column.field),
    stored: (table, field, value) => {
      const { type, spell } = columnOf(table, field);
      return storeAs(type)(spell === undefined ? value : spell(value));
    },
  };
};
