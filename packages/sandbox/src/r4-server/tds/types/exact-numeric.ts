import type { SqlValue } from '../../engine.ts';
import { reserve, writeU8 } from '../byte-writer.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { ByteReader } from '../byte-reader.ts';
import { ProtocolError } from '../protocol-error.ts';
import { TOKEN, ValueMismatch } from './wire-type.ts';
import type { ValueEncoder, WireType } from './wire-type.ts';

/** A JavaScript number where it is exact, else a bigint. */
export function narrow(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function isInteger(value: SqlValue): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
}

/** money (high half first, [MS-TDS] 2.2.5.5.1.2) and smallmoney: counts of 1/10,000. */
export function moneyType(name: 'money' | 'smallmoney', nullable: boolean): WireType {
  const bytes = name === 'money' ? 8 : 4;
  const encodeValue: ValueEncoder = name === 'money' ? encodeMoney : encodeSmallMoney;
  if (!nullable) return { info: Uint8Array.of(name === 'money' ? TOKEN.money : TOKEN.money4), encode: encodeValue };
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      writeU8(out, 0);
      return;
    }
    writeU8(out, bytes);
    encodeValue(out, value);
  };
  return { info: Uint8Array.of(TOKEN.moneyN, bytes), encode };
}

function encodeMoney(out: ByteWriter, value: SqlValue): void {
  if (!isInteger(value)) throw new ValueMismatch(value, 'money');
  const buffer = reserve(out, 8);
  if (typeof value === 'number') {
    buffer.writeInt32LE(Math.floor(value / 0x1_0000_0000), out.position);
    buffer.writeInt32LE(value | 0, out.position + 4);
  } else {
    if (BigInt.asIntN(64, value) !== value) throw new ValueMismatch(value, 'money');
    buffer.writeInt32LE(Number(value >> 32n), out.position);
    buffer.writeUInt32LE(Number(value & 0xffff_ffffn), out.position + 4);
  }
  out.position += 8;
}

function encodeSmallMoney(out: ByteWriter, value: SqlValue): void {
  const number = Number(value);
  if (!isInteger(value) || (number | 0) !== number) throw new ValueMismatch(value, 'smallmoney');
  reserve(out, 4).writeInt32LE(number, out.position);
  out.position += 4;
}

export function decodeMoney(reader: ByteReader, bytes: number): number | bigint {
  if (bytes === 4) return reader.i32();
  if (bytes !== 8) throw new ProtocolError(`money of ${bytes} bytes`);
  const high = BigInt(reader.i32());
  return narrow((high << 32n) | BigInt(reader.u32()));
}

/** decimal and numeric: a sign byte, then the magnitude in as many bytes as the precision may need ([MS-TDS] 2.2.5.5.1.6). */
export function decimalType(name: 'decimal' | 'numeric', precision: number, scale: number): WireType {
  const magnitudeBytes = precision <= 9 ? 4 : precision <= 19 ? 8 : precision <= 28 ? 12 : 16;
  const bytes = magnitudeBytes + 1;
  const limit = 10n ** BigInt(precision);
  const smallLimit = precision <= 15 ? Number(limit) : Number.MAX_SAFE_INTEGER;
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      writeU8(out, 0);
      return;
    }
    if (!isInteger(value)) throw new ValueMismatch(value, name);
    const buffer = reserve(out, bytes + 1);
    const start = out.position;
    buffer[start] = bytes;
    buffer[start + 1] = value < 0 ? 0 : 1;
    buffer.fill(0, start + 2, start + 1 + bytes);
    if (typeof value === 'number') {
      const magnitude = Math.abs(value);
      if (magnitude >= smallLimit) throw new ValueMismatch(value, `${name}(${precision}, ${scale})`);
      buffer.writeUInt32LE(magnitude % 0x1_0000_0000, start + 2);
      if (magnitudeBytes > 4) buffer.writeUInt32LE(Math.floor(magnitude / 0x1_0000_0000), start + 6);
    } else {
      let magnitude = value < 0n ? -value : value;
      if (magnitude >= limit) throw new ValueMismatch(value, `${name}(${precision}, ${scale})`);
      for (let at = start + 2; magnitude > 0n; at += 4, magnitude >>= 32n) {
        buffer.writeUInt32LE(Number(magnitude & 0xffff_ffffn), at);
      }
    }
    out.position = start + 1 + bytes;
  };
  const token = name === 'decimal' ? TOKEN.decimalN : TOKEN.numericN;
  return { info: Uint8Array.of(token, bytes, precision, scale), encode };
}

/** The scaled integer of a client's DECIMALN value of `bytes` bytes, sign included. */
export function decodeDecimal(reader: ByteReader, bytes: number): number | bigint {
  if (bytes < 2 || bytes > 17) throw new ProtocolError(`a decimal of ${bytes} bytes`);
  const negative = reader.u8() === 0;
  let magnitude = 0n;
  for (let index = 0; index < bytes - 1; index += 1) magnitude |= BigInt(reader.u8()) << BigInt(index * 8);
  return narrow(negative ? -magnitude : magnitude);
}
