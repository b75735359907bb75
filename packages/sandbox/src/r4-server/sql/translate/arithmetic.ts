import type { SqlType } from '../../engine.ts';
import type { Scalar } from '../conversion/convert.ts';
import { dayMs, epoch1900Ms, roundDatetime } from '../conversion/calendar.ts';
import { power10, rescale } from '../conversion/number-text.ts';
import { sqlError } from '../errors.ts';
import type { ArithmeticOperator } from '../parse/ast.ts';
import {
  cappedDecimal,
  commonType,
  decimalShape,
  familyOf,
  integerRanges,
  isLegacyLob,
  isUnicode,
  joinedLength,
  lengthOf,
  typeLabel,
} from '../types.ts';
import { resolveCollation } from './conditions.ts';
import type { Translation } from './context.ts';
import type { Typed } from './typed.ts';

const operatorNames: Readonly<Record<ArithmeticOperator, string>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '&': "'&'",
  '|': "'|'",
  '^': "'^'",
};

/** One operator between two scalars, with the result types of [Precision, Scale, and Length]. */
export const translateArithmetic = (
  translation: Translation,
  operator: ArithmeticOperator,
  left: Typed,
  right: Typed,
): Typed => {
  const { builder } = translation;
  if (left.untyped === true && right.untyped === true) return { sql: 'NULL', type: { name: 'int' }, nullable: true };
  const [a, b] = [
    left.untyped === true ? { ...left, type: right.type } : left,
    right.untyped === true ? { ...right, type: left.type } : right,
  ];
  const type = commonType(a.type, b.type);
  const invalid = (bad: SqlType) => sqlError(8117, typeLabel(bad), operatorNames[operator]);
  if (isLegacyLob(a.type) || isLegacyLob(b.type))
    throw sqlError(402, typeLabel(a.type), typeLabel(b.type), operatorNames[operator]);
  switch (familyOf(type)) {
    case 'string':
      if (operator !== '+') throw sqlError(402, typeLabel(a.type), typeLabel(b.type), operatorNames[operator]);
      return concatenate(translation, a, b);
    case 'integer':
      return integers(translation, operator, builder.convert(a, type), builder.convert(b, type));
    case 'temporal':
      return temporal(translation, operator, a, b);
    case 'guid':
      throw invalid(type);
    case 'binary':
      if (operator !== '+') throw invalid(type);
      return builder.call(
        'concat-bytes',
        [a, b],
        { name: 'varbinary', length: joinedLength(lengthOf(a.type), lengthOf(b.type), 8000) },
        (x, y) => Uint8Array.from([...(x as Uint8Array), ...(y as Uint8Array)]),
      );
    case 'float': {
      if ('&|^%'.includes(operator)) throw sqlError(402, typeLabel(a.type), typeLabel(b.type), operatorNames[operator]);
      const [x, y] = [builder.convert(a, type), builder.convert(b, type)];
      return builder.call(`float${operator}`, [x, y], type, (p, q) => floats(operator, p as number, q as number, type));
    }
    case 'money':
    case 'decimal': {
      if ('&|^'.includes(operator)) throw sqlError(402, typeLabel(a.type), typeLabel(b.type), operatorNames[operator]);
      const money = familyOf(type) === 'money';
      const [x, y] = [builder.convert(a, toExact(a, type)), builder.convert(b, toExact(b, type))];
      const result = money ? type : decimalResult(operator, x.type, y.type);
      return builder.call(`exact${operator}`, [x, y], result, (p, q) =>
        exact(operator, { value: p as bigint, type: x.type }, { value: q as bigint, type: y.type }, result),
      );
    }
  }
};

/** Strings become the exact type; decimals, integers and money keep their own scale. */
const toExact = (value: Typed, common: SqlType): SqlType => {
  if (familyOf(common) === 'money') return common;
  const family = familyOf(value.type);
  if (family === 'decimal') return value.type;
  if (family === 'integer' || family === 'money') {
    // A literal integer counts as wide as it is written.
    const digits = /^\d+$/.test(value.sql) && family === 'integer' ? value.sql.length : undefined;
    const shape = decimalShape(value.type);
    return { name: 'numeric', precision: digits ?? shape.precision, scale: shape.scale };
  }
  return common;
};

const decimalResult = (operator: ArithmeticOperator, left: SqlType, right: SqlType): SqlType => {
  const [a, b] = [decimalShape(left), decimalShape(right)];
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
  switch (operator) {
    case '*':
      return cappedDecimal(a.precision + b.precision + 1, a.scale + b.scale);
    case '/': {
      const scale = Math.max(6, a.scale + b.precision + 1);
      return cappedDecimal(a.precision - a.scale + b.scale + scale, scale);
    }
    case '%': {
      const scale = Math.max(a.scale, b.scale);
      return cappedDecimal(Math.min(a.precision - a.scale, b.precision - b.scale) + scale, scale);
    }
    default: {
      const scale = Math.max(a.scale, b.scale);
      return cappedDecimal(whole + scale + 1, scale);
    }
  }
};

interface Exact {
  readonly value: bigint;
  readonly type: SqlType;
}

const exact = (operator: ArithmeticOperator, left: Exact, right: Exact, result: SqlType): bigint => {
  const [a, b] = [decimalShape(left.type), decimalShape(right.type)];
  const { precision, scale } = decimalShape(result);
  const wide = Math.max(a.scale, b.scale);
  const [x, y] = [rescale(left.value, a.scale, wide), rescale(right.value, b.scale, wide)];
  let value: bigint;
  switch (operator) {
    case '+':
      value = rescale(x + y, wide, scale);
      break;
    case '-':
      value = rescale(x - y, wide, scale);
      break;
    case '*':
      value = rescale(left.value * right.value, a.scale + b.scale, scale);
      break;
    case '/':
      if (y === 0n) throw sqlError(8134);
      // Division cuts off, it does not round.
      value = (x * power10(scale)) / y;
      break;
    default:
      if (y === 0n) throw sqlError(8134);
      value = rescale(x % y, wide, scale);
  }
  const limit = familyOf(result) === 'money' ? 9223372036854775808n : power10(precision);
  if (value >= limit || value <= -limit) throw sqlError(8115, 'expression', typeLabel(result));
  return value;
};

const floats = (operator: ArithmeticOperator, left: number, right: number, type: SqlType): number => {
  if (operator === '/' && right === 0) throw sqlError(8134);
  const value =
    operator === '+' ? left + right : operator === '-' ? left - right : operator === '*' ? left * right : left / right;
  const fitted = type.name === 'real' ? Math.fround(value) : value;
  if (!Number.isFinite(fitted)) throw sqlError(8115, 'expression', type.name);
  return fitted;
};

const integers = (translation: Translation, operator: ArithmeticOperator, left: Typed, right: Typed): Typed => {
  const { type } = left;
  if (type.name === 'bit') {
    if (!'&|^'.includes(operator)) throw sqlError(8117, 'bit', operatorNames[operator]);
  }
  const [low, high] = integerRanges[type.name] ?? [0n, 0n];
  const wide = type.name === 'bigint';
  return translation.builder.call(`integer${operator}`, [left, right], type, (p, q) => {
    const [x, y] = [BigInt(p as number), BigInt(q as number)];
    if ((operator === '/' || operator === '%') && y === 0n) throw sqlError(8134);
    const value = integerOperation(operator, x, y);
    if (value < low || value > high) throw sqlError(8115, 'expression', type.name);
    return wide ? value : Number(value);
  });
};

const integerOperation = (operator: ArithmeticOperator, x: bigint, y: bigint): bigint => {
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return x / y;
    case '%':
      return x % y;
    case '&':
      return x & y;
    case '|':
      return x | y;
    case '^':
      return x ^ y;
  }
};

/** datetime + number: days; datetime - datetime: a datetime. The newer types have no arithmetic. */
const temporal = (translation: Translation, operator: ArithmeticOperator, left: Typed, right: Typed): Typed => {
  const type = commonType(left.type, right.type);
  const legacy = (value: SqlType) =>
    value.name === 'datetime' || value.name === 'smalldatetime' || familyOf(value) !== 'temporal';
  if (!legacy(left.type) || !legacy(right.type)) {
    throw familyOf(left.type) === familyOf(right.type)
      ? sqlError(8117, typeLabel(left.type), operatorNames[operator])
      : sqlError(206, typeLabel(right.type), typeLabel(left.type));
  }
  if (operator !== '+' && operator !== '-') throw sqlError(8117, typeLabel(type), operatorNames[operator]);
  const { builder } = translation;
  const [a, b] = [builder.convert(left, type, { explicit: true }), builder.convert(right, type, { explicit: true })];
  return builder.call(`temporal${operator}`, [a, b], type, (p, q) => {
    const offset = (q as number) - epoch1900Ms;
    const value = roundDatetime(operator === '+' ? (p as number) + offset : (p as number) - offset);
    if (Math.abs(value) > 4000 * 366 * dayMs * 3) throw sqlError(8115, 'expression', type.name);
    return value;
  });
};

const concatenate = (translation: Translation, left: Typed, right: Typed): Typed => {
  const unicode = isUnicode(left.type) || isUnicode(right.type);
  const length = joinedLength(lengthOf(left.type), lengthOf(right.type), unicode ? 4000 : 8000);
  const fixed = !left.type.name.includes('var') && !right.type.name.includes('var');
  const collation = resolveCollation(translation, left, right, 'add operator');
  const name = unicode ? (fixed ? 'nchar' : 'nvarchar') : fixed ? 'char' : 'varchar';
  const type: SqlType = { name, length, ...(collation !== undefined && { collation }) };
  const limit = unicode ? 4000 : 8000;
  const needsCut = length !== -1 && lengthOf(left.type) + lengthOf(right.type) > limit;
  const sql = needsCut ? `substr(${left.sql} || ${right.sql}, 1, ${limit})` : `(${left.sql} || ${right.sql})`;
  return { sql, type, nullable: left.nullable || right.nullable };
};

/** `-x`, `+x`, `~x`. */
export const translateUnary = (translation: Translation, operator: '-' | '+' | '~', operand: Typed): Typed => {
  const { builder } = translation;
  const { type } = operand;
  const family = familyOf(type);
  if (operand.untyped === true || operator === '+') return operand;
  if (operator === '~') {
    if (family !== 'integer') throw sqlError(8117, typeLabel(type), "'~'");
    return builder.call('not-bits', [operand], type, (value) => {
      if (type.name === 'bit') return value === 0 ? 1 : 0;
      if (type.name === 'tinyint') return 255 - (value as number);
      return typeof value === 'bigint' ? ~value : ~(value as number);
    });
  }
  if (family === 'string' || family === 'guid' || family === 'temporal' || family === 'binary' || type.name === 'bit') {
    throw sqlError(8117, typeLabel(type), 'minus');
  }
  if (/^\d+(\.\d+)?$/.test(operand.sql)) {
    // -2147483648 is an int although 2147483648 is not… in SQL Server it stays numeric, and so here.
    return { ...operand, sql: `-${operand.sql}` };
  }
  const [low, high] = integerRanges[type.name] ?? [];
  const result: SqlType = type.name === 'tinyint' ? { name: 'smallint' } : type;
  return builder.call('negate', [operand], result, (value) => {
    const negated: Scalar = typeof value === 'bigint' ? -value : -(value as number);
    if (
      type.name !== 'tinyint' &&
      low !== undefined &&
      high !== undefined &&
      BigInt(Math.trunc(Number(negated))) > high
    ) {
      throw sqlError(8115, 'expression', type.name);
    }
    return negated;
  });
};
