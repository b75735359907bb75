import type { SqlType } from '../../engine.ts';
import { encode1252 } from '../collation.ts';
import { sqlError, unsupported } from '../errors.ts';
import { familyOf, isUnicode, lengthOf } from '../types.ts';
import { dayMs, epoch1900Ms, roundDatetime, roundSmallDatetime, temporalRanges } from './calendar.ts';
import type { ConversionOptions, Converter } from './convert.ts';
import { parseDate } from './date-text.ts';

/** To a date or time type. */
export const toTemporal = (from: SqlType, to: SqlType, options: ConversionOptions): Converter | undefined => {
  const family = familyOf(from);
  if (from.name === to.name && (to.scale ?? 7) >= (from.scale ?? 7)) return undefined;
  const fit = temporalFit(from, to);
  switch (family) {
    case 'temporal':
      if (to.name === 'time') return (value) => fit(timeOfDay(value as number));
      if (from.name === 'time') return (value) => fit(epoch1900Ms + (value as number));
      return (value) => fit(value as number);
    case 'string': {
      const legacy = to.name === 'datetime' || to.name === 'smalldatetime';
      return (value) => {
        const parsed = parseDate(value as string, options.dateOrder(), legacy, options.style);
        if (parsed === 'invalid') throw sqlError(241);
        if (parsed === 'out-of-range') {
          if (!legacy) throw sqlError(241);
          throw sqlError(242, from.name, to.name);
        }
        return fit(to.name === 'time' ? timeOfDay(parsed) : parsed);
      };
    }
    case 'integer':
      return (value) => fit(epoch1900Ms + Number(value) * dayMs);
    case 'float':
      return (value) => fit(epoch1900Ms + (value as number) * dayMs);
    case 'decimal':
    case 'money': {
      const divisor = 10 ** (family === 'money' ? 4 : (from.scale ?? 0));
      return (value) => fit(epoch1900Ms + (Number(value) / divisor) * dayMs);
    }
    default:
      throw unsupported(`CONVERT(${to.name}, ${from.name})`);
  }
};

const timeOfDay = (ms: number): number => ms - Math.floor(ms / dayMs) * dayMs;

const temporalFit = (from: SqlType, to: SqlType): ((ms: number) => number) => {
  if (to.name === 'time') return (ms) => Math.min(roundTo(ms, to.scale ?? 7), dayMs - 1);
  const [low, high] = temporalRanges[to.name as keyof typeof temporalRanges];
  return (ms) => {
    if (Number.isNaN(ms)) throw sqlError(8115, 'expression', to.name);
    const rounded = roundTemporal(ms, to);
    if (rounded >= low && rounded <= high) return rounded;
    const numeric = familyOf(from) !== 'string' && familyOf(from) !== 'temporal';
    throw numeric ? sqlError(8115, 'expression', to.name) : sqlError(242, from.name, to.name);
  };
};

const roundTemporal = (ms: number, to: SqlType): number => {
  switch (to.name) {
    case 'datetime':
      return roundDatetime(ms);
    case 'smalldatetime':
      return roundSmallDatetime(ms);
    case 'date':
      return Math.floor(ms / dayMs) * dayMs;
    default:
      return roundTo(ms, to.scale ?? 7);
  }
};

/** Rounds to a scale of fractional seconds; milliseconds are the finest that this simulator keeps. */
const roundTo = (ms: number, scale: number): number => {
  if (scale >= 3) return Math.round(ms);
  const step = 10 ** (3 - scale);
  return Math.round(ms / step) * step;
};

/** To a binary type: big-endian numbers, code-page or UTF-16 text. */
export const toBinary = (from: SqlType, to: SqlType, options: ConversionOptions): Converter | undefined => {
  const length = to.name === 'timestamp' ? 8 : lengthOf(to);
  const fixed = to.name === 'binary' || to.name === 'timestamp';
  const shape = (bytes: Uint8Array, right: boolean): Uint8Array => {
    if (length === -1) return bytes;
    if (bytes.length > length) return right ? bytes.slice(bytes.length - length) : bytes.slice(0, length);
    if (!fixed || bytes.length === length) return bytes;
    const padded = new Uint8Array(length);
    padded.set(bytes, right ? length - bytes.length : 0);
    return padded;
  };
  switch (familyOf(from)) {
    case 'binary':
      return (value) => shape(value as Uint8Array, false);
    case 'string': {
      const style = options.style ?? 0;
      if (style === 1 || style === 2) {
        return (value) => {
          const text = value as string;
          const hex = style === 1 ? text.slice(2) : text;
          const marked = style === 2 || /^0x/i.test(text);
          if (!marked || hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) throw sqlError(8114, from.name, to.name);
          return shape(Uint8Array.from(Buffer.from(hex, 'hex')), false);
        };
      }
      const unicode = isUnicode(from);
      return (value) =>
        shape(unicode ? Uint8Array.from(Buffer.from(value as string, 'utf16le')) : encode1252(value as string), false);
    }
    case 'integer': {
      const bytes = { bit: 1, tinyint: 1, smallint: 2, int: 4, bigint: 8 }[from.name as 'int'];
      return (value) => shape(bigEndian(BigInt(value as number), bytes), true);
    }
    case 'money':
      return (value) => shape(bigEndian(value as bigint, from.name === 'money' ? 8 : 4), true);
    case 'guid':
      return (value) => shape(guidBytes(value as string), false);
    default:
      throw unsupported(`CONVERT(${to.name}, ${from.name})`);
  }
};

const bigEndian = (value: bigint, bytes: number): Uint8Array => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(BigInt.asIntN(64, value));
  return Uint8Array.from(buffer.subarray(8 - bytes));
};

/** Order of the bytes of a uniqueidentifier's text in its stored form. */
const guidOrder = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
const guidBytes = (guid: string): Uint8Array => {
  const hex = Buffer.from(guid.replaceAll('-', ''), 'hex');
  return Uint8Array.from(guidOrder, (index) => hex[index] ?? 0);
};

/** To uniqueidentifier. */
export const toGuid = (from: SqlType): Converter | undefined => {
  switch (familyOf(from)) {
    case 'guid':
      return undefined;
    case 'string':
      return (value) => {
        const text = (value as string).replace(/^\{/, '').slice(0, 36).toUpperCase();
        if (!/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/.test(text)) throw sqlError(8169);
        return text;
      };
    case 'binary':
      return (value) => {
        const source = new Uint8Array(16);
        source.set((value as Uint8Array).subarray(0, 16));
        const hex = Buffer.from(guidOrder.map((index) => source[index] ?? 0))
          .toString('hex')
          .toUpperCase();
        return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
      };
    default:
      throw sqlError(206, from.name, 'uniqueidentifier');
  }
};
