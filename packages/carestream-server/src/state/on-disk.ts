import { open, type FileHandle } from 'node:fs/promises';
import { translateStateError } from './sqlite-errors.ts';

type OpenFile = (path: string, flags: string) => Promise<Pick<FileHandle, 'datasync' | 'close'>>;

/**
 * Waits until the disk has all that was committed so far. The waiting is done beside the process's only thread, which goes on meanwhile: a
 * commit that waits itself takes 4 to 40 ms on a busy disk.
 *
 * A commit is whole in the write-ahead log, or has gone from there into a file that was waited for before the log began anew
 * (https://sqlite.org/wal.html): so the log is all there is to wait for. It is opened anew each time: the database removes it when it
 * closes, and under Windows its name would not be free while somebody still held it.
 * @param path - of the database, which is open
 * @throws AgentError STATE_UNUSABLE, DISK_FULL
 */
export async function onDisk(path: string, openFile: OpenFile = open): Promise<void> {
  try {
    const log = await openFile(`${path}-wal`, 'r+');
    try {
      await log.datasync();
    } finally {
      await log.close();
    }
  } catch (error) {
    throw translateStateError(error);
  }
}
