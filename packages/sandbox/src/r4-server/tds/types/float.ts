import { reserve, writeU8 } from '../byte-writer.ts';
import type { ByteReader } from '../byte-reader.ts';
import { ProtocolError } from '../protocol-error.ts';
import { TOKEN, ValueMismatch } from './wire-type.ts';
import type { ValueEncoder, WireType } from './wire-type.ts';

/** float (8 bytes) and real (4 bytes). */
export function floatType(name: 'float' | 'real', nullable: boolean): WireType {
  const bytes = name === 'float' ? 8 : 4;
  const encodeValue: ValueEncoder = (out, value) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    // SQL Server has neither NaN nor infinities.
    if (typeof number !== 'number' || !Number.isFinite(number)) throw new ValueMismatch(value, name);
    const buffer = reserve(out, bytes);
    if (bytes === 8) buffer.writeDoubleLE(number, out.position);
    else buffer.writeFloatLE(number, out.position);
    out.position += bytes;
  };
  if (!nullable) return { info: Uint8Array.of(name === 'float' ? TOKEN.float8 : TOKEN.float4), encode: encodeValue };
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      writeU8(out, 0);
      return;
    }
    writeU8(out, bytes);
    encodeValue(out, value);
  };
  return { info: Uint8Array.of(TOKEN.floatN, bytes), encode };
}

export function decodeFloat(reader: ByteReader, bytes: number): number {
  if (bytes === 4) return reader.f32();
  if (bytes === 8) return reader.f64();
  throw new ProtocolError(`a float of ${bytes} bytes`);
}
