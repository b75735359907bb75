import { createHmac, createSecretKey, hash } from 'node:crypto';
import { createDigester, orderedBasics } from '@flynotes/carestream-server/api';
import type { BasicRecord, Digester } from '@flynotes/carestream-server/api';

/** Digests of one practice, and records as they are stored. */
export interface PracticeDigester extends Digester {
  /** A record as JSON. Right after its digest was computed, this costs nothing: both are made of one text. */
  jsonOf(record: BasicRecord): string;
}

/** Digests under a practice's key. A KeyObject: with a plain key each HMAC would set it up anew. */
export function createPracticeDigester(digestKey: string): PracticeDigester {
  const key = createSecretKey(Buffer.from(digestKey, 'base64'));
  let last: { readonly record: BasicRecord; readonly text: string } | undefined;
  const ordered = (record: BasicRecord): string => {
    if (last?.record !== record) last = { record, text: orderedBasics(record) };
    return last.text;
  };
  const digester = createDigester({
    // A call that gives a text costs half of one that gives bytes.
    hmacSha256: (text) => createHmac('sha256', key).update(text).digest('hex'),
    sha256: (data) => hash('sha256', data, 'buffer'),
    ordered,
  });
  return { ...digester, jsonOf: ordered };
}

/** A digest as the column `digest numeric(39, 0)` takes it, so that SQL can sum it. */
export function digestNumber(digestHex: string): string {
  return BigInt(`0x${digestHex}`).toString();
}

/** Back from the column. */
export function digestHex(digestText: string): string {
  return BigInt(digestText).toString(16).padStart(32, '0');
}
