import { reserve, writeU8 } from '../byte-writer.ts';
import { TOKEN, ValueMismatch } from './wire-type.ts';
import type { ValueEncoder, WireType } from './wire-type.ts';

/** Where each byte on the wire stands in the text: the first three groups are little-endian. */
const TEXT_OFFSETS = [6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34];
const SHAPE = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

function nibble(code: number): number {
  return code < 0x3a ? code - 0x30 : (code | 0x20) - 0x57;
}

export function uniqueidentifierType(): WireType {
  const encode: ValueEncoder = (out, value) => {
    if (value === null) {
      writeU8(out, 0);
      return;
    }
    if (typeof value !== 'string' || !SHAPE.test(value)) throw new ValueMismatch(value, 'uniqueidentifier');
    const buffer = reserve(out, 17);
    let at = out.position;
    buffer[at++] = 16;
    for (const offset of TEXT_OFFSETS)
      buffer[at++] = (nibble(value.charCodeAt(offset)) << 4) | nibble(value.charCodeAt(offset + 1));
    out.position = at;
  };
  return { info: Uint8Array.of(TOKEN.uniqueidentifier, 16), encode };
}

export function decodeUniqueidentifier(bytes: Uint8Array): string {
  const text = Buffer.alloc(36, '-');
  for (const [index, offset] of TEXT_OFFSETS.entries())
    text.write(bytes[index]!.toString(16).padStart(2, '0'), offset, 'latin1');
  return text.toString('latin1').toUpperCase();
}
