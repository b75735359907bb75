import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  hostVersion,
  places,
  releaseFolderOf,
  releasePackageName,
  sha512Pattern,
  versionPattern,
} from './agent-interface.ts';
import { isObject, readObject, stringOf, type JsonObject } from './json-file.ts';
import { openEnvelope, type PinnedKeys } from './signed-envelope.ts';
import { compareVersions } from './version-order.ts';

/** A folder whose every byte is what the release key signed. */
export interface Release {
  readonly folder: string;
  /** Where the folder lies. */
  readonly path: string;
  readonly version: string;
  /** SHA-512 of the tarball that it came in: a release's identity. */
  readonly sha512: string;
}

/** @see {@link verifyRelease} */
export type ReleaseReading =
  | { readonly outcome: 'valid'; readonly release: Release }
  /**
   * `damaged`: not, or no longer, what was signed. `unfit`: genuine, but not for this host. `unreadable`: nobody knows, as when a
   * virus scanner holds a file just now.
   */
  | { readonly outcome: 'damaged' | 'unfit' | 'unreadable'; readonly reason: string };

interface Manifest {
  readonly version: string;
  readonly sha512: string;
  readonly node: string;
  readonly hostMin: string;
  readonly files: JsonObject;
}

const depthMost = 10;
const entriesMost = 20_000;

/**
 * Holds a version's folder against its signed manifest: nothing missing, nothing added, nothing changed, no links. Done before every
 * launch, because a virus scanner, a failing disk or somebody with the same account may have been there since the last one.
 */
export function verifyRelease(
  folderPath: string,
  keys: PinnedKeys,
  nodeVersion: string = process.versions.node,
): ReleaseReading {
  const damaged = (reason: string): ReleaseReading => ({ outcome: 'damaged', reason });
  try {
    const manifest = readManifest(folderPath, keys);
    if (typeof manifest === 'string') return damaged(manifest);
    const folder = path.basename(folderPath);
    if (folder !== releaseFolderOf(manifest.version, manifest.sha512)) return damaged('in the wrong folder');
    const fault = faultOfFiles(folderPath, manifest.files);
    if (fault !== null) return damaged(fault);
    const { version, sha512, node, hostMin } = manifest;
    if (compareVersions(nodeVersion, node) < 0) {
      return { outcome: 'unfit', reason: `needs Node ${node}, the host has ${nodeVersion}` };
    }
    if (compareVersions(hostVersion, hostMin) < 0) {
      return { outcome: 'unfit', reason: `needs host ${hostMin}, this one is ${hostVersion}` };
    }
    return { outcome: 'valid', release: { folder, path: folderPath, version, sha512 } };
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? damaged('missing')
      : { outcome: 'unreadable', reason: `cannot be read: ${code}` };
  }
}

/** The name of a system error such as `ENOENT`; never its message, which may hold anything. */
export function codeOf(error: unknown): string {
  const code: unknown = isObject(error) ? error['code'] : undefined;
  return typeof code === 'string' ? code : 'error';
}

function readManifest(folderPath: string, keys: PinnedKeys): Manifest | string {
  if (!lstatSync(folderPath).isDirectory()) return 'not a folder';
  const file = path.join(folderPath, places.releaseManifest);
  if (!isPlainFile(file)) return 'no signed manifest';
  const envelope = readObject(file);
  if (envelope === null) return 'the signed manifest is not readable';
  const opened = openEnvelope(envelope, 'releaseManifest', keys.release);
  if (opened.outcome === 'refused') return `manifest: ${opened.reason}`;
  const { name, tarball, files } = opened.body;
  const version = stringOf(opened.body['version'], versionPattern);
  const node = stringOf(opened.body['node'], versionPattern);
  const hostMin = stringOf(opened.body['hostMin'], versionPattern);
  const sha512 = isObject(tarball) ? stringOf(tarball['sha512'], sha512Pattern) : null;
  if (name !== releasePackageName) return 'another package';
  if (version === null || node === null || hostMin === null || sha512 === null || !isObject(files)) {
    return 'the signed manifest lacks what a host needs';
  }
  if (!Object.hasOwn(files, places.agentEntry)) return `nothing to start: ${places.agentEntry} is not in the manifest`;
  return { version, sha512, node, hostMin, files };
}

/** Names are compared without case: that is how Windows finds files, and no release has two that differ by it alone. */
function faultOfFiles(folderPath: string, files: JsonObject): string | null {
  const wanted = new Map(Object.keys(files).map((name) => [name.toLowerCase(), name]));
  const found = new Set<string>();
  for (const name of entriesOf(folderPath, '')) {
    if (!isPlainFile(path.join(folderPath, name))) return `not a plain file: ${shown(name)}`;
    if (name === places.releaseManifest) continue;
    const folded = name.toLowerCase();
    // Two that differ by case alone: one of them was added.
    if (!wanted.has(folded) || found.has(folded)) return `file added: ${shown(name)}`;
    found.add(folded);
  }
  for (const [folded, name] of wanted) {
    if (!found.has(folded)) return `file missing: ${shown(name)}`;
    const digest = createHash('sha512')
      .update(readFileSync(path.join(folderPath, name)))
      .digest('hex');
    if (digest !== files[name]) return `file changed: ${shown(name)}`;
  }
  return null;
}

/** Everything below a folder that is no folder itself, by its path with `/`. */
function entriesOf(root: string, below: string, depth = 0): string[] {
  // No release is so deep or so wide; whoever made it so made it different.
  if (depth > depthMost) return [`${below}/…`];
  const names: string[] = [];
  for (const entry of readdirSync(path.join(root, below), { withFileTypes: true })) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    // A link or junction to a folder is no folder here, and fails as what it is.
    if (entry.isDirectory()) names.push(...entriesOf(root, name, depth + 1));
    else names.push(name);
    if (names.length > entriesMost) return names;
  }
  return names;
}

/** No link of either kind: what stands elsewhere can change without us. */
function isPlainFile(file: string): boolean {
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found !== undefined && found.isFile() && found.nlink <= 1;
}

function shown(name: string): string {
  return name.replaceAll(/[^\w./@+-]/g, '?').slice(0, 80);
}
