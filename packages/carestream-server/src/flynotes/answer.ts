import type { Readable } from 'node:stream';
import { AgentError } from '../runtime/index.ts';

/**
 * Reads an answer's body, as far as it may be long.
 * @throws AgentError FLYNOTES_ANSWER_INVALID where it is longer; whatever the connection's end throws
 */
export async function readBounded(body: Readable, status: number, bytesMost: number): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    sizeBytes += part.byteLength;
    // Leaving the loop destroys the stream, and with it the transfer.
    if (sizeBytes > bytesMost) {
      throw new AgentError('FLYNOTES_ANSWER_INVALID', { details: { reason: 'too-long', status } });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Parses JSON; undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The longest that anybody is waited for because they ask for it. */
export const retryAfterMostMs = 3_600_000;

/** `Retry-After` in milliseconds: seconds, or an HTTP date (RFC 9110 10.2.3). Never more than {@link retryAfterMostMs}. */
export function retryAfterMsOf(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const value = header.trim();
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), retryAfterMostMs) : undefined;
}
