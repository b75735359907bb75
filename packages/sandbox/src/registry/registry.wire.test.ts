import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRegistry, type Registry } from './index.ts';

const name = '@flynotes/carestream-server';
let registry: Registry;

beforeAll(async () => {
  registry = await createRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

/** A tarball with a package.json alone. */
function tarballOf(version: string, about = ''): Buffer {
  const text = Buffer.from(JSON.stringify({ name, version, description: about }));
  const header = Buffer.alloc(512);
  header.write('package/package.json', 0);
  header.write('0000644\0', 100);
  header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write('0ustar\u000000', 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return gzipSync(Buffer.concat([header, text, Buffer.alloc(512 - (text.length % 512)), Buffer.alloc(1024)]));
}

const get = (address: string, token?: string) =>
  fetch(address, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
const packument = async (token = registry.tokens.agent) =>
  (await (await get(`${registry.url}/@flynotes%2fcarestream-server`, token)).json()) as {
    versions: Record<string, { dist: { tarball: string; integrity: string } }>;
  };

test('what is published is read with the token that reads, byte for byte', async () => {
  const tarball = tarballOf('1.0.0');
  expect(await registry.publish(tarball)).toEqual({ name, version: '1.0.0' });
  const { dist } = (await packument()).versions['1.0.0']!;
  expect(dist.integrity).toBe(`sha512-${createHash('sha512').update(tarball).digest('base64')}`);
  const bytes = Buffer.from(await (await get(dist.tarball, registry.tokens.agent)).arrayBuffer());
  expect(bytes.equals(tarball)).toBe(true);
});

test('nobody reads without a token, and the one that reads does not publish', async () => {
  expect((await get(`${registry.url}/@flynotes%2fcarestream-server`)).status).toBe(401);
  await expect(registry.publish(tarballOf('1.0.9'), registry.tokens.agent)).rejects.toThrow('403');
});

test('whoever owns the disk swaps a tarball, with and without its hashes', async () => {
  const [honest, evil] = [tarballOf('1.1.0'), tarballOf('1.1.0', 'other bytes')];
  const release = await registry.publish(honest);
  const { dist } = (await packument()).versions['1.1.0']!;
  registry.swapTarball(release, evil, false);
  expect(Buffer.from(await (await get(dist.tarball, registry.tokens.agent)).arrayBuffer()).equals(evil)).toBe(true);
  expect((await packument()).versions['1.1.0']!.dist.integrity).toBe(dist.integrity);
  registry.swapTarball(release, evil, true);
  expect((await packument()).versions['1.1.0']!.dist.integrity).not.toBe(dist.integrity);
});

test('what was published and the tokens outlive a stop', async () => {
  await registry.publish(tarballOf('1.2.0'));
  await registry.stop();
  await expect(packument()).rejects.toThrow('fetch failed');
  await registry.start();
  expect(Object.keys((await packument()).versions)).toContain('1.2.0');
});
