import { createHmac, createSecretKey, hash } from 'node:crypto';
import { createDigester } from '@flynotes/carestream-server/api';
import type { Digester } from '@flynotes/carestream-server/api';

/** Digests under a practice's key. A KeyObject: with a plain key each HMAC would set it up anew. */
export function createPracticeDigester(digestKey: string): Digester {
  const key = createSecretKey(Buffer.from(digestKey, 'base64'));
  return createDigester({
    // A call that gives a text costs half of one that gives bytes.
    hmacSha256: (text) => createHmac('sha256', key).update(text).digest('hex'),
    sha256: (data) => hash('sha256', data, 'buffer'),
  });
}

/** A digest as the column `digest numeric(39, 0)` takes it, so that SQL can sum it. */
export function digestNumber(digestHex: string): string {
  return BigInt(`0x${digestHex}`).toString();
}

/** Back from the column. */
export function digestHex(digestText: string): string {
  return BigInt(digestText).toString(16).padStart(32, '0');
}
