import { expect, test } from 'vitest';
import { onDisk } from './on-disk.ts';

/** A log whose disk takes as long as the test wants, or fails. */
function slowDisk() {
  const disk = Promise.withResolvers<void>();
  const order: string[] = [];
  const open = async (path: string, flags: string) => {
    order.push(`open ${path} ${flags}`);
    return {
      datasync: async () => {
        order.push('sync');
        await disk.promise;
        order.push('synced');
      },
      close: async () => void order.push('close'),
    };
  };
  return { disk, order, open };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('it resolves when the disk has the log, not before, and closes what it opened', async () => {
  const { disk, order, open } = slowDisk();
  let isThere = false;
  const waiting = onDisk('agent.db', open).then(() => (isThere = true));
  await turn();
  expect([isThere, order]).toEqual([false, ['open agent.db-wal r+', 'sync']]);
  disk.resolve();
  await waiting;
  expect(order.slice(2)).toEqual(['synced', 'close']);
});

test.each([
  ['EIO', 'STATE_UNUSABLE'],
  ['ENOSPC', 'DISK_FULL'],
])('a disk that fails with %s is %s, and leaves no file open', async (fileCode, code) => {
  const { disk, order, open } = slowDisk();
  disk.reject(Object.assign(new Error('a disk'), { code: fileCode }));
  await expect(onDisk('agent.db', open)).rejects.toMatchObject({ code, details: { fileCode } });
  expect(order.at(-1)).toBe('close');
});

test('a log that is not there is no log on disk', async () => {
  await expect(onDisk('/nowhere/agent.db')).rejects.toMatchObject({
    code: 'STATE_UNUSABLE',
    details: { fileCode: 'ENOENT' },
  });
});
