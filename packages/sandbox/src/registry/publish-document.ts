import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

const blockBytes = 512;

/** The package.json within a package's tarball. @throws Error where there is none */
export function packageJsonOf(tarball: Uint8Array): { name: string; version: string } {
  const bytes = gunzipSync(tarball, { maxOutputLength: 400_000_000 });
  for (let at = 0; at + blockBytes <= bytes.length;) {
    const header = bytes.subarray(at, at + blockBytes);
    const name = textOf(header.subarray(0, 100));
    const sizeBytes = Number.parseInt(textOf(header.subarray(124, 136)), 8) || 0;
    if (name === 'package/package.json') {
      const text = bytes.subarray(at + blockBytes, at + blockBytes + sizeBytes).toString('utf8');
      return JSON.parse(text) as { name: string; version: string };
    }
    at += blockBytes + Math.ceil(sizeBytes / blockBytes) * blockBytes;
  }
  throw new Error('the tarball has no package.json');
}

/** What `npm publish` puts under the package's name. */
export function publishDocumentOf(tarball: Uint8Array, registryUrl: string): { name: string; body: object } {
  const manifest = packageJsonOf(tarball);
  const { name, version } = manifest;
  const file = `${name.slice(name.indexOf('/') + 1)}-${version}.tgz`;
  return {
    name,
    body: {
      _id: name,
      name,
      'dist-tags': { [version.includes('-') ? 'next' : 'latest']: version },
      versions: {
        [version]: { ...manifest, _id: `${name}@${version}`, dist: distOf(tarball, registryUrl, name, file) },
      },
      _attachments: {
        [`${name}-${version}.tgz`]: {
          content_type: 'application/octet-stream',
          data: Buffer.from(tarball).toString('base64'),
          length: tarball.length,
        },
      },
    },
  };
}

/** How a registry describes a tarball. */
export function distOf(tarball: Uint8Array, registryUrl: string, name: string, file: string): object {
  const hashed = (algorithm: string) => createHash(algorithm).update(tarball);
  return {
    integrity: `sha512-${hashed('sha512').digest('base64')}`,
    shasum: hashed('sha1').digest('hex'),
    tarball: `${registryUrl}/${name}/-/${file}`,
  };
}

function textOf(field: Uint8Array): string {
  const text = Buffer.from(field).toString('latin1');
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
