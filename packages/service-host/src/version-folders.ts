import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { places, releaseFolderPattern } from './agent-interface.ts';
import { verifyRelease, type Release, type ReleaseReading } from './release-folder.ts';
import { readKeys } from './signed-envelope.ts';
import { compareVersions } from './version-order.ts';

/** The releases on this machine: those that arrived, and the one that came with the installer. */
export interface VersionFolders {
  /** Verifies a folder by its name, wherever it lies. */
  verify(folder: string): ReleaseReading;
  /** Every valid release among those that arrived, newest version first. */
  arrived(): Release[];
  /** Every valid release that the installer laid down, newest version first. */
  installed(): Release[];
  /** Removes arrived folders but these. What cannot be removed now is left for the next time. */
  removeAllBut(folders: ReadonlySet<string>): string[];
}

/** @see {@link VersionFolders} */
export function createVersionFolders(dirs: { installDir: string; dataDir: string; keysFile: string }): VersionFolders {
  const arrivedDir = path.join(dirs.dataDir, places.versions);
  const installedDir = path.join(dirs.installDir, places.versions);

  const verifyAt = (folderPath: string): ReleaseReading => {
    const keys = readKeys(dirs.keysFile);
    if (keys === null) return { outcome: 'unreadable', reason: `no keys: ${places.keysFile}` };
    return verifyRelease(folderPath, keys);
  };
  const validIn = (dir: string): Release[] =>
    folderNamesIn(dir)
      .map((folder) => verifyAt(path.join(dir, folder)))
      .flatMap((reading) => (reading.outcome === 'valid' ? [reading.release] : []))
      .sort((a, b) => compareVersions(b.version, a.version));

  return {
    verify(folder) {
      const arrived = verifyAt(path.join(arrivedDir, folder));
      if (arrived.outcome === 'valid') return arrived;
      const installed = path.join(installedDir, folder);
      return existsSync(installed) ? verifyAt(installed) : arrived;
    },
    arrived: () => validIn(arrivedDir),
    installed: () => validIn(installedDir),
    removeAllBut(folders) {
      const removed: string[] = [];
      for (const folder of folderNamesIn(arrivedDir)) {
        if (folders.has(folder)) continue;
        try {
          rmSync(path.join(arrivedDir, folder), { recursive: true, force: true, maxRetries: 2, retryDelay: 50 });
          removed.push(folder);
        } catch {
          // Something holds a file open. It does no harm meanwhile.
        }
      }
      return removed;
    },
  };
}

function folderNamesIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => releaseFolderPattern.test(name));
  } catch {
    return [];
  }
}
