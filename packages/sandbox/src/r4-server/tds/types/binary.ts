import type { SqlValue } from '../../engine.ts';
import { reserve, writeBytes, writeU16, writeU32, writeU8 } from '../byte-writer.ts';
import { plp, writeTextPointer } from './text.ts';
import { TOKEN, ValueMismatch } from './wire-type.ts';
import type { ValueEncoder, WireType } from './wire-type.ts';

/** [MS-TDS] 2.2.5.5: timestamp is a binary(8) of this user type. */
const TIMESTAMP_USER_TYPE = 80;

function bytesOf(value: SqlValue, type: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new ValueMismatch(value, type);
  return value;
}

/** binary and varbinary of a stated length; binary is padded with zeros. */
export function binaryType(name: 'binary' | 'varbinary', length: number): WireType {
  const label = `${name}(${length})`;
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      writeU16(out, 0xffff);
      return;
    }
    const bytes = bytesOf(value, label);
    if (bytes.length > length) throw new ValueMismatch(value, label);
    const padding = name === 'binary' ? length - bytes.length : 0;
    writeU16(out, bytes.length + padding);
    writeBytes(out, bytes);
    reserve(out, padding).fill(0, out.position, out.position + padding);
    out.position += padding;
  };
  return { info: Uint8Array.of(name === 'binary' ? TOKEN.binary : TOKEN.varbinary, length, length >>> 8), encode };
}

export function timestampType(): WireType {
  return { ...binaryType('binary', 8), userType: TIMESTAMP_USER_TYPE };
}

export function binaryMaxType(): WireType {
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      plp.encodeNull(out);
      return;
    }
    const bytes = bytesOf(value, 'varbinary(max)');
    plp.encode(out, bytes.length, () => writeBytes(out, bytes));
  };
  return { info: Uint8Array.of(TOKEN.varbinary, 0xff, 0xff), encode };
}

export function imageType(): WireType {
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      writeU8(out, 0);
      return;
    }
    const bytes = bytesOf(value, 'image');
    writeTextPointer(out);
    writeU32(out, bytes.length);
    writeBytes(out, bytes);
  };
  return { info: Uint8Array.of(TOKEN.image, 0xff, 0xff, 0xff, 0x7f), encode, namesTable: true };
}
