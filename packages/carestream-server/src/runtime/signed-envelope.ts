import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { PinnedKey } from '../contract/host.ts';
import { signatureContexts, type SignedEnvelope } from '../contract/release.ts';

/** What a signature is for: one purpose's never serves the other. */
export type SignedPurpose = keyof typeof signatureContexts;

/** Why signed bytes do not count. */
export type SignatureFault = 'unknown-key' | 'wrong-signature';

/** @see {@link openEnvelope} */
export type EnvelopeReading =
  | { readonly outcome: 'verified'; readonly payload: Buffer; readonly keyId: string }
  | { readonly outcome: 'refused'; readonly fault: SignatureFault };

const signatureBytes = 64;

/** First 16 hexadecimal characters of SHA-256 of the public key's SPKI bytes, and those bytes. */
export function pinnedKeyOf(key: KeyObject): PinnedKey {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' });
  return { keyId: keyIdOf(spki), spki: spki.toString('base64') };
}

/** Signs exactly these bytes for one purpose (ed25519, RFC 8032). */
export function signEnvelope(payload: Uint8Array, purpose: SignedPurpose, privateKey: KeyObject): SignedEnvelope {
  return {
    payload: Buffer.from(payload).toString('base64'),
    signature: sign(null, signedBytes(payload, purpose), privateKey).toString('base64'),
    keyId: pinnedKeyOf(privateKey).keyId,
  };
}

/** The signed bytes, if one of the pinned keys signed them for this purpose. Nothing in them has been looked at before. */
export function openEnvelope(
  envelope: SignedEnvelope,
  purpose: SignedPurpose,
  keys: readonly PinnedKey[],
): EnvelopeReading {
  const pinned = keys.find(({ keyId }) => keyId === envelope.keyId);
  const key = pinned === undefined ? null : ed25519Of(pinned);
  if (key === null) return { outcome: 'refused', fault: 'unknown-key' };
  const payload = Buffer.from(envelope.payload, 'base64');
  const signature = Buffer.from(envelope.signature, 'base64');
  const genuine = signature.length === signatureBytes && verify(null, signedBytes(payload, purpose), key, signature);
  return genuine
    ? { outcome: 'verified', payload, keyId: envelope.keyId }
    : { outcome: 'refused', fault: 'wrong-signature' };
}

function signedBytes(payload: Uint8Array, purpose: SignedPurpose): Buffer {
  return Buffer.concat([Buffer.from(signatureContexts[purpose]), payload]);
}

function keyIdOf(spki: Buffer): string {
  return createHash('sha256').update(spki).digest('hex').slice(0, 16);
}

/** Null for what is no ed25519 key, or bears another key's id: it opens nothing. */
function ed25519Of({ keyId, spki }: PinnedKey): KeyObject | null {
  const der = Buffer.from(spki, 'base64');
  if (keyIdOf(der) !== keyId) return null;
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}
