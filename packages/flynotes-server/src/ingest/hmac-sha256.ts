import { createHmac, hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;
/** Of a text; a longer one is digested in the ordinary way. */
const roomBytes = 6_144;

/**
 * HMAC-SHA-256 under one key, as hexadecimal. Out of two one-shot hashes (RFC 2104): an `Hmac` for each text is a native object that has
 * to be made, fed, read and collected, which takes two thirds of a digest's time.
 */
export function createHmacSha256(key: Buffer): (text: string) => string {
  const block = Buffer.alloc(blockBytes);
  block.set(key.byteLength > blockBytes ? hash('sha256', key, 'buffer') : key);
  const inner = Buffer.allocUnsafe(blockBytes + roomBytes);
  const outer = Buffer.allocUnsafe(blockBytes + digestBytes);
  for (const [index, byte] of block.entries()) {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  return (text) => {
    // No UTF-16 unit takes more than three bytes.
    if (text.length * 3 > roomBytes) return createHmac('sha256', key).update(text).digest('hex');
    const bytes = inner.write(text, blockBytes, 'utf8');
    // Bytes as a string: that costs half of what a buffer costs.
    outer.write(hash('sha256', inner.subarray(0, blockBytes + bytes), 'binary'), blockBytes, 'binary');
    return hash('sha256', outer, 'hex');
  };
}
