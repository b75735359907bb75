import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { pinnedKeyOf, pinnedKeySchema, type PinnedKey } from '@flynotes/carestream-server/api';
import * as z from 'zod';

/** A keys file while it is being put together: either list may still be empty. */
const draftSchema = z.object({
  release: z.array(pinnedKeySchema).max(8).default([]),
  directive: z.array(pinnedKeySchema).max(8).default([]),
});
/** @see {@link draftSchema} */
export type KeysDraft = z.infer<typeof draftSchema>;

/** Shorter ones are guessed by a machine in days. */
const passphraseCharactersLeast = 16;

/** Makes an ed25519 key, its private half as a PEM that opens with the passphrase alone (PKCS#8, RFC 8018). @throws Error for a short one */
export function makeReleaseKey(passphrase: string): { readonly pem: string; readonly pinned: PinnedKey } {
  if (passphrase.length < passphraseCharactersLeast) {
    throw new Error(`the passphrase must have at least ${passphraseCharactersLeast} characters`);
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase }).toString();
  return { pem, pinned: pinnedKeyOf(privateKey) };
}

/** Opens a private key. @throws Error in plain words */
export function openReleaseKey(pem: string, passphrase: string): KeyObject {
  if (!pem.includes('BEGIN ENCRYPTED PRIVATE KEY')) {
    throw new Error('this is no private key under a passphrase; an unprotected key signs nothing');
  }
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', passphrase });
  } catch {
    throw new Error('the passphrase does not open this key');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('this is no ed25519 key');
  return key;
}

/** Reads a keys file. @throws Error in plain words */
export function readKeysFile(file: string): KeysDraft {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Error(`${file} cannot be read as JSON`);
  }
  const parsed = draftSchema.safeParse(value);
  if (!parsed.success) throw new Error(`${file} is no keys file: ${parsed.error.issues[0]?.path.join('.') ?? ''}`);
  return parsed.data;
}

/** Adds a public key to one of the file's lists; the file is made where it is missing. */
export function addToKeysFile(file: string, list: keyof KeysDraft, key: PinnedKey): KeysDraft {
  const keys = existsSync(file) ? readKeysFile(file) : { release: [], directive: [] };
  if (!keys[list].some(({ keyId }) => keyId === key.keyId)) keys[list].push({ keyId: key.keyId, spki: key.spki });
  writeFileSync(file, `${JSON.stringify(draftSchema.parse(keys), null, 2)}\n`);
  return keys;
}
