import { open } from 'node:fs/promises';
import { translateStateError } from './sqlite-errors.ts';

/**
 * Waits until the disk has all that was committed so far. The waiting is done beside the process's only thread, which goes on meanwhile: a
 * commit that waits itself takes 4 to 40 ms on a busy disk.
 *
 * A commit is whole in the write-ahead log, or has gone from there into a file that was waited for before the log began anew
 * (https://sqlite.org/wal.html): so the log is all there is to wait for. It is opened anew each time: a handle that is kept would keep
 * Windows from removing the log when the database closes.
 * @param path - of the database, which is open
 * @throws AgentError STATE_UNUSABLE, DISK_FULL
 */
export async function onDisk(path: string): Promise<void> {
  try {
    const log = await open(`${path}-wal`, 'r+');
    try {
      await log.datasync();
    } finally {
      await log.close();
    }
  } catch (error) {
    throw translateStateError(error);
  }
}
