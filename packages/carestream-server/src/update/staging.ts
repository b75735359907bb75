import path from 'node:path';
import {
  hostFiles,
  releaseFolderOf,
  releaseFolderSchema,
  releaseManifestSchema,
  signedEnvelopeSchema,
  type ReleaseManifest,
  type SignedEnvelope,
} from '../contract/index.ts';
import { AgentError, isAgentError, type Files } from '../runtime/index.ts';
import { jsonOf } from './directive.ts';
import { sha512Of, unpackRelease } from './unpack-release.ts';

/** A release whose signature was verified. */
export interface VerifiedRelease {
  readonly manifest: ReleaseManifest;
  /** As Flynotes gave it; kept beside the files, for the host to verify itself. */
  readonly envelope: SignedEnvelope;
}

/** Where releases are kept. */
export interface StagingOptions {
  readonly dataDir: string;
  /** What must stay free besides what a release takes. */
  readonly spareBytes: number;
}

/** What staging did. */
export interface Staged {
  readonly folder: string;
  /** False where the release lay there already, whole. */
  readonly fetched: boolean;
}

/** What an update may not touch the disk for: so much must be left for everybody else. */
export const spareBytes = 200_000_000;
const fileBytesMost = 400_000_000;
const envelopeBytesMost = 1_000_000;
/** Where a manifest does not say how much its files take: text packs about so well. */
const packedFactor = 8;

/**
 * Brings a release's own folder to hold exactly its files, and the signed manifest last: without that, a folder is no release. A folder in
 * use that was damaged is mended file by file; it is never removed.
 * @throws AgentError what fetching and unpacking throw, and DISK_LOW, DISK_FULL, UPDATE_STAGING_FAILED
 */
export async function stageRelease(
  release: VerifiedRelease,
  deps: {
    readonly files: Files;
    /** Folders that the host may start at any time. */
    readonly inUse: readonly string[];
    fetchTarball(): Promise<Buffer>;
  },
  { dataDir, spareBytes: spare }: StagingOptions,
): Promise<Staged> {
  const { files, inUse } = deps;
  const { manifest, envelope } = release;
  const versions = path.join(dataDir, hostFiles.versions);
  const name = releaseFolderOf(manifest.version, manifest.tarball.sha512);
  const folder = path.join(versions, name);
  try {
    await removeUnfinished(files, versions, [...inUse, name]);
    const marker = path.join(folder, hostFiles.releaseManifest);
    if (await isWhole(files, folder, manifest)) {
      // Signed anew, perhaps with another key. Otherwise nothing is written: going back must need no space.
      const held = await files.read(marker, envelopeBytesMost);
      if (!equal(held, bytesOf(envelope))) await files.replace(marker, bytesOf(envelope));
      return { folder: name, fetched: false };
    }
    await checkSpace(files, dataDir, { ...manifest.tarball, spare });
    const tarball = await deps.fetchTarball();
    const mending = inUse.includes(name);
    if (!mending) await files.remove(folder);
    for await (const file of unpackRelease(tarball, manifest)) {
      const at = path.join(folder, file.path);
      if (!mending) await files.write(at, file.bytes);
      else if (!equal(await files.read(at, fileBytesMost), file.bytes)) await files.replace(at, file.bytes);
    }
    await removeOthers(files, folder, manifest);
    await syncAll(files, folder, manifest);
    await files.replace(marker, bytesOf(envelope));
    await files.sync(versions);
    return { folder: name, fetched: true };
  } catch (error) {
    // Half a release takes space and is of no use; should this fail too, the next try begins with it.
    if (!inUse.includes(name) && !(await isWhole(files, folder, manifest).catch(() => false))) {
      await files.remove(folder).catch(() => undefined);
    }
    throw translated(error);
  }
}

/** True where a folder holds the files of a manifest, each as it was signed, nothing else, and the signed manifest itself. */
export async function isWhole(files: Files, folder: string, manifest: ReleaseManifest): Promise<boolean> {
  const entries = await files.list(folder);
  if (entries === null || !entries.some(({ path: at }) => at === hostFiles.releaseManifest)) return false;
  const wanted = new Map(Object.entries(manifest.files));
  for (const { path: at, kind } of entries) {
    if (kind === 'folder' || at === hostFiles.releaseManifest) continue;
    const signed = kind === 'file' ? wanted.get(at) : undefined;
    if (signed === undefined || !wanted.delete(at)) return false;
    const bytes = await files.read(path.join(folder, at), fileBytesMost);
    if (bytes === null || sha512Of(bytes) !== signed) return false;
  }
  return wanted.size === 0;
}

/** The manifest that lies in a release's folder, unverified; null where there is none. */
export async function manifestIn(files: Pick<Files, 'read'>, folder: string): Promise<ReleaseManifest | null> {
  const bytes = await files.read(path.join(folder, hostFiles.releaseManifest), envelopeBytesMost);
  const envelope = signedEnvelopeSchema.safeParse(bytes === null ? undefined : jsonOf(bytes));
  if (!envelope.success) return null;
  const manifest = releaseManifestSchema.safeParse(jsonOf(Buffer.from(envelope.data.payload, 'base64')));
  return manifest.success ? manifest.data : null;
}

/** What an earlier try left behind. Whole releases are the host's to remove. */
async function removeUnfinished(files: Files, versions: string, kept: readonly string[]): Promise<void> {
  for (const name of await files.names(versions)) {
    if (!releaseFolderSchema.safeParse(name).success || kept.includes(name)) continue;
    const marker = await files.read(path.join(versions, name, hostFiles.releaseManifest), envelopeBytesMost);
    if (marker === null) await files.remove(path.join(versions, name));
  }
}

async function removeOthers(files: Files, folder: string, manifest: ReleaseManifest): Promise<void> {
  for (const { path: at, kind } of (await files.list(folder)) ?? []) {
    const wanted = at === hostFiles.releaseManifest || Object.hasOwn(manifest.files, at);
    if (kind !== 'folder' && !(wanted && kind === 'file')) await files.remove(path.join(folder, at));
  }
}

async function syncAll(files: Files, folder: string, manifest: ReleaseManifest): Promise<void> {
  const folders = new Set(Object.keys(manifest.files).map((at) => path.join(folder, path.dirname(at))));
  for (const each of folders) await files.sync(each);
}

async function checkSpace(
  files: Pick<Files, 'freeBytes'>,
  dataDir: string,
  { sizeBytes, unpackedBytes, spare }: ReleaseManifest['tarball'] & { readonly spare: number },
): Promise<void> {
  const wanted = 2 * (unpackedBytes ?? sizeBytes * packedFactor) + spare;
  const free = await files.freeBytes(dataDir);
  if (free === null || free >= wanted) return;
  throw new AgentError('DISK_LOW', {
    details: { freeMb: Math.floor(free / 1e6), wantedMb: Math.ceil(wanted / 1e6) },
  });
}

function bytesOf(envelope: SignedEnvelope): Buffer {
  return Buffer.from(`${JSON.stringify(envelope)}\n`);
}

function equal(left: Buffer | null, right: Buffer): boolean {
  return left !== null && left.equals(right);
}

function translated(error: unknown): unknown {
  if (isAgentError(error) || !(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (error.name === 'AbortError' || code === 'ABORT_ERR') return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AgentError('DISK_FULL', { cause: error });
  if (/^E[A-Z0-9]+$/.test(code))
    return new AgentError('UPDATE_STAGING_FAILED', { cause: error, details: { system: code } });
  return error;
}
