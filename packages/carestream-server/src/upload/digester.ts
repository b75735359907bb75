import { hash } from 'node:crypto';
import {
  canonicalVersions,
  createDigester,
  orderedBasics,
  type BasicRecord,
  type Digester,
} from '../contract/index.ts';
import { AgentError } from '../runtime/index.ts';
import { createKeyedHash } from './keyed-hash.ts';

/** Sixteen bytes in hexadecimal. */
const digestCharacters = 32;

/** A practice's digests, and a name for the key and the form they are made with. */
export interface KeyedDigester extends Digester {
  /** Changes with the key and with the canonical version; says nothing about the key. */
  readonly keyId: string;
  /** A record as it travels. Right after its digest was computed, this costs nothing: the digest is made of the same text. */
  jsonOf(record: BasicRecord): string;
  /** The digest of a record whose canonical form stands ready in the first so many bytes. */
  ofCanonical(bytes: Buffer, length: number): string;
}

/**
 * Digests with the functions of node:crypto.
 * @param digest - as the licence answer has it: 32 bytes in base64, and the canonical version
 * @throws AgentError AGENT_TOO_OLD when Flynotes wants a canonical version that this release cannot compute
 */
export function createKeyedDigester(digest: {
  readonly key: string;
  readonly canonicalVersion: number;
}): KeyedDigester {
  if (!canonicalVersions.includes(digest.canonicalVersion)) {
    throw new AgentError('AGENT_TOO_OLD', { details: { canonicalVersion: digest.canonicalVersion } });
  }
  const bytes = Buffer.from(digest.key, 'base64');
  const keyHash = hash('sha256', Buffer.concat([Buffer.from('carestream-server digest key id\n'), bytes]), 'hex');
  let last: { readonly record: BasicRecord; readonly text: string } | undefined;
  const ordered = (record: BasicRecord): string => {
    if (last?.record !== record) last = { record, text: orderedBasics(record) };
    return last.text;
  };
  const keyed = createKeyedHash(bytes);
  return {
    ...createDigester({
      hmacSha256: (text) => keyed.ofText(text),
      sha256: (data) => hash('sha256', data, 'buffer'),
      ordered,
    }),
    // `binary` is Latin-1: the first byte as a character.
    bucketOf: (patientCode) => hash('sha256', String(patientCode), 'binary').charCodeAt(0),
    jsonOf: ordered,
    ofCanonical: (form, length) => keyed.ofBytes(form, length).slice(0, digestCharacters),
    keyId: `${digest.canonicalVersion}:${keyHash.slice(0, 16)}`,
  };
}
