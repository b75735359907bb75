import { hash } from 'node:crypto';
import { batchEnvelopeSchema, batchPatientsMost } from '@flynotes/carestream-server/api';
import type { Refusal } from '@flynotes/carestream-server/api';
import { decodeBody } from './decode-body.ts';
import { judgeBatch } from './judge-batch.ts';
import { createPracticeDigester } from './practice-digester.ts';
import { columnsOf } from './row-columns.ts';
import type { RowColumns } from './row-columns.ts';

/** A batch's body as it came over the wire. */
export interface BatchBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** As the header Content-Encoding names it. */
  readonly coding: string;
  readonly digestKey: string;
}

/** A batch ready to be stored. */
export interface ReadBatch {
  readonly n: number;
  readonly round: number;
  /** SHA-256 of the body's bytes, decompressed, in hexadecimal. */
  readonly contentHash: string;
  readonly columns: RowColumns;
  readonly refusals: readonly Refusal[];
  /** Rows that another row of the same batch outdates. */
  readonly outdated: number;
}

/** Why a body is no batch. */
export interface NoBatch {
  readonly outcome: 'refused';
  readonly code: 'REQUEST_INVALID' | 'REQUEST_TOO_LARGE';
  readonly status?: number;
  readonly detail?: string;
  readonly fields?: readonly string[];
}

/** What became of a body. */
export type BatchReading = { readonly outcome: 'read'; readonly batch: ReadBatch } | NoBatch;

/** A thousand of the longest records that the contract allows. */
export const batchBytesMost = 32 * 1024 * 1024;

const invalid = (detail: string, more: { status?: number; fields?: readonly string[] } = {}): NoBatch => ({
  outcome: 'refused',
  code: 'REQUEST_INVALID',
  detail,
  ...more,
});

/** All that computes between a batch's bytes and its statement. Runs in a thread of its own, so everything in and out can be cloned. */
export function readBatch({ bytes, coding, digestKey }: BatchBody): BatchReading {
  const decoded = decodeBody(bytes, coding, batchBytesMost);
  switch (decoded.outcome) {
    case 'unknown-coding':
      return invalid('The content coding is not one that is read here: zstd, gzip, br, deflate, identity.', {
        status: 415,
      });
    case 'malformed':
      return invalid('The body is not of the content coding that its header names.');
    case 'too-large':
      return { outcome: 'refused', code: 'REQUEST_TOO_LARGE' };
    case 'decoded':
      return readContent(decoded.bytes, digestKey);
  }
}

function readContent(content: Uint8Array, digestKey: string): BatchReading {
  const body = parseJson(content);
  if (body === undefined) return invalid('The body is not JSON in UTF-8.');
  const parsed = batchEnvelopeSchema.safeParse(body);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => path.join('.'));
    return invalid('Fields of the request do not fit the contract.', { fields: [...new Set(fields)] });
  }
  const { n, round, patients, removals } = parsed.data;
  if (patients.length + removals.length > batchPatientsMost) {
    return invalid('Too many patients and removals.', { fields: ['patients', 'removals'] });
  }
  const { rows, refusals, outdated } = judgeBatch(patients, removals, createPracticeDigester(digestKey));
  const contentHash = hash('sha256', content, 'hex');
  return { outcome: 'read', batch: { n, round, contentHash, columns: columnsOf(rows), refusals, outdated } };
}

/** Only well-formed UTF-8: replaced characters would be wrong data in silence. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}
