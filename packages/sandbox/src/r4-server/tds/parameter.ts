import type { SqlType, SqlValue } from '../engine.ts';
import { SqlServerError } from '../engine.ts';
import type { ByteReader } from './byte-reader.ts';
import { decodeCodePage } from './code-page.ts';
import type { CodePage, CodePages } from './code-page.ts';
import { codePageOfBytes, collationByName } from './collation.ts';
import { ProtocolError } from './protocol-error.ts';
import { decodeDecimal, decodeMoney } from './types/exact-numeric.ts';
import { decodeFloat } from './types/float.ts';
import { decodeInteger } from './types/integer.ts';
import { decodeDate, decodeDatetime, decodeDatetime2, decodeDatetimeOffset, decodeTime } from './types/temporal.ts';
import { decodeUniqueidentifier } from './types/uniqueidentifier.ts';
import { TOKEN } from './types/wire-type.ts';

export interface TypedValue {
  readonly type: SqlType;
  readonly value: SqlValue;
}

export interface ParameterContext {
  readonly collation: string;
  readonly codePages: CodePages;
}

const INTEGER_NAMES = { 1: 'tinyint', 2: 'smallint', 4: 'int', 8: 'bigint' } as const;
const MAX_BYTES = 0xffff;

/**
 * Reads a parameter's TYPE_INFO and value ([MS-TDS] 2.2.5.6, 2.2.5.2).
 * @throws SqlServerError 8009 for a type this server does not know; ProtocolError when the bytes do not add up.
 */
export function readTypedValue(reader: ByteReader, context: ParameterContext): TypedValue {
  const token = reader.u8();
  switch (token) {
    case TOKEN.null:
      return { type: { name: 'nvarchar', length: 1 }, value: null };
    case TOKEN.int1:
    case TOKEN.int2:
    case TOKEN.int4:
    case TOKEN.int8: {
      const bytes = token === TOKEN.int1 ? 1 : token === TOKEN.int2 ? 2 : token === TOKEN.int4 ? 4 : 8;
      return { type: { name: INTEGER_NAMES[bytes] }, value: decodeInteger(reader, bytes) };
    }
    case TOKEN.bit:
      return { type: { name: 'bit' }, value: reader.u8() === 0 ? 0 : 1 };
    case TOKEN.float4:
      return { type: { name: 'real' }, value: reader.f32() };
    case TOKEN.float8:
      return { type: { name: 'float' }, value: reader.f64() };
    case TOKEN.money:
      return { type: { name: 'money' }, value: decodeMoney(reader, 8) };
    case TOKEN.money4:
      return { type: { name: 'smallmoney' }, value: decodeMoney(reader, 4) };
    case TOKEN.datetime:
      return { type: { name: 'datetime' }, value: decodeDatetime(reader, 8) };
    case TOKEN.datetime4:
      return { type: { name: 'smalldatetime' }, value: decodeDatetime(reader, 4) };
    default:
      return readVariable(reader, token, context);
  }
}

/** A value after a one-byte length; 0 is null. */
function nullable(reader: ByteReader, decode: (bytes: number) => SqlValue): SqlValue {
  const bytes = reader.u8();
  if (bytes === 0) return null;
  const end = reader.position + bytes;
  if (bytes > reader.remaining()) throw new ProtocolError('a parameter reaches past the message');
  const value = decode(bytes);
  if (reader.position !== end) throw new ProtocolError('a parameter is longer than its type');
  return value;
}

function readVariable(reader: ByteReader, token: number, context: ParameterContext): TypedValue {
  switch (token) {
    case TOKEN.intN: {
      const bytes = reader.u8();
      const name = INTEGER_NAMES[bytes as 1];
      if (name === undefined) throw new ProtocolError(`an integer type of ${bytes} bytes`);
      return { type: { name }, value: nullable(reader, (length) => widen(decodeInteger(reader, length), name)) };
    }
    case TOKEN.bitN:
      reader.skip(1);
      return { type: { name: 'bit' }, value: nullable(reader, () => (reader.u8() === 0 ? 0 : 1)) };
    case TOKEN.floatN: {
      const bytes = reader.u8();
      return {
        type: { name: bytes === 4 ? 'real' : 'float' },
        value: nullable(reader, (length) => decodeFloat(reader, length)),
      };
    }
    case TOKEN.moneyN: {
      const bytes = reader.u8();
      return {
        type: { name: bytes === 4 ? 'smallmoney' : 'money' },
        value: nullable(reader, (length) => decodeMoney(reader, length)),
      };
    }
    case TOKEN.datetimeN: {
      const bytes = reader.u8();
      const name = bytes === 4 ? 'smalldatetime' : 'datetime';
      return { type: { name }, value: nullable(reader, (length) => decodeDatetime(reader, length)) };
    }
    case TOKEN.date:
      return { type: { name: 'date' }, value: nullable(reader, (length) => decodeDate(reader, length)) };
    case TOKEN.time:
    case TOKEN.datetime2:
    case TOKEN.datetimeOffset:
      return readScaled(reader, token);
    case TOKEN.decimalN:
    case TOKEN.numericN:
    case TOKEN.decimalOld:
    case TOKEN.numericOld: {
      reader.skip(1);
      const precision = reader.u8();
      const scale = reader.u8();
      if (precision < 1 || precision > 38 || scale > precision)
        throw new ProtocolError(`a decimal(${precision}, ${scale})`);
      const name = token === TOKEN.decimalN || token === TOKEN.decimalOld ? 'decimal' : 'numeric';
      return { type: { name, precision, scale }, value: nullable(reader, (length) => decodeDecimal(reader, length)) };
    }
    case TOKEN.uniqueidentifier:
      reader.skip(1);
      return {
        type: { name: 'uniqueidentifier' },
        value: nullable(reader, (length) => {
          if (length !== 16) throw new ProtocolError(`a uniqueidentifier of ${length} bytes`);
          return decodeUniqueidentifier(reader.bytes(16));
        }),
      };
    default:
      return readText(reader, token, context);
  }
}

/** bigint stays bigint whatever the size the client chose to send. */
function widen(value: number | bigint, name: string): number | bigint {
  return name === 'bigint' ? BigInt(value) : value;
}

function readScaled(reader: ByteReader, token: number): TypedValue {
  const scale = reader.u8();
  if (scale > 7) throw new ProtocolError(`a scale of ${scale}`);
  if (token === TOKEN.time)
    return { type: { name: 'time', scale }, value: nullable(reader, (bytes) => decodeTime(reader, scale, bytes)) };
  const decode = token === TOKEN.datetime2 ? decodeDatetime2 : decodeDatetimeOffset;
  return { type: { name: 'datetime2', scale }, value: nullable(reader, (bytes) => decode(reader, scale, bytes)) };
}

function readText(reader: ByteReader, token: number, context: ParameterContext): TypedValue {
  switch (token) {
    case TOKEN.charOld:
    case TOKEN.varcharOld: {
      const length = reader.u8();
      const page = readCodePage(Buffer.alloc(5), context);
      const value = nullable(reader, (bytes) => decodeCodePage(reader.bytes(bytes), page));
      return { type: { name: token === TOKEN.charOld ? 'char' : 'varchar', length }, value };
    }
    case TOKEN.binaryOld:
    case TOKEN.varbinaryOld: {
      const length = reader.u8();
      return {
        type: { name: token === TOKEN.binaryOld ? 'binary' : 'varbinary', length },
        value: nullable(reader, (bytes) => copy(reader.bytes(bytes))),
      };
    }
    case TOKEN.char:
    case TOKEN.varchar: {
      const bytes = reader.u16();
      const page = readCodePage(reader.bytes(5), context);
      const data = readLong(reader, bytes);
      const name = token === TOKEN.char ? 'char' : 'varchar';
      return {
        type: { name, length: bytes === MAX_BYTES ? -1 : bytes },
        value: data === null ? null : decodeCodePage(data, page),
      };
    }
    case TOKEN.nchar:
    case TOKEN.nvarchar: {
      const bytes = reader.u16();
      reader.skip(5);
      const name = token === TOKEN.nchar ? 'nchar' : 'nvarchar';
      return {
        type: { name, length: bytes === MAX_BYTES ? -1 : bytes >>> 1 },
        value: decodeWide(readLong(reader, bytes)),
      };
    }
    case TOKEN.binary:
    case TOKEN.varbinary: {
      const bytes = reader.u16();
      const data = readLong(reader, bytes);
      const name = token === TOKEN.binary ? 'binary' : 'varbinary';
      return { type: { name, length: bytes === MAX_BYTES ? -1 : bytes }, value: data === null ? null : copy(data) };
    }
    case TOKEN.text: {
      reader.skip(4);
      const page = readCodePage(reader.bytes(5), context);
      const data = readLarge(reader);
      return { type: { name: 'text' }, value: data === null ? null : decodeCodePage(data, page) };
    }
    case TOKEN.ntext:
      reader.skip(9);
      return { type: { name: 'ntext' }, value: decodeWide(readLarge(reader)) };
    case TOKEN.image: {
      reader.skip(4);
      const data = readLarge(reader);
      return { type: { name: 'image' }, value: data === null ? null : copy(data) };
    }
    case TOKEN.xml:
      if (reader.u8() !== 0) throw unknownType(token);
      return { type: { name: 'nvarchar', length: -1 }, value: decodeWide(readParts(reader)) };
    default:
      throw unknownType(token);
  }
}

function unknownType(token: number): SqlServerError {
  const code = `0x${token.toString(16).toUpperCase().padStart(2, '0')}`;
  const message =
    'The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect. ' +
    `Data type ${code} is unknown.`;
  return new SqlServerError(message, { number: 8009, severity: 16, state: 4 });
}

/** All-zero collation bytes stand for the server's own. */
function readCodePage(bytes: Uint8Array, context: ParameterContext): CodePage {
  const named = bytes.some((byte) => byte !== 0);
  const page = named
    ? codePageOfBytes(bytes, context.codePages)
    : collationByName(context.collation, context.codePages)?.codePage;
  if (page === undefined) {
    const code = Buffer.from(bytes).toString('hex');
    throw new SqlServerError(`Invalid collation '0x${code}'.`, { number: 448, severity: 16, state: 1 });
  }
  return page;
}

/** A 16-bit length and data, or parts where the type says `(max)`. */
function readLong(reader: ByteReader, typeBytes: number): Buffer | null {
  if (typeBytes === MAX_BYTES) return readParts(reader);
  const bytes = reader.u16();
  return bytes === 0xffff ? null : reader.bytes(bytes);
}

/** PLP: a total (or "unknown"), parts, an empty part ([MS-TDS] 2.2.5.2.3). */
function readParts(reader: ByteReader): Buffer | null {
  if (reader.u64() === 0xffff_ffff_ffff_ffffn) return null;
  const parts: Buffer[] = [];
  for (;;) {
    const bytes = reader.u32();
    if (bytes === 0) return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    parts.push(reader.bytes(bytes));
  }
}

function readLarge(reader: ByteReader): Buffer | null {
  const bytes = reader.i32();
  return bytes === -1 ? null : reader.bytes(bytes);
}

function decodeWide(data: Buffer | null): string | null {
  if (data === null) return null;
  if (data.length % 2 === 1) throw new ProtocolError('UTF-16 text of an odd length');
  return data.toString('utf16le');
}

/** The received message is not kept: the data half gets bytes of its own. */
function copy(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}
