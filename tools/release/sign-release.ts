import type { KeyObject } from 'node:crypto';
import {
  openEnvelope,
  releaseManifestSchema,
  signEnvelope,
  signedEnvelopeSchema,
  type PinnedKey,
  type ReleaseManifest,
  type SignedEnvelope,
} from '@flynotes/carestream-server/api';
import { sha512Of } from './make-release.ts';

/** Signs the exact bytes of a manifest, if they are one and the tarball beside it is the one that it names. @throws Error in plain words */
export function signRelease(
  manifestBytes: Uint8Array,
  tarball: Uint8Array,
  key: KeyObject,
): { readonly envelope: SignedEnvelope; readonly manifest: ReleaseManifest } {
  const manifest = manifestOf(manifestBytes);
  checkTarball(manifest, tarball);
  return { envelope: signEnvelope(manifestBytes, 'releaseManifest', key), manifest };
}

/** Opens a signed manifest with public keys alone. @throws Error in plain words */
export function openRelease(
  text: string,
  keys: readonly PinnedKey[],
): { readonly manifest: ReleaseManifest; readonly keyId: string } {
  const envelope = signedEnvelopeSchema.safeParse(jsonOf(text));
  if (!envelope.success) throw new Error('this is no signed release manifest');
  const opened = openEnvelope(envelope.data, 'releaseManifest', keys);
  if (opened.outcome === 'refused') {
    throw new Error(
      opened.fault === 'unknown-key'
        ? `it is signed by the key ${envelope.data.keyId}, which the keys file does not hold`
        : 'the signature is wrong: something was changed after signing, or somebody else signed',
    );
  }
  return { manifest: manifestOf(opened.payload), keyId: opened.keyId };
}

/** @throws Error where the tarball is not the one that the manifest names */
export function checkTarball(manifest: ReleaseManifest, tarball: Uint8Array): void {
  if (tarball.length !== manifest.tarball.sizeBytes || sha512Of(tarball) !== manifest.tarball.sha512) {
    throw new Error('the tarball is not the one that the manifest names');
  }
}

function manifestOf(bytes: Uint8Array): ReleaseManifest {
  const parsed = releaseManifestSchema.safeParse(jsonOf(Buffer.from(bytes).toString('utf8')));
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'the whole'))];
  throw new Error(`this is no release manifest of this package: ${fields.slice(0, 5).join(', ')}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
