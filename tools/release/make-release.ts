import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  faultOfReleasePaths,
  hostFiles,
  releaseManifestSchema,
  type ReleaseManifest,
} from '@flynotes/carestream-server/api';
import { packageFactsOf, packageFilesOf } from './package-files.ts';
import { writeTarball, type TarFile } from './tar-writer.ts';

/** What a release asks of the machine that it runs on. */
export interface ReleaseNeeds {
  /** The oldest service host that can run it. */
  readonly hostMin: string;
  /** The number of the state database that it writes. */
  readonly stateSchema: number;
}

/** A release before it is signed. */
export interface UnsignedRelease {
  readonly tarball: Buffer;
  readonly manifest: ReleaseManifest;
}

/** Packs a built package and says what is in it. The same files give the same bytes. */
export function makeRelease(folder: string, needs: ReleaseNeeds): UnsignedRelease {
  return releaseOf(packageFilesOf(folder), packageFactsOf(folder), needs);
}

/** As {@link makeRelease}, of files that are given. @throws Error for paths that not every system has alike */
export function releaseOf(
  files: readonly TarFile[],
  { name, version, engines }: ReturnType<typeof packageFactsOf>,
  needs: ReleaseNeeds,
): UnsignedRelease {
  const paths = files.map((file) => file.path);
  const fault = faultOfReleasePaths(paths);
  if (fault !== null) throw new Error(`the package has paths that cannot be released: ${fault}`);
  if (!paths.includes(hostFiles.agentEntry))
    throw new Error(`${hostFiles.agentEntry} is not there: run npm run build first`);
  const tarball = writeTarball(files);
  const manifest = releaseManifestSchema.parse({
    name,
    version,
    tarball: {
      sha512: sha512Of(tarball),
      sizeBytes: tarball.length,
      unpackedBytes: files.reduce((sum, { bytes }) => sum + bytes.length, 0),
    },
    files: Object.fromEntries(files.map(({ path: at, bytes }) => [at, sha512Of(bytes)] as const).toSorted(byPath)),
    node: nodeLeast(engines?.node),
    ...needs,
  });
  return { tarball, manifest };
}

/** Where the parts of a release lie, by their common beginning. */
export function releaseFilesIn(folder: string, version: string) {
  const base = path.join(folder, `flynotes-carestream-server-${version}`);
  return { tarball: `${base}.tgz`, manifest: `${base}.manifest.json`, signed: `${base}.release.json` };
}

/** Writes tarball and unsigned manifest. The manifest's bytes are what is signed: made to be read by whoever signs. */
export function writeRelease({ tarball, manifest }: UnsignedRelease, folder: string) {
  mkdirSync(folder, { recursive: true });
  const files = releaseFilesIn(folder, manifest.version);
  writeFileSync(files.tarball, tarball);
  writeFileSync(files.manifest, manifestBytesOf(manifest));
  return files;
}

/** The bytes of a manifest as they are signed. */
export function manifestBytesOf(manifest: ReleaseManifest): Buffer {
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** A SHA-512 in lower-case hexadecimal. */
export function sha512Of(bytes: Uint8Array): string {
  return createHash('sha512').update(bytes).digest('hex');
}

function byPath([left]: readonly [string, string], [right]: readonly [string, string]): number {
  return left < right ? -1 : 1;
}

/** `>=24`, `>=24.1.0` → the least version in full. */
function nodeLeast(engine: string | undefined): string {
  const [, major, minor = '0', patch = '0'] = /^>=\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(engine ?? '') ?? [];
  if (major === undefined) throw new Error('package.json must say engines.node as >=N');
  return `${major}.${minor}.${patch}`;
}
