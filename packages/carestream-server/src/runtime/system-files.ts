import { lstat, open, readdir, readFile, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Files, FolderEntry } from './files.ts';
import { makeFolder } from './system-folder.ts';

/** Virus scanners hold a file for a moment after it was written; these pass by themselves. */
const heldCodes = new Set(['EPERM', 'EACCES', 'EBUSY']);
const heldTries = 6;

/** The machine's own disk. */
export function createSystemFiles(): Files {
  return {
    async list(folder) {
      try {
        if (!(await lstat(folder)).isDirectory()) return null;
        const entries = await readdir(folder, { recursive: true, withFileTypes: true });
        return entries.map((entry): FolderEntry => ({
          path: path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'),
          kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other',
        }));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async names(folder) {
      try {
        return await readdir(folder);
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
    async read(file, bytesMost) {
      try {
        if ((await stat(file)).size > bytesMost) return null;
        return await readFile(file);
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async write(file, bytes) {
      makeFolder(path.dirname(file));
      await writeSynced(file, bytes);
    },
    async replace(file, bytes) {
      makeFolder(path.dirname(file));
      const beside = `${file}.new`;
      await writeSynced(beside, bytes);
      await whileHeld(() => rename(beside, file));
      await syncFolder(path.dirname(file));
    },
    remove: (at) => rm(at, { recursive: true, force: true, maxRetries: heldTries, retryDelay: 100 }),
    sync: syncFolder,
    async freeBytes(folder) {
      try {
        const { bavail, bsize } = await statfs(folder);
        return bavail * bsize;
      } catch {
        return null;
      }
    },
  };
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Windows opens no folders and needs none of this. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    if (
      !(
        error instanceof Error &&
        'code' in error &&
        ['EISDIR', 'EPERM', 'EACCES', 'EINVAL'].includes(String(error.code))
      )
    )
      throw error;
  } finally {
    await handle?.close();
  }
}

async function whileHeld(act: () => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      return await act();
    } catch (error) {
      const held = error instanceof Error && 'code' in error && heldCodes.has(String(error.code));
      if (!held || tried >= heldTries) throw error;
      await wait(tried * 100);
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
