import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { timesOf } from '@flynotes/testkit';
import { describe, expect, test } from 'vitest';
import {
  directiveSchema,
  faultOfReleasePaths,
  isReleasePath,
  releaseFolderOf,
  releaseFolderSchema,
  releaseManifestSchema,
  type PinnedKey,
  type SignedEnvelope,
} from '../contract/index.ts';
import { openEnvelope, pinnedKeyOf, signEnvelope, type SignedPurpose } from './signed-envelope.ts';

interface Vectors {
  keys: {
    release: (PinnedKey & { pkcs8: string })[];
    directive: (PinnedKey & { pkcs8: string })[];
  };
  manifest: unknown;
  directive: unknown;
  envelopes: { name: string; purpose: SignedPurpose; expect: string; envelope: SignedEnvelope }[];
  paths: { good: string[]; bad: string[]; badTogether: string[][] };
  folders: { version: string; tarballSha512: string; folder: string }[];
}
const vectors = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../contract/vectors/releases.json'), 'utf8'),
) as Vectors;
const keysOf = (purpose: SignedPurpose) => vectors.keys[purpose === 'directive' ? 'directive' : 'release'];
const privateKeyOf = ({ pkcs8 }: { pkcs8: string }) =>
  createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), format: 'der', type: 'pkcs8' });

describe('recorded envelopes', () => {
  test.each(vectors.envelopes)('$name: $expect', ({ purpose, envelope, expect: expected }) => {
    const opened = openEnvelope(envelope, purpose, keysOf(purpose));
    expect(opened.outcome === 'verified' ? 'verified' : opened.fault).toBe(expected);
    if (opened.outcome !== 'verified') return;
    const schema = purpose === 'directive' ? directiveSchema : releaseManifestSchema;
    const signed: unknown = JSON.parse(opened.payload.toString('utf8'));
    expect(schema.parse(signed)).toEqual(purpose === 'directive' ? vectors.directive : vectors.manifest);
  });

  test('are what signing gives today', () => {
    const [key] = vectors.keys.release;
    const { envelope } = vectors.envelopes[0]!;
    expect(signEnvelope(Buffer.from(envelope.payload, 'base64'), 'releaseManifest', privateKeyOf(key!))).toEqual(
      envelope,
    );
    expect(pinnedKeyOf(privateKeyOf(key!))).toEqual({ keyId: key!.keyId, spki: key!.spki });
  });
});

describe('an envelope', () => {
  const [key] = vectors.keys.release;
  const { envelope } = vectors.envelopes[0]!;

  test('is opened by no key that is not what its id says', () => {
    const [, spare] = vectors.keys.release;
    const mixed = { keyId: key!.keyId, spki: spare!.spki };
    expect(openEnvelope(envelope, 'releaseManifest', [mixed])).toEqual({ outcome: 'refused', fault: 'unknown-key' });
    expect(openEnvelope(envelope, 'releaseManifest', [])).toEqual({ outcome: 'refused', fault: 'unknown-key' });
  });

  test('with any byte changed opens no more', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, change, inPayload) => {
        const field = inPayload ? 'payload' : 'signature';
        const bytes = Buffer.from(envelope[field], 'base64');
        bytes[at % bytes.length]! ^= change;
        const changed = { ...envelope, [field]: bytes.toString('base64') };
        expect(openEnvelope(changed, 'releaseManifest', [key!]).outcome).toBe('refused');
      }),
      { numRuns: timesOf(100, 10_000), seed: 20_261_123 },
    );
  });
});

describe('paths of a release', () => {
  test.each(vectors.paths.good)('%j is one', (each) => expect(isReleasePath(each)).toBe(true));
  test.each(vectors.paths.bad)('%j is none', (each) => expect(isReleasePath(each)).toBe(false));
  test.each(vectors.paths.badTogether)('%j and %j do not go together', (...paths) =>
    expect(faultOfReleasePaths(paths.filter((each) => typeof each === 'string'))).not.toBeNull(),
  );
  test('go together otherwise', () => expect(faultOfReleasePaths(vectors.paths.good)).toBeNull());
});

test.each(vectors.folders)('the folder of $version is $folder', ({ version, tarballSha512, folder }) => {
  expect(releaseFolderOf(version, tarballSha512)).toBe(folder);
  expect(releaseFolderSchema.safeParse(folder).success).toBe(true);
});
