import type { SqlValue } from '../../engine.ts';
import { reserve, writeU16, writeU32, writeU8, writeUtf16 } from '../byte-writer.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { writeInCodePage } from '../code-page.ts';
import type { WireCollation } from '../collation.ts';
import { TOKEN, ValueMismatch } from './wire-type.ts';
import type { ValueEncoder, WireType } from './wire-type.ts';

const NULL_LENGTH = 0xffff;
/** The length that says `(max)`: the value travels in parts (PLP, [MS-TDS] 2.2.5.2.3). */
const MAX_LENGTH = 0xffff;
/** A made-up text pointer and timestamp: clients skip them, but they have to be there ([MS-TDS] 2.2.5.5.1.4). */
const TEXT_POINTER = Buffer.concat([
  Buffer.from([16]),
  Buffer.from('dummy textptr\0\0\0', 'latin1'),
  Buffer.from('dummyTS\0', 'latin1'),
]);

function string(value: SqlValue, type: string): string {
  if (typeof value !== 'string') throw new ValueMismatch(value, type);
  return value;
}

function info16(token: number, bytes: number, collation: Uint8Array): Uint8Array {
  return Uint8Array.of(token, bytes, bytes >>> 8, ...collation);
}

/** char and varchar: bytes in the collation's code page. */
export function narrowTextType(name: 'char' | 'varchar', length: number, collation: WireCollation): WireType {
  const { codePage } = collation;
  const label = `${name}(${length})`;
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      writeU16(out, NULL_LENGTH);
      return;
    }
    const text = string(value, label);
    if (text.length > length) throw new ValueMismatch(value, label);
    const padding = name === 'char' ? length - text.length : 0;
    writeU16(out, text.length + padding);
    writeInCodePage(out, text, codePage);
    if (padding > 0) {
      reserve(out, padding).fill(0x20, out.position, out.position + padding);
      out.position += padding;
    }
  };
  return { info: info16(name === 'char' ? TOKEN.char : TOKEN.varchar, length, collation.bytes), encode };
}

/** nchar and nvarchar: UTF-16LE; lengths count bytes. */
export function wideTextType(name: 'nchar' | 'nvarchar', length: number, collation: WireCollation): WireType {
  const label = `${name}(${length})`;
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      writeU16(out, NULL_LENGTH);
      return;
    }
    const text = string(value, label);
    if (text.length > length) throw new ValueMismatch(value, label);
    const padded = name === 'nchar' ? text.padEnd(length) : text;
    writeU16(out, padded.length * 2);
    writeUtf16(out, padded);
  };
  return { info: info16(name === 'nchar' ? TOKEN.nchar : TOKEN.nvarchar, length * 2, collation.bytes), encode };
}

/** PLP: the total length, one part, an empty part; all ones for null. */
function encodePlp(out: ByteWriter, bytes: number, write: () => void): void {
  writeU32(out, bytes);
  writeU32(out, 0);
  if (bytes > 0) {
    writeU32(out, bytes);
    write();
  }
  writeU32(out, 0);
}

function encodePlpNull(out: ByteWriter): void {
  writeU32(out, 0xffff_ffff);
  writeU32(out, 0xffff_ffff);
}

export function narrowMaxType(collation: WireCollation): WireType {
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      encodePlpNull(out);
      return;
    }
    const text = string(value, 'varchar(max)');
    encodePlp(out, text.length, () => writeInCodePage(out, text, collation.codePage));
  };
  return { info: info16(TOKEN.varchar, MAX_LENGTH, collation.bytes), encode };
}

export function wideMaxType(collation: WireCollation): WireType {
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      encodePlpNull(out);
      return;
    }
    const text = string(value, 'nvarchar(max)');
    encodePlp(out, text.length * 2, () => writeUtf16(out, text));
  };
  return { info: info16(TOKEN.nvarchar, MAX_LENGTH, collation.bytes), encode };
}

/** text and ntext: a text pointer, a timestamp, then a 32-bit length. */
export function largeTextType(name: 'text' | 'ntext', collation: WireCollation): WireType {
  const wide = name === 'ntext';
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      writeU8(out, 0);
      return;
    }
    const text = string(value, name);
    writeTextPointer(out);
    writeU32(out, wide ? text.length * 2 : text.length);
    if (wide) writeUtf16(out, text);
    else writeInCodePage(out, text, collation.codePage);
  };
  const most = wide ? [0xfe, 0xff, 0xff, 0x7f] : [0xff, 0xff, 0xff, 0x7f];
  return {
    info: Uint8Array.of(wide ? TOKEN.ntext : TOKEN.text, ...most, ...collation.bytes),
    encode,
    namesTable: true,
  };
}

export function writeTextPointer(out: ByteWriter): void {
  reserve(out, TEXT_POINTER.length).set(TEXT_POINTER, out.position);
  out.position += TEXT_POINTER.length;
}

/** Shared with binary types, which travel the same way. */
export const plp = { encode: encodePlp, encodeNull: encodePlpNull };
