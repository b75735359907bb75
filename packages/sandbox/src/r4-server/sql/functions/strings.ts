import type { SqlType } from '../../engine.ts';
import { collationRules, createSortKey, encode1252, decode1252 } from '../collation.ts';
import type { Scalar } from '../conversion/convert.ts';
import { formatScaled, rescale } from '../conversion/number-text.ts';
import { sqlError } from '../errors.ts';
import { resolveCollation } from '../translate/conditions.ts';
import type { Typed } from '../translate/typed.ts';
import { decimalShape, familyOf, isLegacyLob, isString, isUnicode, lengthOf, typeLabel } from '../types.ts';
import { createLikeMatcher } from './like.ts';
import type { FunctionTable, FunctionUse, ScalarFunction } from './function-table.ts';
import { argument, asInt, asText } from './function-table.ts';

/** `varchar` or `nvarchar` like the argument, of a length. */
const varying = (like: SqlType, length: number): SqlType => ({
  name: isUnicode(like) ? 'nvarchar' : 'varchar',
  length,
  ...(like.collation !== undefined && { collation: like.collation }),
});

const limitOf = (type: SqlType): number => (isUnicode(type) ? 4000 : 8000);

/** A text argument; text and ntext are refused where SQL Server refuses them (8116). */
const text = (use: FunctionUse, args: readonly Typed[], index: number, lobs = false): Typed => {
  const value = argument(args, index);
  if (!lobs && isLegacyLob(value.type))
    throw sqlError(8116, typeLabel(value.type), index + 1, use.call.name.toLowerCase());
  return asText(use, value);
};

/** A function from one text to one text of the same length or less. */
const mapped = (run: (value: string) => string): ScalarFunction => ({
  arguments: [1, 1],
  translate: (use, args) => {
    const value = text(use, args, 0);
    return use.builder.call(use.call.name, [value], varying(value.type, lengthOf(value.type)), (given) =>
      run(given as string),
    );
  },
});

const cut = (name: 'LEFT' | 'RIGHT', run: (value: string, length: number) => string): ScalarFunction => ({
  arguments: [2, 2],
  translate: (use, args) => {
    const value = text(use, args, 0);
    const length = asInt(use, argument(args, 1));
    const fixed = /^\d+$/.test(length.sql) ? Number(length.sql) : undefined;
    const whole = lengthOf(value.type);
    const kept =
      fixed === undefined ? whole : whole === -1 ? Math.min(fixed, limitOf(value.type)) : Math.min(fixed, whole);
    return use.builder.call(
      name,
      [value, length],
      varying(value.type, kept === -1 ? -1 : Math.max(kept, 1)),
      (given, count) => {
        if ((count as number) < 0) throw name === 'LEFT' ? sqlError(537) : sqlError(536, 'right');
        return run(given as string, count as number);
      },
    );
  },
});

/** Position of one text in another by the collation's rules, 1-based; 0 where it is not. */
const createFinder = (use: FunctionUse, left: Typed, right: Typed) => {
  const collation = resolveCollation(use.translation, left, right, 'charindex') ?? use.builder.collation;
  const rules = collationRules(collation) ?? { binary: false, caseSensitive: false, accentSensitive: true };
  const fold = (value: string): string => {
    if (rules.binary || rules.caseSensitive) return value;
    const lower = value.toLowerCase();
    // Lower case must not move positions.
    return lower.length === value.length ? lower : value;
  };
  return { fold, rules, key: createSortKey(rules) };
};

const int: SqlType = { name: 'int' };

/** String functions. */
export const stringFunctions: FunctionTable = {
  LEN: {
    arguments: [1, 1],
    translate: (use, args) => {
      const value = argument(args, 0);
      const result: SqlType = { name: lengthOf(value.type) === -1 ? 'bigint' : 'int' };
      if (isLegacyLob(value.type)) throw sqlError(8116, typeLabel(value.type), 1, 'len');
      const shown = familyOf(value.type) === 'binary' ? value : asText(use, value);
      return use.builder.call('LEN', [shown], result, (given) => {
        const length = typeof given === 'string' ? given.replace(/ +$/, '').length : (given as Uint8Array).length;
        return result.name === 'bigint' ? BigInt(length) : length;
      });
    },
  },
  DATALENGTH: {
    arguments: [1, 1],
    translate: (use, args) => {
      const value = argument(args, 0);
      const result: SqlType = { name: lengthOf(value.type) === -1 && !isLegacyLob(value.type) ? 'bigint' : 'int' };
      return use.builder.call('DATALENGTH', [value], result, (given) => {
        const bytes = storedBytes(given as Scalar, value.type);
        return result.name === 'bigint' ? BigInt(bytes) : bytes;
      });
    },
  },
  UPPER: mapped((value) => upper(value)),
  LOWER: mapped((value) => value.toLowerCase()),
  LTRIM: mapped((value) => value.replace(/^ +/, '')),
  RTRIM: mapped((value) => value.replace(/ +$/, '')),
  REVERSE: mapped((value) => value.split('').toReversed().join('')),
  LEFT: cut('LEFT', (value, length) => value.slice(0, length)),
  RIGHT: cut('RIGHT', (value, length) => (length === 0 ? '' : value.slice(-length))),
  SUBSTRING: {
    arguments: [3, 3],
    translate: (use, args) => {
      const given = argument(args, 0);
      const bytes = familyOf(given.type) === 'binary';
      const value = bytes ? given : text(use, args, 0, true);
      const start = asInt(use, argument(args, 1));
      const length = asInt(use, argument(args, 2));
      const whole = lengthOf(value.type);
      const fixed = /^\d+$/.test(length.sql) ? Math.max(Number(length.sql), 1) : Number.POSITIVE_INFINITY;
      const limit = isLegacyLob(value.type) ? limitOf(value.type) : whole === -1 ? Number.POSITIVE_INFINITY : whole;
      const kept = Math.min(fixed, limit);
      const result: SqlType = bytes
        ? { name: 'varbinary', length: Number.isFinite(kept) ? kept : -1 }
        : varying(value.type, Number.isFinite(kept) && kept <= 8000 ? kept : -1);
      return use.builder.call('SUBSTRING', [value, start, length], result, (source, from, count) => {
        if ((count as number) < 0) throw sqlError(537);
        const first = (from as number) - 1;
        const end = first + (count as number);
        return (source as string).slice(Math.max(first, 0), Math.max(end, 0));
      });
    },
  },
  REPLACE: {
    arguments: [3, 3],
    translate: (use, args) => {
      const values = [text(use, args, 0), text(use, args, 1), text(use, args, 2)] as const;
      const finder = createFinder(use, values[0], values[1]);
      const like = values.some((value) => isUnicode(value.type))
        ? { ...values[0].type, name: 'nvarchar' as const }
        : values[0].type;
      const length = values.some((value) => lengthOf(value.type) === -1) ? -1 : limitOf(like);
      return use.builder.call(
        `REPLACE${JSON.stringify(finder.rules)}`,
        values,
        varying(like, length),
        (source, wanted, instead) => {
          if (wanted === '') return source;
          const [haystack, needle] = [finder.fold(source as string), finder.fold(wanted as string)];
          let result = '';
          let at = 0;
          for (let found = haystack.indexOf(needle); found >= 0; found = haystack.indexOf(needle, at)) {
            result += (source as string).slice(at, found) + (instead as string);
            at = found + needle.length;
          }
          return result + (source as string).slice(at);
        },
      );
    },
  },
  CHARINDEX: {
    arguments: [2, 3],
    translate: (use, args) => {
      const [wanted, source] = [text(use, args, 0), text(use, args, 1, true)];
      const start = args[2] === undefined ? [] : [asInt(use, args[2])];
      const finder = createFinder(use, wanted, source);
      const result: SqlType = { name: lengthOf(source.type) === -1 && !isLegacyLob(source.type) ? 'bigint' : 'int' };
      return use.builder.call(
        `CHARINDEX${JSON.stringify(finder.rules)}`,
        [wanted, source, ...start],
        result,
        (needle, haystack, from) => {
          const at =
            needle === ''
              ? 0
              : finder
                  .fold(haystack as string)
                  .indexOf(finder.fold(needle as string), Math.max(Number(from ?? 1) - 1, 0)) + 1;
          return result.name === 'bigint' ? BigInt(at) : at;
        },
      );
    },
  },
  PATINDEX: {
    arguments: [2, 2],
    translate: (use, args) => {
      const [pattern, source] = [text(use, args, 0), text(use, args, 1, true)];
      const finder = createFinder(use, pattern, source);
      const matches = createLikeMatcher(finder.rules);
      const result: SqlType = { name: lengthOf(source.type) === -1 && !isLegacyLob(source.type) ? 'bigint' : 'int' };
      return use.builder.call(`PATINDEX${JSON.stringify(finder.rules)}`, [pattern, source], result, (wanted, given) => {
        const at = patternIndex(matches, wanted as string, given as string);
        return result.name === 'bigint' ? BigInt(at) : at;
      });
    },
  },
  STUFF: {
    arguments: [4, 4],
    translate: (use, args) => {
      const [value, insert] = [text(use, args, 0), text(use, args, 3)];
      const [start, length] = [asInt(use, argument(args, 1)), asInt(use, argument(args, 2))];
      const like = isUnicode(insert.type) ? { ...value.type, name: 'nvarchar' as const } : value.type;
      const whole =
        lengthOf(value.type) === -1 || lengthOf(insert.type) === -1
          ? -1
          : Math.min(lengthOf(value.type) + lengthOf(insert.type), limitOf(like));
      return use.builder.call('STUFF', [value, start, length, insert], varying(like, whole), {
        nulls: true,
        run: (source, from, count, put) => {
          if (source === null || from === null || count === null) return null;
          const [first, removed, original] = [from as number, count as number, source as string];
          if (first <= 0 || removed < 0 || first > original.length) return null;
          return original.slice(0, first - 1) + ((put as string | null) ?? '') + original.slice(first - 1 + removed);
        },
      });
    },
  },
  REPLICATE: {
    arguments: [2, 2],
    translate: (use, args) => {
      const value = text(use, args, 0);
      const limit = limitOf(value.type);
      const length = lengthOf(value.type) === -1 ? -1 : limit;
      return use.builder.call(
        'REPLICATE',
        [value, asInt(use, argument(args, 1))],
        varying(value.type, length),
        (source, count) => {
          if ((count as number) < 0) return null;
          const most = (source as string).length === 0 ? 0 : Math.ceil(limit / (source as string).length);
          const repeated = (source as string).repeat(
            length === -1 ? Math.min(count as number, 1_000_000) : Math.min(count as number, most),
          );
          return length === -1 ? repeated : repeated.slice(0, limit);
        },
      );
    },
  },
  SPACE: {
    arguments: [1, 1],
    translate: (use, args) =>
      use.builder.call('SPACE', [asInt(use, argument(args, 0))], { name: 'varchar', length: 8000 }, (count) =>
        (count as number) < 0 ? null : ' '.repeat(Math.min(count as number, 8000)),
      ),
  },
  ASCII: {
    arguments: [1, 1],
    translate: (use, args) =>
      use.builder.call('ASCII', [text(use, args, 0)], int, (value) => encode1252(value as string)[0] ?? null),
  },
  CHAR: {
    arguments: [1, 1],
    translate: (use, args) =>
      use.builder.call('CHAR', [asInt(use, argument(args, 0))], { name: 'char', length: 1 }, (code) =>
        (code as number) < 0 || (code as number) > 255 ? null : decode1252(Uint8Array.of(code as number)),
      ),
  },
  UNICODE: {
    arguments: [1, 1],
    translate: (use, args) =>
      use.builder.call('UNICODE', [text(use, args, 0)], int, (value) =>
        value === '' ? null : (value as string).charCodeAt(0),
      ),
  },
  NCHAR: {
    arguments: [1, 1],
    translate: (use, args) =>
      use.builder.call('NCHAR', [asInt(use, argument(args, 0))], { name: 'nchar', length: 1 }, (code) =>
        (code as number) < 0 || (code as number) > 65535 ? null : String.fromCharCode(code as number),
      ),
  },
  QUOTENAME: {
    arguments: [1, 2],
    translate: (use, args) => {
      const quote = args[1] === undefined ? [] : [text(use, args, 1)];
      return use.builder.call(
        'QUOTENAME',
        [text(use, args, 0), ...quote],
        { name: 'nvarchar', length: 258 },
        (value, mark) => {
          const open = (mark as string | undefined) ?? '[';
          const pair = { '[': ']', ']': ']', '(': ')', '<': '>', '{': '}', "'": "'", '"': '"' }[open];
          if (pair === undefined || (value as string).length > 128) return null;
          const start = open === ']' ? '[' : open;
          return start + (value as string).replaceAll(pair, pair + pair) + pair;
        },
      );
    },
  },
  STR: {
    arguments: [1, 3],
    translate: (use, args) => {
      const float = use.builder.convert(argument(args, 0), { name: 'float' });
      const rest = args.slice(1).map((value) => asInt(use, value));
      const fixed = rest[0] !== undefined && /^\d+$/.test(rest[0].sql) ? Number(rest[0].sql) : 10;
      return use.builder.call(
        'STR',
        [float, ...rest],
        { name: 'varchar', length: fixed },
        (value, length, decimals) => {
          const width = Number(length ?? 10);
          const scale = Math.min(Number(decimals ?? 0), 16);
          const shown = strText(value as number, scale);
          if (shown.length <= width) return shown.padStart(width);
          const whole = strText(value as number, 0);
          if (whole.length > width) return '*'.repeat(width);
          return strText(value as number, Math.max(width - whole.length - 1, 0)).padStart(width);
        },
      );
    },
  },
};

const strText = (value: number, scale: number): string => {
  // Scaled through an integer, so that .5 rounds away from zero as SQL Server does.
  if (Math.abs(value) < 1e14)
    return formatScaled(
      rescale(
        BigInt(Math.round(Math.abs(value) * 10 ** Math.min(scale + 1, 15))) * (value < 0 ? -1n : 1n),
        Math.min(scale + 1, 15),
        scale,
      ),
      scale,
    );
  return value.toFixed(scale);
};

/** Upper case that keeps the number of characters, as SQL Server's does. */
const upper = (value: string): string => {
  const result = value.toUpperCase();
  if (result.length === value.length) return result;
  return Array.from(value, (char) => (char.toUpperCase().length === char.length ? char.toUpperCase() : char)).join('');
};

/** Where a LIKE pattern first matches: `%` at its ends frees that end. */
const patternIndex = (matches: (text: string, pattern: string) => boolean, pattern: string, source: string): number => {
  if (!pattern.startsWith('%')) return matches(source, pattern) ? 1 : 0;
  if (pattern === '%') return source.length > 0 ? 1 : 0;
  const rest = pattern.slice(1);
  for (let at = 0; at < source.length; at++) if (matches(source.slice(at), rest)) return at + 1;
  return 0;
};

/** Bytes a value takes in its type. */
const storedBytes = (value: Scalar, type: SqlType): number => {
  if (isString(type)) return isUnicode(type) ? (value as string).length * 2 : (value as string).length;
  if (value instanceof Uint8Array) return value.length;
  const sizes: Readonly<Partial<Record<SqlType['name'], number>>> = {
    bit: 1,
    tinyint: 1,
    smallint: 2,
    int: 4,
    bigint: 8,
    float: 8,
    real: 4,
    money: 8,
    smallmoney: 4,
    datetime: 8,
    smalldatetime: 4,
    date: 3,
    uniqueidentifier: 16,
  };
  const known = sizes[type.name];
  if (known !== undefined) return known;
  if (type.name === 'datetime2' || type.name === 'time') {
    const scale = type.scale ?? 7;
    return (scale < 3 ? 3 : scale < 5 ? 4 : 5) + (type.name === 'datetime2' ? 3 : 0);
  }
  const { precision } = decimalShape(type);
  return precision < 10 ? 5 : precision < 20 ? 9 : precision < 29 ? 13 : 17;
};
