import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import type { BatchRequest } from '../contract/http-api.ts';

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

/** Writes a value as JSON, coded where that pays. Level 3 of either coding: beyond it, time grows faster than size shrinks. */
export async function encodeBody(value: unknown, coding: ContentCoding): Promise<RequestBody> {
  const plain = Buffer.from(typeof value === 'function' ? (value as () => string)() : JSON.stringify(value));
  if (plain.byteLength < codedFromBytes) return { bytes: plain, coding: null };
  const bytes =
    coding === 'zstd'
      ? await zstdBody(plain, { chunkSize: chunkBytes, params: { [constants.ZSTD_c_compressionLevel]: 3 } })
      : await gzipBody(plain, { chunkSize: chunkBytes, level: 3 });
  return { bytes, coding };
}

/** A batch as JSON, out of records that are JSON already: half a megabyte is not written twice. */
export function batchJson({ n, round, patients, removals }: BatchRequest, records: readonly string[]): string {
  let items = '';
  // Texts put together are copied once, when the body is made of them.
  for (const [index, json] of records.entries()) {
    items += `${index === 0 ? '' : ','}{"readSequence":${patients[index]?.readSequence},"basics":${json}}`;
  }
  return `{"n":${n},"round":${round},"patients":[${items}],"removals":${JSON.stringify(removals)}}`;
}
