import type { SqlType, SqlTypeName } from '../engine.ts';

/** SQL Server's types, written as a table definition writes them. */
const simple = (name: SqlTypeName): SqlType => ({ name });
const sized =
  (name: SqlTypeName) =>
  (length: number): SqlType => ({ name, length });

export const int = simple('int');
export const smallint = simple('smallint');
export const tinyint = simple('tinyint');
export const bigint = simple('bigint');
export const bit = simple('bit');
export const datetime = simple('datetime');
export const smalldatetime = simple('smalldatetime');
export const date = simple('date');
export const money = simple('money');
export const float = simple('float');
export const text = simple('text');
export const ntext = simple('ntext');
export const image = simple('image');
export const uniqueidentifier = simple('uniqueidentifier');
export const char = sized('char');
export const varchar = sized('varchar');
export const nvarchar = sized('nvarchar');
export const varcharMax: SqlType = { name: 'varchar', length: -1 };
export const decimal = (precision: number, scale: number): SqlType => ({ name: 'decimal', precision, scale });
