import type { SqlType, SqlTypeName } from '../engine.ts';

/** SQL Server's data type precedence, highest first: the other side of an operator is converted to the higher one. */
const precedence: readonly SqlTypeName[] = [
  ...([
    'datetime2',
    'datetime',
    'smalldatetime',
    'date',
    'time',
    'float',
    'real',
    'decimal',
    'numeric',
    'money',
    'smallmoney',
  ] as const),
  ...([
    'bigint',
    'int',
    'smallint',
    'tinyint',
    'bit',
    'ntext',
    'text',
    'image',
    'timestamp',
    'uniqueidentifier',
  ] as const),
  ...(['nvarchar', 'nchar', 'varchar', 'char', 'varbinary', 'binary'] as const),
];

const rank = new Map(precedence.map((name, index) => [name, index]));

/** What values of a type have in common, for deciding conversions. */
export type TypeFamily = 'integer' | 'decimal' | 'money' | 'float' | 'string' | 'temporal' | 'binary' | 'guid';

const families: Readonly<Record<SqlTypeName, TypeFamily>> = {
  bit: 'integer',
  tinyint: 'integer',
  smallint: 'integer',
  int: 'integer',
  bigint: 'integer',
  char: 'string',
  varchar: 'string',
  text: 'string',
  nchar: 'string',
  nvarchar: 'string',
  ntext: 'string',
  datetime: 'temporal',
  smalldatetime: 'temporal',
  date: 'temporal',
  datetime2: 'temporal',
  time: 'temporal',
  money: 'money',
  smallmoney: 'money',
  decimal: 'decimal',
  numeric: 'decimal',
  float: 'float',
  real: 'float',
  uniqueidentifier: 'guid',
  binary: 'binary',
  varbinary: 'binary',
  image: 'binary',
  timestamp: 'binary',
};

/** The family of a type. */
export const familyOf = (type: SqlType): TypeFamily => families[type.name];

/** Character types. */
export const isString = (type: SqlType): boolean => families[type.name] === 'string';
/** `nchar`, `nvarchar`, `ntext`. */
export const isUnicode = (type: SqlType): boolean => type.name.startsWith('n') && isString(type);
/** Values that are `bigint` inside the functions of this half, because they outgrow 2^53. */
export const isWide = (type: SqlType): boolean =>
  type.name === 'bigint' || families[type.name] === 'decimal' || families[type.name] === 'money';
/** `text`, `ntext`, `image`: neither compared nor sorted (error 306). */
export const isLegacyLob = (type: SqlType): boolean =>
  type.name === 'text' || type.name === 'ntext' || type.name === 'image';
/** Blank-padded to their length. */
export const isFixedText = (type: SqlType): boolean => type.name === 'char' || type.name === 'nchar';

/** The value range of the integer types. */
export const integerRanges: Readonly<Partial<Record<SqlTypeName, readonly [bigint, bigint]>>> = {
  bit: [0n, 1n],
  tinyint: [0n, 255n],
  smallint: [-32768n, 32767n],
  int: [-2147483648n, 2147483647n],
  bigint: [-9223372036854775808n, 9223372036854775807n],
};

/** Digits before and after the point that a number type needs when it becomes a decimal. */
export const decimalShape = (type: SqlType): { precision: number; scale: number } => {
  switch (type.name) {
    case 'bit':
      return { precision: 1, scale: 0 };
    case 'tinyint':
      return { precision: 3, scale: 0 };
    case 'smallint':
      return { precision: 5, scale: 0 };
    case 'int':
      return { precision: 10, scale: 0 };
    case 'bigint':
      return { precision: 19, scale: 0 };
    case 'money':
      return { precision: 19, scale: 4 };
    case 'smallmoney':
      return { precision: 10, scale: 4 };
    default:
      return { precision: type.precision ?? 18, scale: type.scale ?? 0 };
  }
};

/** A decimal that fits 38 digits, giving up scale before whole digits as SQL Server does. */
export const cappedDecimal = (precision: number, scale: number): SqlType => {
  if (precision <= 38) return { name: 'numeric', precision, scale };
  const whole = precision - scale;
  return { name: 'numeric', precision: 38, scale: Math.max(38 - whole, Math.min(scale, 6)) };
};

/** Characters (or bytes) a type holds; -1 is (max). */
export const lengthOf = (type: SqlType): number => {
  if (isLegacyLob(type)) return -1;
  return type.length ?? 1;
};

/** Length of two put together; beyond the limit it stays at the limit, (max) stays (max). */
export const joinedLength = (left: number, right: number, limit: number): number =>
  left === -1 || right === -1 ? -1 : Math.min(left + right, limit);

const longerLength = (left: number, right: number): number =>
  left === -1 || right === -1 ? -1 : Math.max(left, right);

/** The type to which both sides go in a comparison, CASE, UNION or COALESCE. */
export const commonType = (left: SqlType, right: SqlType): SqlType => {
  const [high, low] = (rank.get(left.name) ?? 0) <= (rank.get(right.name) ?? 0) ? [left, right] : [right, left];
  const collation = left.collation ?? right.collation;
  if (familyOf(high) === 'string' && isString(low)) {
    if (isLegacyLob(high)) return high;
    const length = longerLength(lengthOf(left), lengthOf(right));
    // A fixed-length side joined with a varying one varies.
    const varying = isFixedText(high) && !isFixedText(low) ? (isUnicode(high) ? 'nvarchar' : 'varchar') : high.name;
    return { name: varying, length, ...(collation !== undefined && { collation }) };
  }
  if (familyOf(high) === 'binary' && familyOf(low) === 'binary' && !isLegacyLob(high)) {
    return { name: high.name, length: longerLength(lengthOf(left), lengthOf(right)) };
  }
  if (
    familyOf(high) === 'decimal' &&
    (familyOf(low) === 'decimal' || familyOf(low) === 'integer' || familyOf(low) === 'money')
  ) {
    const a = decimalShape(left);
    const b = decimalShape(right);
    const scale = Math.max(a.scale, b.scale);
    const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
    return { ...cappedDecimal(whole + scale, scale), name: high.name };
  }
  if (high.name === 'datetime2' && low.name === 'datetime2')
    return { name: 'datetime2', scale: Math.max(high.scale ?? 7, low.scale ?? 7) };
  return high;
};

/** The name that messages use. */
export const typeLabel = (type: SqlType): string => (type.name === 'decimal' ? 'numeric' : type.name);

/** A text that is the same for equal types: a key for caches. */
export const typeKey = (type: SqlType): string =>
  `${type.name}(${type.length ?? ''},${type.precision ?? ''},${type.scale ?? ''})${type.collation ?? ''}`;
