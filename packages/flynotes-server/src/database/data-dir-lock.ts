import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Takes a data folder for this process alone: PGlite itself would open it twice and destroy it. The lock is SQLite's on a
 * file beside the data, so the operating system releases it however the process ends.
 * @throws Error in plain words when another server holds it
 */
export function lockDataDir(dataDir: string): () => void {
  const file = new DatabaseSync(join(dataDir, 'flynotes-server.lock'), { timeout: 0 });
  try {
    file.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch {
    file.close();
    throw new Error(`the data folder ${dataDir} is in use by another flynotes-server`);
  }
  return () => file.close();
}
