/** Why bytes are no archive that may be unpacked. */
export type ArchiveFault =
  | 'not-gzip'
  | 'too-large'
  | 'too-many-files'
  | 'truncated'
  | 'wrong-checksum'
  | 'not-ustar'
  | 'not-a-file'
  | 'not-a-path'
  | 'wrong-number'
  | 'bytes-after-end'
  | 'twice';

/** Thrown by {@link readTar}; whoever reads an archive knows which archive it is. */
export class ArchiveError extends Error {
  readonly fault: ArchiveFault;
  constructor(fault: ArchiveFault) {
    super(fault);
    this.fault = fault;
  }
}

/** How much is taken from an archive at most. */
export interface ArchiveLimits {
  /** Of the archive once decompressed. */
  readonly bytesMost: number;
  readonly filesMost: number;
}

/** A file of an archive. */
export interface ArchivedFile {
  readonly path: string;
  readonly bytes: Buffer;
}

const blockBytes = 512;
const field = { name: [0, 100], size: [124, 136], checksum: [148, 156], type: [156, 157], magic: [257, 265] } as const;

/**
 * Reads an archive in the one way that releases are written (POSIX.1-2008 ustar): plain files alone. Links, folders, devices, long names
 * and other extensions end the reading; nothing of them is interpreted. Only one file is held at a time.
 * @throws ArchiveError
 */
export async function* readTar(
  chunks: AsyncIterable<Buffer>,
  limits: ArchiveLimits,
): AsyncGenerator<ArchivedFile, void, undefined> {
  const reader = createBlockReader(chunks, limits.bytesMost);
  let files = 0;
  for (;;) {
    const header = await reader.take(blockBytes);
    if (isEmpty(header)) break;
    const { path, sizeBytes } = readHeader(header);
    files += 1;
    if (files > limits.filesMost) throw new ArchiveError('too-many-files');
    const padded = Math.ceil(sizeBytes / blockBytes) * blockBytes;
    const content = await reader.take(padded);
    if (!isEmpty(content.subarray(sizeBytes))) throw new ArchiveError('bytes-after-end');
    yield { path, bytes: content.subarray(0, sizeBytes) };
  }
  // The end is two empty blocks; nothing may hide behind it.
  if (!isEmpty(await reader.take(blockBytes))) throw new ArchiveError('bytes-after-end');
  await reader.expectNothing();
}

function readHeader(header: Buffer): { readonly path: string; readonly sizeBytes: number } {
  const magic = header.toString('latin1', ...field.magic);
  if (magic !== 'ustar\u000000') throw new ArchiveError('not-ustar');
  const written = octalOf(header.subarray(...field.checksum));
  let sum = 0;
  for (let at = 0; at < blockBytes; at++) {
    const inChecksum = at >= field.checksum[0] && at < field.checksum[1];
    sum += inChecksum ? 0x20 : (header[at] ?? 0);
  }
  if (sum !== written) throw new ArchiveError('wrong-checksum');
  if (header.toString('latin1', ...field.type) !== '0') throw new ArchiveError('not-a-file');
  const prefix = textOf(header.subarray(345, 500));
  const name = textOf(header.subarray(...field.name));
  return { path: prefix === '' ? name : `${prefix}/${name}`, sizeBytes: octalOf(header.subarray(...field.size)) };
}

/** Octal digits, ended by NUL or space. No signs, no binary numbers of later formats. */
function octalOf(bytes: Buffer): number {
  const digits = /^([0-7]{1,11})[\0 ]*$/.exec(bytes.toString('latin1'))?.[1];
  if (digits === undefined) throw new ArchiveError('wrong-number');
  return Number.parseInt(digits, 8);
}

/** Text up to the first NUL; behind that all must be NUL. */
function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  if (end < 0) return bytes.toString('latin1');
  if (!isEmpty(bytes.subarray(end))) throw new ArchiveError('not-a-path');
  return bytes.toString('latin1', 0, end);
}

function isEmpty(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Takes exact numbers of bytes from chunks of any size, and no more than is allowed altogether. */
function createBlockReader(chunks: AsyncIterable<Buffer>, bytesMost: number) {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Buffer[] = [];
  let heldBytes = 0;
  let readBytes = 0;

  const hasMore = async (): Promise<boolean> => {
    const next = await iterator.next();
    if (next.done === true) return false;
    readBytes += next.value.length;
    if (readBytes > bytesMost) throw new ArchiveError('too-large');
    held.push(next.value);
    heldBytes += next.value.length;
    return true;
  };
  return {
    async take(count: number): Promise<Buffer> {
      // Before anything is waited for: what a header promises is not collected where it cannot be true.
      if (count > bytesMost) throw new ArchiveError('too-large');
      for (;;) {
        if (heldBytes >= count) break;
        if (!(await hasMore())) throw new ArchiveError('truncated');
      }
      const all = held.length === 1 ? held[0]! : Buffer.concat(held);
      held = all.length === count ? [] : [all.subarray(count)];
      heldBytes -= count;
      return all.subarray(0, count);
    },
    async expectNothing(): Promise<void> {
      do {
        if (held.some((each) => !isEmpty(each))) throw new ArchiveError('bytes-after-end');
        held = [];
        heldBytes = 0;
      } while (await hasMore());
    },
  };
}
