import type { SqlType } from '../../engine.ts';
import { sqlError, unsupported } from '../errors.ts';
import { decimalShape, familyOf, integerRanges, isString, isWide, typeLabel } from '../types.ts';
import { toBinary, toGuid, toTemporal } from './convert-other.ts';
import { toText } from './convert-text.ts';
import type { DateOrder } from './date-text.ts';
import { divideRounded, parseMoney, parseScaled, rescale } from './number-text.ts';

/**
 * A value inside this half's functions: as in the seam, but bigint, money and decimal are always `bigint`,
 * and the smaller integers always `number`.
 */
export type Scalar = number | bigint | string | Uint8Array;

/** What a conversion is told beside its types. */
export interface ConversionOptions {
  /** CONVERT's third argument. */
  readonly style?: number;
  /** CAST and CONVERT may do what an implicit conversion may not. */
  readonly explicit: boolean;
  /** Told at run time: SET DATEFORMAT and SET LANGUAGE change it. */
  readonly dateOrder: () => DateOrder;
}

/** Converts one value that is not null. */
export type Converter = (value: Scalar) => Scalar;

/**
 * The conversion between two types; undefined where values stay as they are.
 * @throws SqlServerError 206 (clash), 257 (not implicitly), 529 (not at all) when asked; the converter throws 241, 242, 244, 245, 248,
 * 8114, 8115, 8169 and their like for a value
 */
export const createConverter = (from: SqlType, to: SqlType, options: ConversionOptions): Converter | undefined => {
  checkAllowed(from, to, options.explicit);
  switch (familyOf(to)) {
    case 'integer':
      return toInteger(from, to);
    case 'decimal':
    case 'money':
      return toScaled(from, to);
    case 'float':
      return toFloat(from, to);
    case 'string':
      return toText(from, to, options);
    case 'temporal':
      return toTemporal(from, to, options);
    case 'binary':
      return toBinary(from, to, options);
    case 'guid':
      return toGuid(from);
  }
};

const numeric = new Set(['integer', 'decimal', 'money', 'float']);

/** Which types meet at all, and which only explicitly (the conversion chart of CAST and CONVERT). */
const checkAllowed = (from: SqlType, to: SqlType, explicit: boolean): void => {
  const [a, b] = [familyOf(from), familyOf(to)];
  const clash = () => (explicit ? sqlError(529, from.name, to.name) : sqlError(206, typeLabel(from), typeLabel(to)));
  const onlyExplicit = () => {
    if (!explicit) throw sqlError(257, typeLabel(from), typeLabel(to));
  };
  if (from.name === to.name) return;
  const lob = (type: SqlType) => type.name === 'text' || type.name === 'ntext' || type.name === 'image';
  if (lob(from) || lob(to)) {
    const textual = (type: SqlType) => isString(type);
    const bytes = (type: SqlType) => familyOf(type) === 'binary';
    const fine =
      (textual(from) && textual(to)) ||
      (bytes(from) && bytes(to)) ||
      (to.name === 'image' && textual(from) && !lob(from));
    if (!fine) throw clash();
    return;
  }
  if (a === 'temporal' && b === 'temporal') {
    if ((from.name === 'date' && to.name === 'time') || (from.name === 'time' && to.name === 'date')) throw clash();
    return;
  }
  if (a === 'temporal' && numeric.has(b)) {
    if (from.name !== 'datetime' && from.name !== 'smalldatetime') throw clash();
    onlyExplicit();
  }
  if (numeric.has(a) && b === 'temporal' && to.name !== 'datetime' && to.name !== 'smalldatetime') throw clash();
  if (a === 'guid' && (numeric.has(b) || b === 'temporal')) throw clash();
  if (b === 'guid' && (numeric.has(a) || a === 'temporal')) throw clash();
  if (a === 'binary' && b === 'float') throw clash();
  if (a === 'binary' && b === 'temporal' && to.name !== 'datetime' && to.name !== 'smalldatetime') onlyExplicit();
  if (b === 'binary' && (a === 'string' || a === 'temporal' || a === 'float' || a === 'decimal')) onlyExplicit();
};

const overflow = (from: SqlType, to: SqlType, value: Scalar) => {
  if (familyOf(from) === 'integer' && (to.name === 'tinyint' || to.name === 'smallint'))
    return sqlError(220, to.name, String(value));
  return sqlError(
    8115,
    isString(from) ? typeLabel(from) : familyOf(from) === 'integer' ? 'expression' : typeLabel(from),
    typeLabel(to),
  );
};

const toInteger = (from: SqlType, to: SqlType): Converter | undefined => {
  const range = integerRanges[to.name];
  if (range === undefined) throw unsupported(to.name);
  const [low, high] = range;
  const out = (value: bigint): Scalar => (to.name === 'bigint' ? value : Number(value));
  const fit = (value: bigint, source: Scalar): Scalar => {
    if (to.name === 'bit') return value === 0n ? 0 : 1;
    if (value < low || value > high) throw overflow(from, to, source);
    return out(value);
  };
  switch (familyOf(from)) {
    case 'integer': {
      const source = integerRanges[from.name];
      const widens = source !== undefined && source[0] >= low && source[1] <= high;
      if (widens && isWide(from) === isWide(to)) return undefined;
      return (value) => fit(BigInt(value as number), value);
    }
    case 'decimal': {
      const divisor = 10n ** BigInt(from.scale ?? 0);
      if (to.name === 'bit') return (value) => (value === 0n ? 0 : 1);
      return (value) => fit((value as bigint) / divisor, value);
    }
    case 'money':
      if (to.name === 'bit') return (value) => (value === 0n ? 0 : 1);
      // Money rounds where decimal and float cut off.
      return (value) => fit(divideRounded(value as bigint, 10_000n), value);
    case 'float':
      return (value) => {
        if (to.name === 'bit') return value === 0 ? 0 : 1;
        const whole = Math.trunc(value as number);
        if (!Number.isFinite(whole)) throw overflow(from, to, value);
        return fit(BigInt(whole), value);
      };
    case 'string':
      return (value) => integerFromText(value as string, from, to, fit);
    case 'temporal':
      return (value) => fit(BigInt(Math.round(((value as number) + 2_208_988_800_000) / 86_400_000)), value);
    case 'binary':
      return (value) => {
        let result = 0n;
        const bytes = (value as Uint8Array).subarray(-8);
        for (const byte of bytes) result = (result << 8n) | BigInt(byte);
        if (to.name === 'bit') return result === 0n ? 0 : 1;
        const bits = { tinyint: 8, smallint: 16, int: 32, bigint: 64 }[to.name as 'int'];
        return out(to.name === 'tinyint' ? BigInt.asUintN(8, result) : BigInt.asIntN(bits, result));
      };
    default:
      throw sqlError(529, from.name, to.name);
  }
};

const integerFromText = (
  written: string,
  from: SqlType,
  to: SqlType,
  fit: (value: bigint, source: Scalar) => Scalar,
): Scalar => {
  const text = written.trim();
  if (text === '') return to.name === 'bigint' ? 0n : 0;
  if (to.name === 'bit') {
    if (/^true$/i.test(text)) return 1;
    if (/^false$/i.test(text)) return 0;
  }
  if (!/^[+-]?\s*\d+$/.test(text)) {
    if (to.name === 'bigint') throw sqlError(8114, from.name, to.name);
    throw sqlError(245, from.name, written, to.name);
  }
  const value = BigInt(text.replace(/[+\s]/g, ''));
  const range = integerRanges[to.name];
  if (to.name !== 'bit' && range !== undefined && (value < range[0] || value > range[1])) {
    if (to.name === 'int') throw sqlError(248, from.name, written);
    if (to.name === 'bigint') throw sqlError(8115, 'expression', 'bigint');
    throw sqlError(244, from.name, written, to.name === 'tinyint' ? 'INT1' : 'INT2');
  }
  return fit(value, written);
};

const moneyRanges = {
  money: [-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n],
  smallmoney: [-2_147_483_648n, 2_147_483_647n],
} as const;

const toScaled = (from: SqlType, to: SqlType): Converter | undefined => {
  const { precision, scale } = decimalShape(to);
  const isMoney = to.name === 'money' || to.name === 'smallmoney';
  const limit = 10n ** BigInt(precision);
  const fit = (value: bigint): bigint => {
    const [low, high] = isMoney ? moneyRanges[to.name as 'money'] : [-limit + 1n, limit - 1n];
    if (value < low || value > high)
      throw sqlError(
        8115,
        isString(from)
          ? from.name
          : familyOf(from) === 'integer'
            ? from.name
            : familyOf(from) === 'decimal'
              ? 'numeric'
              : from.name,
        typeLabel(to),
      );
    return value;
  };
  switch (familyOf(from)) {
    case 'integer':
      return (value) => fit(BigInt(value as number) * 10n ** BigInt(scale));
    case 'decimal':
    case 'money': {
      const source = decimalShape(from);
      if (source.scale === scale && source.precision <= precision) return undefined;
      return (value) => fit(rescale(value as bigint, source.scale, scale));
    }
    case 'float':
      return (value) => {
        const text = (value as number).toLocaleString('en-US', { useGrouping: false, maximumSignificantDigits: 17 });
        const parsed = parseScaled(text, scale);
        if (parsed === undefined) throw sqlError(8115, from.name, typeLabel(to));
        return fit(parsed);
      };
    case 'string':
      return (value) => {
        if (isMoney) {
          const money = parseMoney(value as string);
          if (money === undefined) throw sqlError(235);
          return fit(money);
        }
        const parsed = parseScaled((value as string).trim(), scale);
        if (parsed === undefined) throw sqlError(8114, from.name, typeLabel(to));
        return fit(parsed);
      };
    case 'temporal':
      return (value) =>
        fit((BigInt(Math.round((value as number) + 2_208_988_800_000)) * 10n ** BigInt(scale)) / 86_400_000n);
    case 'binary':
      if (!isMoney) throw unsupported(`CONVERT(${to.name}, ${from.name})`);
      return (value) => {
        let result = 0n;
        for (const byte of (value as Uint8Array).subarray(-8)) result = (result << 8n) | BigInt(byte);
        return BigInt.asIntN(64, result);
      };
    default:
      throw sqlError(529, from.name, to.name);
  }
};

const toFloat = (from: SqlType, to: SqlType): Converter | undefined => {
  const fit = (value: number): number => {
    if (to.name !== 'real') return value;
    const single = Math.fround(value);
    if (!Number.isFinite(single)) throw sqlError(8115, 'expression', 'real');
    return single;
  };
  switch (familyOf(from)) {
    case 'float':
      return to.name === 'float' || from.name === 'real' ? undefined : (value) => fit(value as number);
    case 'integer':
      return (value) => fit(Number(value));
    case 'decimal':
    case 'money': {
      const { scale } = decimalShape(from);
      return (value) => fit(Number(value) / 10 ** scale);
    }
    case 'string':
      return (value) => {
        const text = (value as string).trim();
        if (text === '') return 0;
        if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw sqlError(8114, from.name, to.name);
        const parsed = Number(text);
        if (!Number.isFinite(parsed)) throw sqlError(232, to.name, text);
        return fit(parsed);
      };
    case 'temporal':
      return (value) => fit(((value as number) + 2_208_988_800_000) / 86_400_000);
    default:
      throw sqlError(529, from.name, to.name);
  }
};
