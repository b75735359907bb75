/**
 * A growing buffer that tokens are written into. A plain record with free functions: rows are encoded
 * millions of times, and V8 inlines these.
 */
export interface ByteWriter {
  buffer: Buffer;
  position: number;
}

export function createByteWriter(sizeBytes = 16_384): ByteWriter {
  return { buffer: Buffer.allocUnsafeSlow(sizeBytes), position: 0 };
}

/** Makes room for `bytes` more and returns the buffer to write them into, at `out.position`. */
export function reserve(out: ByteWriter, bytes: number): Buffer {
  if (out.position + bytes > out.buffer.length) grow(out, bytes);
  return out.buffer;
}

function grow(out: ByteWriter, bytes: number): void {
  let size = out.buffer.length * 2;
  while (size < out.position + bytes) size *= 2;
  const larger = Buffer.allocUnsafeSlow(size);
  out.buffer.copy(larger, 0, 0, out.position);
  out.buffer = larger;
}

export function writeU8(out: ByteWriter, value: number): void {
  const buffer = reserve(out, 1);
  buffer[out.position++] = value;
}

export function writeU16(out: ByteWriter, value: number): void {
  const buffer = reserve(out, 2);
  const at = out.position;
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  out.position = at + 2;
}

/** Signed or unsigned: the low 32 bits count. */
export function writeU32(out: ByteWriter, value: number): void {
  const buffer = reserve(out, 4);
  const at = out.position;
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
  out.position = at + 4;
}

/** An integer of up to 2^53 either side of zero, as 64 bits, low half first. */
export function writeI64(out: ByteWriter, value: number): void {
  writeU32(out, value % 0x1_0000_0000);
  writeU32(out, Math.floor(value / 0x1_0000_0000));
}

export function writeBytes(out: ByteWriter, bytes: Uint8Array): void {
  reserve(out, bytes.length).set(bytes, out.position);
  out.position += bytes.length;
}

const SHORT_TEXT = 48;

/** UTF-16LE without a length. */
export function writeUtf16(out: ByteWriter, text: string): void {
  const { length } = text;
  const buffer = reserve(out, length * 2);
  let at = out.position;
  out.position = at + length * 2;
  if (length > SHORT_TEXT) {
    buffer.write(text, at, 'utf16le');
    return;
  }
  // A call into C++ costs more than a short loop.
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    buffer[at] = code;
    buffer[at + 1] = code >>> 8;
    at += 2;
  }
}

/** B_VARCHAR: one byte of characters, UTF-16LE ([MS-TDS] 2.2.5.1.2). Longer text is cut. */
export function writeShortText(out: ByteWriter, text: string): void {
  const cut = text.length > 255 ? text.slice(0, 255) : text;
  writeU8(out, cut.length);
  writeUtf16(out, cut);
}

/** US_VARCHAR: two bytes of characters, UTF-16LE. Longer text is cut. */
export function writeLongText(out: ByteWriter, text: string): void {
  const cut = text.length > 65_535 ? text.slice(0, 65_535) : text;
  writeU16(out, cut.length);
  writeUtf16(out, cut);
}
