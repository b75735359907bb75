import type { TypeFamily } from './field-map.ts';

const families: Readonly<Record<string, TypeFamily>> = {
  bit: 'whole',
  tinyint: 'whole',
  smallint: 'whole',
  int: 'whole',
  bigint: 'whole',
  decimal: 'number',
  numeric: 'number',
  float: 'number',
  real: 'number',
  money: 'number',
  smallmoney: 'number',
  char: 'text',
  varchar: 'text',
  nchar: 'text',
  nvarchar: 'text',
  text: 'text',
  ntext: 'text',
  datetime: 'moment',
  smalldatetime: 'moment',
  date: 'moment',
  datetime2: 'moment',
  datetimeoffset: 'moment',
  uniqueidentifier: 'guid',
};

/** The family of a type, undefined for those that nothing of ours can be read from. */
export const familyOf = (type: string): TypeFamily | undefined =>
  Object.hasOwn(families, type) ? families[type] : undefined;

/** Whether two columns can be compared without SQL Server having to convert one into what it may not be. */
export function joinable(left: TypeFamily | undefined, right: TypeFamily | undefined): boolean {
  const numeric = (family: TypeFamily | undefined): boolean => family === 'whole' || family === 'number';
  return left !== undefined && (left === right || (numeric(left) && numeric(right)));
}
