import { createHash } from 'node:crypto';
import { createGunzip } from 'node:zlib';
import { isReleasePath, type ReleaseManifest } from '../contract/index.ts';
import { AgentError } from '../runtime/index.ts';
import { ArchiveError, readTar, type ArchivedFile } from './tar-reader.ts';

/** Where every package's files lie inside its tarball. */
const folderInside = 'package/';
/** Where a manifest does not say how large the unpacked files are. */
const unpackedBytesMost = 256_000_000;
/** A header and the padding of each file, and what ends the archive. */
const overheadOfFileBytes = 1_024;
const overheadBytes = 10_240;

/** A SHA-512 in lower-case hexadecimal. */
export function sha512Of(bytes: Uint8Array): string {
  return createHash('sha512').update(bytes).digest('hex');
}

/** @throws AgentError UPDATE_TARBALL_WRONG where the bytes are not the ones that were signed */
export function checkTarball(tarball: Uint8Array, expected: ReleaseManifest['tarball']): void {
  if (tarball.length !== expected.sizeBytes) {
    throw new AgentError('UPDATE_TARBALL_WRONG', {
      details: { reason: 'another-size', sizeBytes: tarball.length, signedBytes: expected.sizeBytes },
    });
  }
  if (sha512Of(tarball) !== expected.sha512) {
    throw new AgentError('UPDATE_TARBALL_WRONG', { details: { reason: 'another-hash', sizeBytes: tarball.length } });
  }
}

/**
 * Unpacks a tarball file by file, each compared with the manifest before it is given out. First the hash of the whole: nothing that nobody
 * signed is ever decompressed.
 * @throws AgentError UPDATE_TARBALL_WRONG, UPDATE_ARCHIVE_INVALID, UPDATE_FILES_WRONG
 */
export async function* unpackRelease(
  tarball: Uint8Array,
  manifest: Pick<ReleaseManifest, 'tarball' | 'files'>,
): AsyncGenerator<ArchivedFile, void, undefined> {
  checkTarball(tarball, manifest.tarball);
  const missing = new Set(Object.keys(manifest.files));
  const filesMost = missing.size;
  const bytesMost =
    (manifest.tarball.unpackedBytes ?? unpackedBytesMost) + filesMost * overheadOfFileBytes + overheadBytes;
  const gunzip = createGunzip();
  gunzip.end(tarball);
  try {
    for await (const file of readTar(gunzip as AsyncIterable<Buffer>, { bytesMost, filesMost })) {
      const path = file.path.startsWith(folderInside) ? file.path.slice(folderInside.length) : '';
      if (!isReleasePath(path)) throw new ArchiveError('not-a-path');
      const signed = Object.hasOwn(manifest.files, path) ? manifest.files[path] : undefined;
      if (signed === undefined) throw wrongFiles('not-signed');
      if (!missing.delete(path)) throw new ArchiveError('twice');
      if (sha512Of(file.bytes) !== signed) throw wrongFiles('another-hash');
      yield { path, bytes: file.bytes };
    }
  } catch (error) {
    throw translated(error);
  } finally {
    gunzip.destroy();
  }
  if (missing.size > 0) throw wrongFiles('missing');
}

function wrongFiles(reason: string): AgentError {
  return new AgentError('UPDATE_FILES_WRONG', { details: { reason } });
}

function translated(error: unknown): unknown {
  if (error instanceof ArchiveError) {
    return new AgentError('UPDATE_ARCHIVE_INVALID', { cause: error, details: { reason: error.fault } });
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // https://www.zlib.net/manual.html#Constants
  if (/^Z_|^ERR_BUFFER_TOO_LARGE$/.test(code)) {
    return new AgentError('UPDATE_ARCHIVE_INVALID', { cause: error, details: { reason: 'not-gzip' } });
  }
  return error;
}
