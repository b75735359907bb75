import type { SqlType } from '../../engine.ts';
import { decode1252, toCodePage1252 } from '../collation.ts';
import { sqlError } from '../errors.ts';
import { decimalShape, familyOf, isFixedText, isString, isUnicode, lengthOf, typeLabel } from '../types.ts';
import type { ConversionOptions, Converter, Scalar } from './convert.ts';
import { formatDate } from './date-text.ts';
import { formatFloat, formatMoney, formatScaled } from './number-text.ts';

/** To a character type: cut to its length, padded if fixed, in its code page. */
export const toText = (from: SqlType, to: SqlType, options: ConversionOptions): Converter | undefined => {
  const length = lengthOf(to);
  const fixed = isFixedText(to);
  const narrows = !isUnicode(to) && (isUnicode(from) || !isString(from));
  const shape = (text: string): string => {
    let result = narrows ? toCodePage1252(text) : text;
    if (length !== -1 && result.length > length) result = result.slice(0, length);
    return fixed ? result.padEnd(length) : result;
  };
  switch (familyOf(from)) {
    case 'string': {
      const fits = length === -1 || (lengthOf(from) !== -1 && lengthOf(from) <= length);
      if (fits && !narrows && (!fixed || (isFixedText(from) && lengthOf(from) === length))) return undefined;
      return (value) => shape(value as string);
    }
    case 'integer':
      return (value) => shape(fitNumber(String(value), from, to, length));
    case 'decimal': {
      const { scale } = decimalShape(from);
      return (value) => shape(fitNumber(formatScaled(value as bigint, scale), from, to, length));
    }
    case 'money':
      return (value) => shape(fitNumber(formatMoney(value as bigint, options.style ?? 0), from, to, length));
    case 'float':
      return (value) => shape(fitNumber(floatText(value as number, from, options.style ?? 0), from, to, length));
    case 'temporal': {
      const legacy = from.name === 'datetime' || from.name === 'smalldatetime';
      const style = options.style ?? (legacy ? 0 : 121);
      if (formatDate(0, from, style) === undefined) throw sqlError(281, style, from.name);
      return (value) => shape(formatDate(value as number, from, style) ?? '');
    }
    case 'guid':
      return (value) => {
        if (length !== -1 && length < 36) throw sqlError(8170);
        return shape(value as string);
      };
    case 'binary':
      return (value) => shape(binaryText(value as Uint8Array, to, options.style ?? 0));
  }
};

const floatText = (value: number, from: SqlType, style: number): string => {
  if (style === 1) return formatFloat(value, 'exact8');
  if (style === 2) return formatFloat(value, 'exact16');
  void from;
  return formatFloat(value, 6);
};

/** A number that does not fit: `*` for integers in non-Unicode text, else an overflow. */
const fitNumber = (text: string, from: SqlType, to: SqlType, length: number): string => {
  if (length === -1 || text.length <= length) return text;
  const starred = familyOf(from) === 'integer' && from.name !== 'bigint' && !isUnicode(to);
  if (starred) return '*';
  throw sqlError(8115, familyOf(from) === 'integer' ? 'expression' : typeLabel(from), to.name);
};

const binaryText = (value: Uint8Array, to: SqlType, style: number): string => {
  if (style === 1 || style === 2) {
    const hex = Buffer.from(value).toString('hex').toUpperCase();
    return style === 1 ? `0x${hex}` : hex;
  }
  if (!isUnicode(to)) return decode1252(value);
  const even = value.length % 2 === 0 ? value : Uint8Array.from([...value, 0]);
  return Buffer.from(even).toString('utf16le');
};

/** The text a value shows in messages and PRINT. */
export const shownText = (value: Scalar, type: SqlType, options: ConversionOptions): string => {
  const convert = toText(type, { name: 'nvarchar', length: -1 }, options);
  return String(convert === undefined ? value : convert(value));
};
