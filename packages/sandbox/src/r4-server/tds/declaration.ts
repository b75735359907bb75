import type { SqlType, SqlTypeName, SqlValue } from '../engine.ts';

/** One parameter of the declaration string of sp_executesql and sp_prepare. */
export interface DeclaredParameter {
  readonly name: string;
  /** undefined: a type this server does not know by name; the value keeps the type it was sent with. */
  readonly type: SqlType | undefined;
  readonly output: boolean;
}

const ONE =
  /^\s*(@[\w@#$\p{L}]*)\s+(?:as\s+)?((?:\[?[\w]+\]?\.)?\[?([\p{L}_][\w ]*?)\]?)\s*(?:\(\s*(max|\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*(?:=\s*[^,]*)?\s*(out(?:put)?)?\s*(?:readonly)?\s*$/iu;

const SYNONYMS: Readonly<Record<string, SqlTypeName>> = {
  integer: 'int',
  dec: 'decimal',
  character: 'char',
  'char varying': 'varchar',
  'character varying': 'varchar',
  'national character': 'nchar',
  'national character varying': 'nvarchar',
  'national text': 'ntext',
  'binary varying': 'varbinary',
  'double precision': 'float',
  rowversion: 'timestamp',
  sysname: 'nvarchar',
  datetimeoffset: 'datetime2',
};

const NAMES: ReadonlySet<string> = new Set<SqlTypeName>([
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
  'datetime',
  'smalldatetime',
  'date',
  'datetime2',
  'time',
  'money',
  'smallmoney',
  'decimal',
  'numeric',
  'float',
  'real',
  'uniqueidentifier',
  'binary',
  'varbinary',
  'image',
  'timestamp',
]);

const LONGEST_PART = 400;

/** Reads `@k int, @name nvarchar(50) OUTPUT`; undefined when it is no such list. */
export function parseDeclaration(text: string): DeclaredParameter[] | undefined {
  const declared: DeclaredParameter[] = [];
  if (text.trim() === '') return declared;
  for (const part of splitTopLevel(text)) {
    // One blank at a time and a bounded length: the expression then takes no time whatever a client sends.
    const tidy = part.replaceAll(/\s+/g, ' ');
    if (tidy.length > LONGEST_PART) return undefined;
    const match = ONE.exec(tidy);
    if (match === null) return undefined;
    const [, name = '', , word = '', first, second, out] = match;
    declared.push({ name, type: typeOf(word.toLowerCase(), first, second), output: out !== undefined });
  }
  return declared;
}

function splitTopLevel(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function typeOf(word: string, first: string | undefined, second: string | undefined): SqlType | undefined {
  const name = SYNONYMS[word] ?? (NAMES.has(word) ? (word as SqlTypeName) : undefined);
  if (name === undefined) return undefined;
  const number = first === undefined ? undefined : first.toLowerCase() === 'max' ? -1 : Number(first);
  if (SIZED.has(name)) return { name, length: number ?? (word === 'sysname' ? 128 : 1) };
  if (name === 'decimal' || name === 'numeric') return { name, precision: number ?? 18, scale: Number(second ?? 0) };
  if (name === 'time' || name === 'datetime2') return { name, scale: number ?? 7 };
  if (name === 'float') return { name: number !== undefined && number <= 24 ? 'real' : 'float' };
  return { name };
}

const SIZED: ReadonlySet<SqlTypeName> = new Set(['char', 'varchar', 'nchar', 'nvarchar', 'binary', 'varbinary']);

/** Types whose values have the same form, so that a declared type can take the place of the one that was sent. */
const FAMILIES: readonly ReadonlySet<SqlTypeName>[] = [
  new Set(['char', 'varchar', 'text', 'nchar', 'nvarchar', 'ntext']),
  new Set(['bit', 'tinyint', 'smallint', 'int', 'float', 'real']),
  new Set(['datetime', 'smalldatetime', 'datetime2']),
  new Set(['money', 'smallmoney']),
  new Set(['binary', 'varbinary', 'image', 'timestamp']),
];

/**
 * The type a parameter has inside the batch. SQL Server converts what was sent to what was declared; where that
 * would change the value's form, the sent type stays, and the data half converts as its expressions ask.
 */
export function declaredType(declared: SqlType | undefined, sent: SqlType, value: SqlValue): SqlType {
  if (declared === undefined) return sent;
  if (value === null || declared.name === sent.name) return widest(declared, sent);
  return FAMILIES.some((family) => family.has(declared.name) && family.has(sent.name)) ? declared : sent;
}

/** Text that is longer than was declared is cut without a word, as in SQL Server; char and nchar are filled up with blanks. */
export function declaredValue({ name, length }: SqlType, value: SqlValue): SqlValue {
  if (typeof value !== 'string' || length === undefined || length < 1) return value;
  const cut = value.length > length ? value.slice(0, length) : value;
  return name === 'char' || name === 'nchar' ? cut.padEnd(length) : cut;
}

/** A decimal's scale belongs to its value. */
function widest(declared: SqlType, sent: SqlType): SqlType {
  return declared.name === 'decimal' || declared.name === 'numeric'
    ? declared.scale === sent.scale
      ? declared
      : sent
    : declared;
}
