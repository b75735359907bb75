import { gzipSync } from 'node:zlib';

/** One file of a tarball. */
export interface TarFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

const blockBytes = 512;
/** What npm itself writes: 1985-10-26T08:15:00Z. A zero makes some unpackers complain. */
const fixedTimeS = 499_162_500;
const fields = { name: 100, prefix: 155 } as const;

/**
 * A package's tarball as npm reads it, the same bytes for the same files wherever and whenever it is written: order, times, owners and
 * modes are fixed, and gzip's header names neither time nor system.
 */
export function writeTarball(files: readonly TarFile[]): Buffer {
  const blocks: Uint8Array[] = [];
  for (const file of files.toSorted((left, right) => (left.path < right.path ? -1 : 1))) {
    blocks.push(headerOf(file), file.bytes, Buffer.alloc(paddingOf(file.bytes.length)));
  }
  // Two empty blocks end an archive (POSIX.1-2008, ustar interchange format).
  blocks.push(Buffer.alloc(2 * blockBytes));
  const packed = gzipSync(Buffer.concat(blocks), { level: 9 });
  packed.fill(0, 4, 8);
  packed[9] = 255;
  return packed;
}

function headerOf({ path, bytes, executable }: TarFile): Buffer {
  const header = Buffer.alloc(blockBytes);
  const [prefix, name] = splitPath(`package/${path}`);
  header.write(name, 0, 'utf8');
  header.write(octal(executable ? 0o755 : 0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(bytes.length, 12), 124);
  header.write(octal(fixedTimeS, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  header.write(octal(0, 8), 329);
  header.write(octal(0, 8), 337);
  header.write(prefix, 345, 'utf8');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function octal(value: number, widthBytes: number): string {
  return `${value.toString(8).padStart(widthBytes - 1, '0')}\0`;
}

function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

/** A long path stands in two fields, parted at a slash. */
function splitPath(path: string): readonly [prefix: string, name: string] {
  if (path.length <= fields.name) return ['', path];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    if (at <= fields.prefix && path.length - at - 1 <= fields.name) return [path.slice(0, at), path.slice(at + 1)];
  }
  throw new Error(`the path is too long for a tarball: ${path}`);
}
