import { createHash, randomUUID } from 'node:crypto';

import type { SqlType } from '../../engine.ts';
import type { Scalar } from '../conversion/convert.ts';
import { encode1252 } from '../collation.ts';
import { divideRounded, power10 } from '../conversion/number-text.ts';
import { sqlError } from '../errors.ts';
import type { Typed } from '../translate/typed.ts';
import { decimalShape, familyOf, integerRanges, isString, isUnicode, isWide, typeLabel } from '../types.ts';
import type { FunctionTable, FunctionUse, ScalarFunction } from './function-table.ts';
import { argument, asInt } from './function-table.ts';

/** A number argument: strings become float, smaller integers int. */
const number = (use: FunctionUse, value: Typed): Typed => {
  const family = familyOf(value.type);
  if (family === 'temporal' || family === 'guid' || family === 'binary') {
    throw sqlError(8116, typeLabel(value.type), 1, use.call.name.toLowerCase());
  }
  if (isString(value.type) || value.type.name === 'bit' || value.type.name === 'real')
    return use.builder.convert(value, { name: 'float' });
  if (value.type.name === 'tinyint' || value.type.name === 'smallint')
    return use.builder.convert(value, { name: 'int' });
  if (value.type.name === 'smallmoney') return use.builder.convert(value, { name: 'money' });
  return value;
};

const float = (run: (value: number) => number): ScalarFunction => ({
  arguments: [1, 1],
  translate: (use, args) =>
    use.builder.call(
      use.call.name,
      [use.builder.convert(argument(args, 0), { name: 'float' })],
      { name: 'float' },
      (value) => {
        const result = run(value as number);
        if (Number.isNaN(result)) throw sqlError(3623);
        if (!Number.isFinite(result)) throw sqlError(8115, 'expression', 'float');
        return result;
      },
    ),
});

const rounded = (name: 'FLOOR' | 'CEILING', run: (value: number) => number): ScalarFunction => ({
  arguments: [1, 1],
  translate: (use, args) => {
    const value = number(use, argument(args, 0));
    const family = familyOf(value.type);
    if (family === 'integer') return value;
    const { precision, scale } = decimalShape(value.type);
    const unit = power10(scale);
    const result: SqlType = family === 'decimal' ? { name: 'numeric', precision, scale: 0 } : value.type;
    return use.builder.call(name, [value], result, (given) => {
      if (typeof given !== 'bigint') return run(given as number);
      let whole = given / unit;
      if (given % unit !== 0n && given < 0n === (name === 'FLOOR')) whole += name === 'FLOOR' ? -1n : 1n;
      return family === 'decimal' ? whole : whole * unit;
    });
  },
});

const fits = (value: Scalar, type: SqlType): Scalar => {
  const range = integerRanges[type.name];
  if (range !== undefined && (BigInt(value as number) < range[0] || BigInt(value as number) > range[1]))
    throw sqlError(8115, 'expression', type.name);
  return value;
};

/** Number functions, hashes and random values. */
export const numberFunctions: FunctionTable = {
  ABS: {
    arguments: [1, 1],
    translate: (use, args) => {
      const value = number(use, argument(args, 0));
      return use.builder.call('ABS', [value], value.type, (given) =>
        fits(typeof given === 'bigint' ? (given < 0n ? -given : given) : Math.abs(given as number), value.type),
      );
    },
  },
  SIGN: {
    arguments: [1, 1],
    translate: (use, args) => {
      const value = number(use, argument(args, 0));
      const unit = power10(familyOf(value.type) === 'integer' ? 0 : decimalShape(value.type).scale);
      return use.builder.call('SIGN', [value], value.type, (given) => {
        if (typeof given !== 'bigint') return Math.sign(given as number);
        return given === 0n ? 0n : given > 0n ? unit : -unit;
      });
    },
  },
  FLOOR: rounded('FLOOR', Math.floor),
  CEILING: rounded('CEILING', Math.ceil),
  ROUND: {
    arguments: [2, 3],
    translate: (use, args) => {
      const value = number(use, argument(args, 0));
      const rest = args.slice(1).map((other) => asInt(use, other));
      const scale =
        familyOf(value.type) === 'integer' || familyOf(value.type) === 'float' ? 0 : decimalShape(value.type).scale;
      return use.builder.call('ROUND', [value, ...rest], value.type, (given, digits, mode) => {
        const cutting = Number(mode ?? 0) !== 0;
        if (familyOf(value.type) === 'float') return roundFloat(given as number, digits as number, cutting);
        const places = scale - (digits as number);
        const exact = BigInt(given as number);
        if (places <= 0) return given;
        const unit = power10(places);
        const result = (cutting ? exact / unit : divideRounded(exact, unit)) * unit;
        const { precision } = decimalShape(value.type);
        if (familyOf(value.type) === 'decimal' && (result >= power10(precision) || result <= -power10(precision))) {
          throw sqlError(8115, 'expression', 'numeric');
        }
        return fits(isWide(value.type) ? result : Number(result), value.type);
      });
    },
  },
  POWER: {
    arguments: [2, 2],
    translate: (use, args) => {
      const value = number(use, argument(args, 0));
      const exponent = use.builder.convert(argument(args, 1), { name: 'float' });
      const base = use.builder.convert(value, { name: 'float' });
      const raised = use.builder.call('POWER', [base, exponent], { name: 'float' }, (x, y) => {
        const result = (x as number) ** (y as number);
        if (!Number.isFinite(result)) throw sqlError(8115, 'expression', 'float');
        return result;
      });
      return use.builder.convert(raised, value.type, { explicit: true });
    },
  },
  SQRT: float((value) => Math.sqrt(value)),
  SQUARE: float((value) => value * value),
  EXP: float(Math.exp),
  LOG: float((value) => (value <= 0 ? Number.NaN : Math.log(value))),
  LOG10: float((value) => (value <= 0 ? Number.NaN : Math.log10(value))),
  PI: { arguments: [0, 0], translate: () => ({ sql: String(Math.PI), type: { name: 'float' }, nullable: false }) },
  NEWID: {
    arguments: [0, 0],
    translate: (use) =>
      use.builder.call(
        'NEWID',
        [],
        { name: 'uniqueidentifier' },
        { nulls: true, volatile: true, run: () => randomUUID().toUpperCase() },
      ),
  },
  HASHBYTES: {
    arguments: [2, 2],
    translate: (use, args) => {
      const algorithm = argument(args, 0);
      const value = argument(args, 1);
      if (!isString(value.type) && familyOf(value.type) !== 'binary')
        throw sqlError(8116, typeLabel(value.type), 2, 'hashbytes');
      const unicode = isUnicode(value.type);
      return use.builder.call('HASHBYTES', [algorithm, value], { name: 'varbinary', length: 8000 }, (name, given) => {
        const known = { MD5: 'md5', SHA: 'sha1', SHA1: 'sha1' }[(name as string).trim().toUpperCase()];
        // MD2 and MD4 are gone from OpenSSL; SHA2 came with 2012 and is NULL here as it is there.
        if (known === undefined) return null;
        const bytes =
          given instanceof Uint8Array
            ? given
            : unicode
              ? Buffer.from(given as string, 'utf16le')
              : encode1252(given as string);
        if (bytes.length > 8000) throw sqlError(8152);
        return Uint8Array.from(createHash(known).update(bytes).digest());
      });
    },
  },
};

const roundFloat = (value: number, digits: number, cutting: boolean): number => {
  const unit = 10 ** digits;
  const scaled = value * unit;
  const whole = cutting ? Math.trunc(scaled) : Math.sign(scaled) * Math.round(Math.abs(scaled));
  return digits >= 0 ? Number((whole / unit).toPrecision(15)) : whole / unit;
};
