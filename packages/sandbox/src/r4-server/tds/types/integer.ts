import type { SqlValue } from '../../engine.ts';
import { reserve, writeU8 } from '../byte-writer.ts';
import type { ByteReader } from '../byte-reader.ts';
import { ProtocolError } from '../protocol-error.ts';
import { TOKEN, ValueMismatch } from './wire-type.ts';
import type { ValueEncoder, WireType } from './wire-type.ts';

type IntegerName = 'bit' | 'tinyint' | 'smallint' | 'int' | 'bigint';

interface Shape {
  readonly bytes: number;
  readonly fixed: number;
  readonly nullable: number;
  readonly least: number;
  readonly most: number;
}

const SHAPES: Readonly<Record<IntegerName, Shape>> = {
  bit: { bytes: 1, fixed: TOKEN.bit, nullable: TOKEN.bitN, least: 0, most: 1 },
  tinyint: { bytes: 1, fixed: TOKEN.int1, nullable: TOKEN.intN, least: 0, most: 255 },
  smallint: { bytes: 2, fixed: TOKEN.int2, nullable: TOKEN.intN, least: -32_768, most: 32_767 },
  int: { bytes: 4, fixed: TOKEN.int4, nullable: TOKEN.intN, least: -2_147_483_648, most: 2_147_483_647 },
  bigint: { bytes: 8, fixed: TOKEN.int8, nullable: TOKEN.intN, least: 0, most: 0 },
};

/** bit, tinyint, smallint, int, bigint: fixed-length when not nullable, else with a length byte. */
export function integerType(name: IntegerName, nullable: boolean): WireType {
  const shape = SHAPES[name];
  const encodeValue = name === 'bigint' ? encodeBigint : smallEncoder(name, shape);
  if (!nullable) {
    return { info: Uint8Array.of(shape.fixed), encode: encodeValue };
  }
  const { bytes } = shape;
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      writeU8(out, 0);
      return;
    }
    reserve(out, bytes + 1)[out.position++] = bytes;
    encodeValue(out, value);
  };
  return { info: Uint8Array.of(shape.nullable, bytes), encode };
}

function smallEncoder(name: IntegerName, { bytes, least, most }: Shape): ValueEncoder {
  return (out, value) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || !(number >= least && number <= most)) throw new ValueMismatch(value, name);
    const buffer = reserve(out, bytes);
    let rest = number;
    for (let end = out.position + bytes; out.position < end; rest >>= 8) buffer[out.position++] = rest;
  };
}

function encodeBigint(out: Parameters<ValueEncoder>[0], value: SqlValue): void {
  const buffer = reserve(out, 8);
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value) throw new ValueMismatch(value, 'bigint');
    buffer.writeBigInt64LE(value, out.position);
  } else if (typeof value === 'number' && Number.isSafeInteger(value)) {
    buffer.writeInt32LE(value | 0, out.position);
    buffer.writeInt32LE(Math.floor(value / 0x1_0000_0000), out.position + 4);
  } else {
    throw new ValueMismatch(value, 'bigint');
  }
  out.position += 8;
}

/** An INTN value of a client's parameter; 1 byte is unsigned. */
export function decodeInteger(reader: ByteReader, bytes: number): number | bigint {
  switch (bytes) {
    case 1:
      return reader.u8();
    case 2:
      return reader.i16();
    case 4:
      return reader.i32();
    case 8:
      return BigInt.asIntN(64, reader.u64());
    default:
      throw new ProtocolError(`an integer of ${bytes} bytes`);
  }
}
