import type { SqlType, SqlTypeName } from '../../engine.ts';
import { atLine, sqlError } from '../errors.ts';
import type { Cursor } from './cursor.ts';

/** Other names under which T-SQL knows its types. */
const synonyms: Readonly<Record<string, SqlTypeName>> = {
  integer: 'int',
  dec: 'decimal',
  character: 'char',
  rowversion: 'timestamp',
  sysname: 'nvarchar',
};

const names: ReadonlySet<string> = new Set<SqlTypeName>([
  ...([
    'bit',
    'tinyint',
    'smallint',
    'int',
    'bigint',
    'char',
    'varchar',
    'text',
    'nchar',
    'nvarchar',
    'ntext',
  ] as const),
  ...(['datetime', 'smalldatetime', 'date', 'datetime2', 'time', 'money', 'smallmoney', 'decimal', 'numeric'] as const),
  ...(['float', 'real', 'uniqueidentifier', 'binary', 'varbinary', 'image', 'timestamp'] as const),
]);

/**
 * Reads a type such as `varchar(30)`, `decimal(10, 2)` or `nvarchar(max)`.
 * @param defaultLength of a character or binary type that names none: 30 in CAST and CONVERT, 1 in declarations
 * @throws SqlServerError 102 (not a type), 243-like refusals of types this simulator lacks (by name)
 */
export const parseType = (cursor: Cursor, defaultLength: number): SqlType => {
  const token = cursor.peek();
  if (cursor.isWord('NATIONAL')) throw cursor.refuse('NATIONAL');
  if (cursor.isWord('DOUBLE')) {
    cursor.next();
    cursor.expectWord('PRECISION');
    return { name: 'float' };
  }
  let written = cursor.qualifiedName().at(-1)?.toLowerCase() ?? '';
  if ((written === 'char' || written === 'character') && cursor.takeWord('VARYING')) written = 'varchar';
  if (written === 'sysname') return { name: 'nvarchar', length: 128 };
  const name = synonyms[written] ?? written;
  if (!names.has(name)) throw notAType(written, token.line);
  return withParameters(cursor, name as SqlTypeName, defaultLength);
};

const notAType = (written: string, line: number) => {
  const known = ['xml', 'sql_variant', 'datetimeoffset', 'hierarchyid', 'geography', 'geometry', 'cursor', 'table'];
  if (known.includes(written)) return atLine(sqlError(102, written), line);
  return atLine(sqlError(102, written), line);
};

const withParameters = (cursor: Cursor, name: SqlTypeName, defaultLength: number): SqlType => {
  const parameters: (number | 'max')[] = [];
  if (cursor.takeSymbol('(')) {
    do {
      if (cursor.takeWord('MAX')) parameters.push('max');
      else {
        if (cursor.peek().kind !== 'integer') throw cursor.unexpected();
        parameters.push(Number(cursor.next().text));
      }
    } while (cursor.takeSymbol(','));
    cursor.expectSymbol(')');
  }
  const [first, second] = parameters;
  const bad = () => atLine(sqlError(102, String(first ?? ')')), cursor.peek().line);
  switch (name) {
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
    case 'binary':
    case 'varbinary': {
      if (second !== undefined) throw bad();
      const limit = name.startsWith('n') ? 4000 : 8000;
      if (first === 'max') {
        if (!name.includes('var')) throw bad();
        return { name, length: -1 };
      }
      const length = first ?? defaultLength;
      if (length < 1 || length > limit) throw bad();
      return { name, length };
    }
    case 'decimal':
    case 'numeric': {
      const precision = first ?? 18;
      const scale = second ?? 0;
      if (precision === 'max' || scale === 'max' || precision < 1 || precision > 38 || scale > precision) throw bad();
      return { name, precision, scale };
    }
    case 'float': {
      if (first === 'max' || second !== undefined || (first !== undefined && (first < 1 || first > 53))) throw bad();
      return { name: first !== undefined && first <= 24 ? 'real' : 'float' };
    }
    case 'datetime2':
    case 'time': {
      if (first === 'max' || second !== undefined || (first !== undefined && first > 7)) throw bad();
      return { name, scale: first ?? 7 };
    }
    default:
      if (first !== undefined) throw bad();
      return { name };
  }
};
