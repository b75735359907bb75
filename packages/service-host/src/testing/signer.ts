import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  pinnedKeyOf,
  signEnvelope,
  type KeysFile,
  type PinnedKey,
  type SignedEnvelope,
  type SignedPurpose,
} from '@flynotes/carestream-server/api';

/** A key pair made for one test. */
export interface TestKey {
  readonly pinned: PinnedKey;
  readonly privateKey: KeyObject;
}

/** Makes an ed25519 key pair. */
export function makeKey(): TestKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { pinned: pinnedKeyOf(privateKey), privateKey };
}

/** Signs a JSON value for one purpose, as the agent's side does. */
export function signJson(value: unknown, purpose: SignedPurpose, key: TestKey): SignedEnvelope {
  return signEnvelope(Buffer.from(JSON.stringify(value)), purpose, key.privateKey);
}

/** Keys of one test: of the release, of the directive, and of somebody else. */
export function makeKeys(): { release: TestKey; directive: TestKey; stranger: TestKey; file: KeysFile } {
  const [release, directive, stranger] = [makeKey(), makeKey(), makeKey()];
  return { release, directive, stranger, file: { release: [release.pinned], directive: [directive.pinned] } };
}
