import { hash } from 'node:crypto';

const blockBytes = 64;
const hashBytes = 32;

/** HMAC-SHA-256 under one key, in hexadecimal. */
export interface KeyedHash {
  ofText(text: string): string;
  /** Of the first so many bytes. */
  ofBytes(bytes: Buffer, length: number): string;
}

/**
 * HMAC-SHA-256 under one key, in hexadecimal (RFC 2104: the hash of one padded key and the hash of another and the text).
 * Two hashes in one call each cost half of an Hmac object, which Node makes anew for each text and the garbage collector has to find.
 */
export function createKeyedHash(key: Uint8Array): KeyedHash {
  const fitting = key.byteLength > blockBytes ? hash('sha256', key, 'buffer') : key;
  const padded = (pad: number): Buffer => {
    const block = Buffer.alloc(blockBytes, pad);
    fitting.forEach((byte, index) => (block[index] = byte ^ pad));
    return block;
  };
  const innerKey = padded(0x36);
  const outer = Buffer.concat([padded(0x5c), Buffer.alloc(hashBytes)]);
  let inner = Buffer.alloc(0);
  /** Records are of a few hundred lengths; a view for each costs less than one for each record. */
  const views: Uint8Array[] = [];
  const makeRoom = (mostBytes: number): void => {
    if (inner.byteLength >= blockBytes + mostBytes) return;
    inner = Buffer.alloc(2 * (blockBytes + mostBytes));
    inner.set(innerKey);
    views.length = 0;
  };
  const finish = (textBytes: number): string => {
    // `binary` is Latin-1 (Node's types know no other name here): it carries each byte as it is, for less than bytes would cost.
    const view = (views[textBytes] ??= new Uint8Array(inner.buffer, inner.byteOffset, blockBytes + textBytes));
    const digest = hash('sha256', view, 'binary');
    outer.write(digest, blockBytes, 'latin1');
    return hash('sha256', outer, 'hex');
  };
  return {
    ofText(text) {
      makeRoom(3 * text.length);
      return finish(inner.write(text, blockBytes));
    },
    ofBytes(bytes, length) {
      makeRoom(length);
      bytes.copy(inner, blockBytes, 0, length);
      return finish(length);
    },
  };
}
