import type { SqlType, SqlValue } from '../../engine.ts';
import { SqlServerError } from '../../engine.ts';
import type { CodePages } from '../code-page.ts';
import { collationByName } from '../collation.ts';
import type { WireCollation } from '../collation.ts';
import type { TdsVersion } from '../tds-version.ts';
import { binaryMaxType, binaryType, imageType, timestampType } from './binary.ts';
import { decimalType, moneyType } from './exact-numeric.ts';
import { floatType } from './float.ts';
import { integerType } from './integer.ts';
import { datetime2Type, datetimeType, dateType, timeType } from './temporal.ts';
import { largeTextType, narrowMaxType, narrowTextType, wideMaxType, wideTextType } from './text.ts';
import { uniqueidentifierType } from './uniqueidentifier.ts';
import type { ValueEncoder, WireType } from './wire-type.ts';

/** What the wire form of a type depends on beside the type. */
export interface TypeContext {
  readonly version: TdsVersion;
  /** The server's collation, for character types that name none. */
  readonly collation: string;
  readonly codePages: CodePages;
}

const MAX = -1;

/** The wire form of a column of this type. */
export function resolveType(type: SqlType, nullable: boolean, context: TypeContext): WireType {
  const { version } = context;
  switch (type.name) {
    case 'bit':
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return integerType(type.name, nullable);
    case 'float':
    case 'real':
      return floatType(type.name, nullable);
    case 'money':
    case 'smallmoney':
      return moneyType(type.name, nullable);
    case 'decimal':
    case 'numeric':
      return decimalType(type.name, type.precision ?? 18, type.scale ?? 0);
    case 'datetime':
    case 'smalldatetime':
      return datetimeType(type.name, nullable);
    case 'date':
      return version.atLeast73 ? dateType() : asText(10, context, (ms) => isoText(ms).slice(0, 10));
    case 'time': {
      const scale = type.scale ?? 7;
      return version.atLeast73 ? timeType(scale) : asText(16, context, (ms) => fraction(isoText(ms).slice(11), scale));
    }
    case 'datetime2': {
      const scale = type.scale ?? 7;
      if (version.atLeast73) return datetime2Type(scale);
      return asText(27, context, (ms) => fraction(isoText(ms).replace('T', ' '), scale));
    }
    case 'uniqueidentifier':
      return uniqueidentifierType();
    case 'binary':
      return binaryType('binary', type.length ?? 1);
    case 'varbinary':
      if (type.length === MAX) return version.atLeast72 ? binaryMaxType() : imageType();
      return binaryType('varbinary', type.length ?? 1);
    case 'image':
      return imageType();
    case 'timestamp':
      return timestampType();
    case 'char':
    case 'varchar':
    case 'text':
    case 'nchar':
    case 'nvarchar':
    case 'ntext':
      return resolveText(type.name, type, context);
  }
  throw new SqlServerError(`Type ${String(type.name)} is not a defined system type.`, {
    number: 243,
    severity: 16,
    state: 1,
  });
}

type TextName = 'char' | 'varchar' | 'text' | 'nchar' | 'nvarchar' | 'ntext';

function resolveText(name: TextName, type: SqlType, context: TypeContext): WireType {
  const collation = resolveCollation(type.collation ?? context.collation, context.codePages);
  const { atLeast72 } = context.version;
  switch (name) {
    case 'text':
    case 'ntext':
      return largeTextType(name, collation);
    case 'varchar':
      if (type.length === MAX) return atLeast72 ? narrowMaxType(collation) : largeTextType('text', collation);
      return narrowTextType('varchar', type.length ?? 1, collation);
    case 'nvarchar':
      if (type.length === MAX) return atLeast72 ? wideMaxType(collation) : largeTextType('ntext', collation);
      return wideTextType('nvarchar', type.length ?? 1, collation);
    case 'char':
      return narrowTextType('char', type.length ?? 1, collation);
    case 'nchar':
      return wideTextType('nchar', type.length ?? 1, collation);
  }
}

/** @throws SqlServerError 448 for a name that is no collation here: guessing a code page would give wrong letters. */
export function resolveCollation(name: string, codePages: CodePages): WireCollation {
  const collation = collationByName(name, codePages);
  if (collation === undefined)
    throw new SqlServerError(`Invalid collation '${name}'.`, { number: 448, severity: 16, state: 1 });
  return collation;
}

/** Clients older than 7.3 get the new date types as nvarchar ([MS-TDS] 2.2.5.4.2 note on down-level clients). */
function asText(length: number, context: TypeContext, format: (ms: number) => string): WireType {
  const wide = wideTextType('nvarchar', length, resolveCollation(context.collation, context.codePages));
  const encode: ValueEncoder = (out, value: SqlValue) =>
    wide.encode(out, typeof value === 'number' ? format(value) : value);
  return { info: wide.info, encode };
}

function isoText(ms: number): string {
  return new Date(ms).toISOString().slice(0, -1);
}

/** Cuts or fills the three digits of a second's fraction to `scale` digits. */
function fraction(text: string, scale: number): string {
  const [whole = '', digits = ''] = text.split('.');
  return scale === 0 ? whole : `${whole}.${digits.padEnd(scale, '0').slice(0, scale)}`;
}
