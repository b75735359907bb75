import { familyOf, isString } from '../types.ts';
import { compareTyped } from '../translate/conditions.ts';
import type { Typed } from '../translate/typed.ts';
import type { FunctionTable, FunctionUse } from './function-table.ts';
import { argument } from './function-table.ts';
import { sqlError } from '../errors.ts';
import { parseDate } from '../conversion/date-text.ts';
import { parseMoney } from '../conversion/number-text.ts';

const plain = ({ column: _column, literal: _literal, ...rest }: Typed): Typed => rest;

/** Functions that choose between values, and those that ask whether a text converts. */
export const conversionFunctions: FunctionTable = {
  ISNULL: {
    arguments: [2, 2],
    translate: ({ builder }, args) => {
      const [value, instead] = [argument(args, 0), argument(args, 1)];
      // The type is the first argument's, even where the second one is longer: it is cut.
      const type = value.untyped === true ? instead.type : value.type;
      const other = builder.convert(instead, type);
      return plain({ sql: `ifnull(${value.sql}, ${other.sql})`, type, nullable: value.nullable && instead.nullable });
    },
  },
  COALESCE: {
    arguments: [1, 1000],
    translate: ({ builder }, args) => {
      if (args.every((value) => value.untyped === true)) throw sqlError(4127);
      const { values, type } = builder.unifyAll(args);
      const sql =
        values.length === 1 ? argument(values, 0).sql : `coalesce(${values.map((value) => value.sql).join(', ')})`;
      return { sql, type, nullable: values.every((value) => value.nullable) };
    },
  },
  NULLIF: {
    arguments: [2, 2],
    translate: ({ translation }, args) => {
      const [value, other] = [argument(args, 0), argument(args, 1)];
      if (value.untyped === true) throw sqlError(4151);
      const equal = compareTyped(translation, '=', value, other);
      return plain({ sql: `(CASE WHEN ${equal} THEN NULL ELSE ${value.sql} END)`, type: value.type, nullable: true });
    },
  },
  ISNUMERIC: {
    arguments: [1, 1],
    translate: (use, args) => {
      const value = argument(args, 0);
      const family = familyOf(value.type);
      if (family === 'temporal' || family === 'guid' || family === 'binary')
        return { sql: '0', type: { name: 'int' }, nullable: false };
      if (!isString(value.type)) return { sql: `(${value.sql} IS NOT NULL)`, type: { name: 'int' }, nullable: false };
      return use.builder.call(
        'ISNUMERIC',
        [value],
        { name: 'int' },
        { nulls: true, run: (text) => (isNumeric(text as string | null) ? 1 : 0) },
      );
    },
  },
  ISDATE: {
    arguments: [1, 1],
    translate: (use: FunctionUse, args) => {
      const value = argument(args, 0);
      const legacy = value.type.name === 'datetime' || value.type.name === 'smalldatetime';
      if (legacy) return { sql: `(${value.sql} IS NOT NULL)`, type: { name: 'int' }, nullable: false };
      if (!isString(value.type)) return { sql: '0', type: { name: 'int' }, nullable: false };
      const order = () => use.translation.server.current.options.dateOrder;
      const low = Date.UTC(1753, 0, 1);
      return use.builder.call(
        'ISDATE',
        [value],
        { name: 'int' },
        {
          nulls: true,
          run: (text) => {
            if (text === null || (text as string).trim() === '') return 0;
            const parsed = parseDate(text as string, order(), true);
            return typeof parsed === 'number' && parsed >= low ? 1 : 0;
          },
        },
      );
    },
  },
};

/** ISNUMERIC says yes to what converts to any number type, which includes signs and currency alone. */
const isNumeric = (text: string | null): boolean => {
  if (text === null) return false;
  const trimmed = text.trim();
  if (trimmed === '') return false;
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?$/.test(trimmed)) return true;
  if (/^[-+$£€¥.,]$/.test(trimmed)) return true;
  return parseMoney(trimmed) !== undefined;
};
