import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { signatureContexts } from './agent-interface.ts';
import { isObject, parseObject, readObject, type JsonObject } from './json-file.ts';

/** A public key of `keys.json`. */
export interface PinnedKey {
  readonly keyId: string;
  /** ed25519, SPKI as DER, base64. */
  readonly spki: string;
}

/** Whose signatures count. */
export interface PinnedKeys {
  readonly release: readonly PinnedKey[];
  readonly directive: readonly PinnedKey[];
}

/** @see {@link openEnvelope} */
export type EnvelopeReading =
  | { readonly outcome: 'verified'; readonly body: JsonObject; readonly keyId: string }
  | { readonly outcome: 'refused'; readonly reason: string };

const signatureBytes = 64;

/** Reads `keys.json`; null where it is missing or names no keys. */
export function readKeys(file: string): PinnedKeys | null {
  const found = readObject(file);
  const release = keysOf(found?.['release']);
  const directive = keysOf(found?.['directive']);
  return release.length > 0 ? { release, directive } : null;
}

/** The signed JSON, if one of the pinned keys signed exactly these bytes for this purpose (ed25519, RFC 8032). */
export function openEnvelope(
  envelope: unknown,
  purpose: keyof typeof signatureContexts,
  keys: readonly PinnedKey[],
): EnvelopeReading {
  const refused = (reason: string): EnvelopeReading => ({ outcome: 'refused', reason });
  if (!isObject(envelope)) return refused('no signature');
  const { payload, signature, keyId } = envelope;
  if (typeof payload !== 'string' || typeof signature !== 'string') return refused('no signature');
  const pinned = keys.find((each) => each.keyId === keyId);
  const key = pinned === undefined ? null : ed25519Of(pinned);
  if (pinned === undefined || key === null) return refused('signed by an unknown key');
  const bytes = Buffer.from(payload, 'base64');
  const signed = Buffer.concat([Buffer.from(signatureContexts[purpose]), bytes]);
  const mark = Buffer.from(signature, 'base64');
  if (mark.length !== signatureBytes || !verify(null, signed, key, mark)) return refused('wrong signature');
  const body = parseObject(bytes.toString('utf8'));
  return body === null ? refused('signed, but not readable') : { outcome: 'verified', body, keyId: pinned.keyId };
}

function keysOf(value: unknown): PinnedKey[] {
  if (!Array.isArray(value)) return [];
  const keys: PinnedKey[] = [];
  for (const each of value as unknown[]) {
    if (isObject(each) && typeof each['keyId'] === 'string' && typeof each['spki'] === 'string') {
      keys.push({ keyId: each['keyId'], spki: each['spki'] });
    }
  }
  return keys;
}

/** Null for what is no ed25519 key, or bears another key's id: it opens nothing. */
function ed25519Of({ keyId, spki }: PinnedKey): KeyObject | null {
  const der = Buffer.from(spki, 'base64');
  if (createHash('sha256').update(der).digest('hex').slice(0, 16) !== keyId) return null;
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}
