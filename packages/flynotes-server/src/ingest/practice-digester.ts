import { hash } from 'node:crypto';
import { canonicalOfOrdered, createDigester } from '@flynotes/carestream-server/api';
import type { BasicRecord, Digester } from '@flynotes/carestream-server/api';
import { createHmacSha256 } from './hmac-sha256.ts';

/** Digests of one practice. */
export interface PracticeDigester extends Digester {
  /** As `ofRecord`, where the record stands ready as JSON in the canonical order. */
  ofOrdered(text: string, record: BasicRecord): string;
}

/** Digests under a practice's key. */
export function createPracticeDigester(digestKey: string): PracticeDigester {
  const hmacSha256 = createHmacSha256(Buffer.from(digestKey, 'base64'));
  return {
    ...createDigester({ hmacSha256, sha256: (data) => hash('sha256', data, 'buffer') }),
    ofOrdered: (text, record) => hmacSha256(canonicalOfOrdered(text, record)).slice(0, 32),
    // A hash that comes as text costs a third of one that comes as bytes.
    bucketOf: (patientCode) => Number.parseInt(hash('sha256', String(patientCode), 'hex').slice(0, 2), 16),
  };
}

/** A digest as the column `digest numeric(39, 0)` takes it, so that SQL can sum it. */
export function digestNumber(digestHex: string): string {
  return BigInt(`0x${digestHex}`).toString();
}

/** Back from the column. */
export function digestHex(digestText: string): string {
  return BigInt(digestText).toString(16).padStart(32, '0');
}
