import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { problemError } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** SHA-256 of the body's bytes, decompressed, in hexadecimal; empty without a body. */
    bodyHash: string;
  }
}

/** Reads JSON alone, and only well-formed UTF-8: replaced characters would be wrong data in silence. */
export function readJsonBodies(app: FastifyInstance): void {
  app.decorateRequest('bodyHash', '');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    request.bodyHash = createHash('sha256').update(bytes).digest('hex');
    try {
      done(null, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes as Buffer)));
    } catch {
      done(problemError('REQUEST_INVALID', { detail: 'The body is not JSON in UTF-8.' }));
    }
  });
}

/** Leaves the bodies of these routes as bytes, for whoever reads them elsewhere. */
export function keepJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
}

/**
 * Refuses text that PostgreSQL cannot hold (NUL, half of a surrogate pair) with the name of its field, for bodies whose
 * schemas allow free text. Rows of batches have schemas of their own for this.
 */
export function refuseUnstorableText(value: unknown, path = ''): void {
  // Bytes are no text, and each of them would be looked at.
  if (value instanceof Uint8Array) return;
  if (typeof value === 'string') {
    if (!value.isWellFormed() || value.includes('\u0000')) {
      throw problemError('REQUEST_INVALID', {
        detail: 'Text must be well-formed Unicode without NUL.',
        fields: [path],
      });
    }
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => refuseUnstorableText(item, join(path, index)));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      refuseUnstorableText(key, join(path, '?'));
      refuseUnstorableText(item, join(path, /^[A-Za-z][A-Za-z0-9]{0,40}$/.test(key) ? key : '?'));
    }
  }
}

const join = (path: string, part: string | number): string => (path === '' ? String(part) : `${path}.${part}`);
