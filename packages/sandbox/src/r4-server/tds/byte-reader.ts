import { ProtocolError } from './protocol-error.ts';

/** Reads a received message. Every read is checked: a length that reaches past the end is the client's fault. */
export interface ByteReader {
  readonly buffer: Buffer;
  position: number;
  remaining(): number;
  skip(bytes: number): void;
  u8(): number;
  u16(): number;
  i16(): number;
  u32(): number;
  i32(): number;
  u64(): bigint;
  f32(): number;
  f64(): number;
  /** A view, not a copy. */
  bytes(length: number): Buffer;
  utf16(characters: number): string;
  /** B_VARCHAR ([MS-TDS] 2.2.5.1.2). */
  shortText(): string;
  /** US_VARCHAR. */
  longText(): string;
}

export function createByteReader(buffer: Buffer): ByteReader {
  const take = (bytes: number): number => {
    const at = reader.position;
    if (bytes < 0 || at + bytes > buffer.length) {
      throw new ProtocolError(`${bytes} bytes wanted at ${at}, the message has ${buffer.length}`);
    }
    reader.position = at + bytes;
    return at;
  };
  const reader: ByteReader = {
    buffer,
    position: 0,
    remaining: () => buffer.length - reader.position,
    skip: (bytes) => void take(bytes),
    u8: () => buffer.readUInt8(take(1)),
    u16: () => buffer.readUInt16LE(take(2)),
    i16: () => buffer.readInt16LE(take(2)),
    u32: () => buffer.readUInt32LE(take(4)),
    i32: () => buffer.readInt32LE(take(4)),
    u64: () => buffer.readBigUInt64LE(take(8)),
    f32: () => buffer.readFloatLE(take(4)),
    f64: () => buffer.readDoubleLE(take(8)),
    bytes: (length) => {
      const at = take(length);
      return buffer.subarray(at, at + length);
    },
    utf16: (characters) => {
      const at = take(characters * 2);
      return buffer.toString('utf16le', at, at + characters * 2);
    },
    shortText: () => reader.utf16(reader.u8()),
    longText: () => reader.utf16(reader.u16()),
  };
  return reader;
}
