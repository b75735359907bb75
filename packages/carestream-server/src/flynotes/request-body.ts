import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';

const gzipBody = promisify(gzip);
const zstdBody = promisify(zstdCompress);

/** How request bodies may be coded. */
export type ContentCoding = 'zstd' | 'gzip';

/** A request's body as it goes over the wire. */
export interface RequestBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly coding: ContentCoding | null;
}

/** Below this a body is sent as it is: coding one record saves less than its headers cost. */
const codedFromBytes = 4_096;

/** Large enough that nearly every coded body comes in one piece. */
const chunkBytes = 131_072;

/** Writes a value as JSON unless it is bytes already, coded where that pays. Beyond level 3, time grows faster than size shrinks. */
export async function encodeBody(value: unknown, coding: ContentCoding): Promise<RequestBody> {
  const plain = value instanceof Uint8Array ? (value as Uint8Array<ArrayBuffer>) : Buffer.from(JSON.stringify(value));
  if (plain.byteLength < codedFromBytes) return { bytes: plain, coding: null };
  const bytes =
    coding === 'zstd'
      ? await zstdBody(plain, { chunkSize: chunkBytes, params: { [constants.ZSTD_c_compressionLevel]: 3 } })
      : await gzipBody(plain, { chunkSize: chunkBytes, level: 3 });
  return { bytes, coding };
}
