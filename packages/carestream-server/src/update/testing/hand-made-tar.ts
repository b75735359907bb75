import { gzipSync } from 'node:zlib';

/** An entry as nobody but an attacker writes it. */
export interface TarEntry {
  readonly name: string;
  readonly text?: string;
  /** ustar's kind: 0 file, 1 hard link, 2 symbolic link, 3 device, x extension. */
  readonly type?: string;
  readonly link?: string;
}

/** A tar archive of any entries, with checksums that are right. */
export function tarOf(entries: readonly TarEntry[], end: Buffer = Buffer.alloc(1_024)): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), end]);
}

/** As {@link tarOf}, packed. */
export function tarballOf(entries: readonly TarEntry[], end?: Buffer): Buffer {
  return gzipSync(tarOf(entries, end));
}

function blocksOf({ name, text = '', type = '0', link = '' }: TarEntry): Buffer[] {
  const content = Buffer.from(text);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'utf8');
  header.write('0000644\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write(link, 157, 100, 'utf8');
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
}
