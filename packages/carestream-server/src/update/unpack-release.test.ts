import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { timesOf } from '@flynotes/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { releaseOf } from '../../../../tools/release/make-release.ts';
import { writeTarball } from '../../../../tools/release/tar-writer.ts';
import { hostFiles, releasePackageName, type ReleaseManifest } from '../contract/index.ts';
import { codeOf } from '../runtime/index.ts';
import { tarballOf, tarOf } from './testing/hand-made-tar.ts';
import { readTar, type ArchivedFile } from './tar-reader.ts';
import { unpackRelease } from './unpack-release.ts';

const seed = 20_261_123;
const sha512 = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('hex');

async function collect(files: AsyncIterable<ArchivedFile>): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { path, bytes } of files) found[path] = bytes.toString('latin1');
  return found;
}

/** A manifest that makes any bytes pass the first check, so that the reader behind it is met. */
function signedFor(
  tarball: Uint8Array,
  files: Record<string, string> = {},
): Pick<ReleaseManifest, 'tarball' | 'files'> {
  return {
    tarball: { sha512: sha512(tarball), sizeBytes: tarball.length, unpackedBytes: 100_000 },
    files: Object.fromEntries(Object.entries(files).map(([at, text]) => [at, sha512(Buffer.from(text, 'latin1'))])),
  };
}

const pathSegment = fc.stringMatching(/^[a-z0-9_@+-][a-z0-9_@+.-]{0,20}[a-z0-9_]$/);
const files = fc
  .dictionary(
    fc.array(pathSegment, { minLength: 1, maxLength: 4 }).map((segments) => `f/${segments.join('/')}.js`),
    fc.string({ unit: 'binary', maxLength: 3_000 }).map((text) => Buffer.from(text).toString('latin1')),
    { maxKeys: 8 },
  )
  .map((texts) => ({ ...texts, [hostFiles.agentEntry]: '//' }));

describe('a release', () => {
  test('of any files is what it was when it is unpacked, whatever the pieces that it is read in', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (texts) => {
        const entries = Object.entries(texts).map(([at, text]) => ({
          path: at,
          bytes: Buffer.from(text, 'latin1'),
          executable: at.length % 2 === 0,
        }));
        let release;
        try {
          release = releaseOf(
            entries,
            { name: releasePackageName, version: '1.0.0', engines: { node: '>=24' } },
            { hostMin: '0.1.0', stateSchema: 1 },
          );
        } catch (error) {
          // Paths that do not go together, or are too long.
          expect(String(error)).toContain('path');
          return;
        }
        expect(await collect(unpackRelease(release.tarball, release.manifest))).toEqual(texts);
        expect(writeTarball(entries.toReversed()).equals(release.tarball)).toBe(true);
      }),
      { numRuns: timesOf(40, 4_000), seed },
    );
  });
});

describe('bytes that somebody signed', () => {
  const honest = tarOf([
    { name: 'package/agent/agent.mjs', text: 'agent' },
    { name: 'package/a.mjs', text: 'x'.repeat(700) },
  ]);
  const contents = { 'agent/agent.mjs': 'agent', 'a.mjs': 'x'.repeat(700) };

  test('changed anywhere, are refused by name or give exactly the signed files', async () => {
    const mutation = fc.record({
      at: fc.nat(honest.length - 1),
      byte: fc.nat(255),
      cutTo: fc.option(fc.nat(honest.length), { freq: 4 }),
      grownBy: fc.option(fc.nat(2_000), { freq: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), fc.boolean(), async (mutations, packed) => {
        let bytes: Buffer = packed ? gzipSync(honest) : Buffer.from(honest);
        for (const { at, byte, cutTo, grownBy } of mutations) {
          if (bytes.length > 0) bytes[at % bytes.length] = byte;
          if (cutTo !== null) bytes = bytes.subarray(0, cutTo);
          if (grownBy !== null) bytes = Buffer.concat([bytes, Buffer.alloc(grownBy, byte)]);
        }
        const tarball = packed ? bytes : gzipSync(bytes);
        await expectRefusedOr(tarball, contents);
      }),
      { numRuns: timesOf(300, 30_000), seed },
    );
  });

  test('of any kind at all end in a named refusal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4_000 }), fc.boolean(), async (bytes, packed) => {
        await expectRefusedOr(packed ? gzipSync(bytes) : Buffer.from(bytes), contents);
      }),
      { numRuns: timesOf(300, 30_000), seed },
    );
  });

  test('with a header that promises more than there may be, wait for none of it', async () => {
    const promised = tarOf([{ name: 'package/a.mjs', text: 'x' }]);
    promised.write('77777777777\0', 124);
    promised.write(' '.repeat(8), 148);
    const sum = promised.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    promised.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    let asked = 0;
    async function* pieces(): AsyncGenerator<Buffer> {
      asked += 1;
      yield promised.subarray(0, 512);
      asked += 1;
      yield Buffer.alloc(65_536);
    }
    await expect(collect(readTar(pieces(), { bytesMost: 1_000_000, filesMost: 10 }))).rejects.toThrow('too-large');
    expect(asked).toBe(1);
  });

  test('with more files than the manifest names end at the first of them', async () => {
    const many = Array.from({ length: 5_000 }, (_, index) => ({ name: `package/f${index}`, text: '' }));
    const tarball = tarballOf(many);
    const failure = await collect(unpackRelease(tarball, signedFor(tarball, { f0: '' }))).catch(
      (error: unknown) => error,
    );
    expect(['UPDATE_ARCHIVE_INVALID', 'UPDATE_FILES_WRONG']).toContain(codeOf(failure));
  });

  async function expectRefusedOr(tarball: Buffer, expected: Record<string, string>): Promise<void> {
    try {
      expect(await collect(unpackRelease(tarball, signedFor(tarball, expected)))).toEqual(expected);
    } catch (error) {
      expect(['UPDATE_ARCHIVE_INVALID', 'UPDATE_FILES_WRONG'], String(error)).toContain(codeOf(error));
    }
  }
});
