import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

type Decoder = (bytes: Uint8Array, limits: { chunkSize: number; maxOutputLength: number }) => Uint8Array;
const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['zstd', zstdDecompressSync],
  ['gzip', gunzipSync],
  ['br', brotliDecompressSync],
  ['deflate', inflateSync],
]);
/** What a decoder makes room for at once: nearly every batch fits. */
const chunkSize = 512 * 1024;

/** A body's content, or why there is none. */
export type DecodedBody =
  | { readonly outcome: 'decoded'; readonly bytes: Uint8Array }
  | { readonly outcome: 'unknown-coding' | 'malformed' | 'too-large' };

/**
 * Takes a body out of its content coding, in one go: for threads beside the event loop. No byte beyond the limit is decompressed.
 * @param coding - as the header names it
 */
export function decodeBody(bytes: Uint8Array, coding: string, bytesMost: number): DecodedBody {
  const name = coding.trim().toLowerCase();
  if (name === '' || name === 'identity') return { outcome: 'decoded', bytes };
  const decode = decoders.get(name);
  if (decode === undefined) return { outcome: 'unknown-coding' };
  try {
    return { outcome: 'decoded', bytes: decode(bytes, { chunkSize, maxOutputLength: bytesMost }) };
  } catch (error) {
    return { outcome: (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'malformed' };
  }
}
