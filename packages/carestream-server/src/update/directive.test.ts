import { generateKeyPairSync } from 'node:crypto';
import { timesOf } from '@flynotes/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { releasePackageName, type SignedEnvelope } from '../contract/index.ts';
import { codeOf } from '../runtime/index.ts';
import { pinnedKeyOf, signEnvelope } from '../runtime/signed-envelope.ts';
import { readDirective } from './directive.ts';
import { checkAbilities, readReleaseManifest } from './release-manifest.ts';

const seed = 20_261_123;
const { privateKey } = generateKeyPairSync('ed25519');
const keys = [pinnedKeyOf(privateKey)];
const sha512 = 'ab'.repeat(64);
const good = {
  practice: 'elm-street',
  nonce: 'nonce-0123456789abcdef',
  sequence: 5,
  version: '1.4.0',
  releaseSha512: sha512,
  attempt: 1,
  floor: '1.0.0',
  expiresAt: '2026-03-02T09:15:00Z',
};
const nowMs = Date.parse('2026-03-01T00:00:00Z');
const practice = { id: 'elm-street' as never, name: 'Elm Street', timeZone: 'Europe/London' };
const signed = (value: unknown, purpose: 'directive' | 'releaseManifest' = 'directive') =>
  signEnvelope(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), purpose, privateKey);
const reading = (directive: SignedEnvelope) =>
  readDirective({ directive, practice }, { keys, nonce: good.nonce, nowMs, sequence: 5, floor: '1.0.0' });

describe('a directive', () => {
  test('as it should be is valid, the same number again too', () => {
    expect(reading(signed(good))).toEqual({ outcome: 'valid', directive: good });
  });

  test('of any signed content is valid or names its fault, and never throws', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constant(undefined));
    const changes = fc.dictionary(fc.constantFrom(...Object.keys(good)), field, { maxKeys: 3 });
    fc.assert(
      fc.property(
        fc.oneof(
          changes.map((each) => ({ ...good, ...each })),
          fc.jsonValue(),
          fc.string(),
        ),
        (value) => {
          const result = reading(signed(value));
          if (result.outcome === 'valid') {
            expect(result.directive).toMatchObject({
              practice: good.practice,
              nonce: good.nonce,
              expiresAt: expect.any(String),
            });
            expect(result.directive.sequence).toBeGreaterThanOrEqual(5);
          } else expect(result.fault).toMatch(/^[a-z-]+$/);
        },
      ),
      { numRuns: timesOf(300, 30_000), seed },
    );
  });

  test('with any byte changed on the way counts for nothing', () => {
    const envelope = signed(good);
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom('payload', 'signature'),
        (at, change, field) => {
          const bytes = Buffer.from(envelope[field as 'payload'], 'base64');
          bytes[at % bytes.length]! ^= change;
          expect(reading({ ...envelope, [field]: bytes.toString('base64') })).toMatchObject({
            fault: 'wrong-signature',
          });
        },
      ),
      { numRuns: timesOf(100, 10_000), seed },
    );
  });
});

describe('a manifest', () => {
  const manifest = {
    name: releasePackageName,
    version: good.version,
    tarball: { sha512, sizeBytes: 10 },
    files: { 'agent/agent.mjs': sha512 },
    node: '24.0.0',
    hostMin: '0.1.0',
    stateSchema: 1,
  };
  const read = (value: unknown) => readReleaseManifest(signed(value, 'releaseManifest'), keys, good);

  test('of any signed content is one of this very release, or is refused by name', () => {
    const changes = fc.dictionary(fc.constantFrom(...Object.keys(manifest)), fc.jsonValue(), { maxKeys: 2 });
    fc.assert(
      fc.property(
        fc.oneof(
          changes.map((each) => ({ ...manifest, ...each })),
          fc.jsonValue(),
          fc.string(),
        ),
        (value) => {
          try {
            expect(read(value)).toMatchObject({ name: manifest.name, version: manifest.version });
          } catch (error) {
            expect(codeOf(error), String(error)).toBe('UPDATE_MANIFEST_INVALID');
          }
        },
      ),
      { numRuns: timesOf(300, 30_000), seed },
    );
  });

  test('that names a hundred thousand files, or the prototype of all objects, does no harm', () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f/${index}.js`, sha512]));
    expect(Object.keys(read({ ...manifest, files: many }).files)).toHaveLength(100_000);
    const text = JSON.stringify(manifest).replace('"files":{', `"files":{"__proto__":"${sha512}",`);
    expect(read(text).files).not.toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['sha512']).toBeUndefined();
  });

  test.each([
    [{ node: '24.21.1' }, 'UPDATE_NEEDS_NODE'],
    [{ hostMin: '0.1.1' }, 'UPDATE_NEEDS_HOST'],
    [{ stateSchema: 1 }, 'UPDATE_STATE_TOO_OLD'],
  ])('that needs %j', (needs, code) => {
    const here = { node: '24.21.0', host: '0.1.0', stateSchema: 2 };
    const fits = { node: '24.21.0', hostMin: '0.1.0', stateSchema: 2 };
    expect(() => checkAbilities(fits, here)).not.toThrow();
    expect(() => checkAbilities({ ...fits, stateSchema: 3 }, here)).not.toThrow();
    expect(() => checkAbilities({ ...fits, ...needs }, here)).toThrow(code);
    expect(() => checkAbilities(fits, { ...here, host: null })).toThrow('UPDATE_NEEDS_HOST');
  });
});
