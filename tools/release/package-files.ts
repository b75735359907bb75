import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readTar } from '../../packages/carestream-server/src/update/index.ts';
import type { TarFile } from './tar-writer.ts';

/** What is read of a package's package.json. */
export interface PackageFacts {
  readonly name: string;
  readonly version: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly engines?: { readonly node?: string };
}

/** Belongs to every package, whatever `files` says. */
const always = ['package.json', 'README.md', 'LICENSE'];

/** Reads a package's package.json. */
export function packageFactsOf(folder: string): PackageFacts {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as PackageFacts;
}

/** All that is published of a package: what its `files` names (folders, or single files), and what belongs to every package. */
export function packageFilesOf(folder: string): TarFile[] {
  const { bin = {}, files = [] } = packageFactsOf(folder);
  const programs = new Set(Object.values(bin).map((each) => path.posix.normalize(each)));
  const paths = new Set<string>();
  for (const name of [...always.filter((each) => isThere(path.join(folder, each))), ...files]) {
    for (const found of filesAt(folder, name)) paths.add(found);
  }
  return [...paths].map((each) => ({
    path: each,
    bytes: readFileSync(path.join(folder, each)),
    executable: programs.has(each),
  }));
}

/** @throws Error for what is named and is not there: a release without its agent is none */
function filesAt(folder: string, name: string): string[] {
  const at = path.join(folder, name);
  if (!isThere(at)) throw new Error(`${name} is not there: run npm run build first`);
  if (!statSync(at).isDirectory()) return [name];
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'));
}

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** The package.json inside a tarball. @throws Error where there is none */
export async function packageFactsIn(tarball: Uint8Array): Promise<PackageFacts> {
  const archive = gunzipSync(tarball, { maxOutputLength: 400_000_000 });
  async function* whole(): AsyncGenerator<Buffer> {
    yield archive;
  }
  for await (const { path: at, bytes } of readTar(whole(), { bytesMost: archive.length, filesMost: 20_000 })) {
    if (at === 'package/package.json') return JSON.parse(bytes.toString('utf8')) as PackageFacts;
  }
  throw new Error('the tarball has no package.json');
}
