import type { Problem } from '@flynotes/carestream-server/api';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { isProblemError, problemOf } from './problem.ts';

/**
 * Errors of the database drivers that mean: not now. Connection lost (class 08), shut down or cancelled (57), out of
 * something (53), a lock not got (55P03), idle for too long (25P03), given up again and again (class 40).
 */
const awayCodes = /^(?:08|57|53|40|55P03|25P03)|^(?:CONNECTION_|CONNECT_TIMEOUT|ECONN|ENOTFOUND|ETIMEDOUT|EPIPE)/;

/** Translates whatever a route or the framework threw. Messages of others are never passed on: they may quote the request. */
export function problemOfError(error: unknown): Problem {
  if (isProblemError(error)) return error.problem;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const fields = error.validation.map(({ instancePath }) => fieldOf(instancePath));
    return problemOf('REQUEST_INVALID', {
      detail: 'Fields of the request do not fit the contract.',
      fields: [...new Set(fields)].slice(0, 50),
    });
  }
  const { code = '', statusCode = 500 } = error as { code?: unknown; statusCode?: number };
  if (typeof code === 'string' && awayCodes.test(code))
    return problemOf('FLYNOTES_UNAVAILABLE', { retryAfterMs: 5_000 });
  if (statusCode === 413) return problemOf('REQUEST_TOO_LARGE');
  if (statusCode === 404) return problemOf('NOT_FOUND');
  if (statusCode >= 400 && statusCode < 500) {
    return problemOf('REQUEST_INVALID', {
      status: statusCode,
      detail: details[String(code)] ?? 'The request cannot be read.',
    });
  }
  return problemOf('SERVER_INTERNAL');
}

/** Maps of the contract: their keys come from the sender and are no names of fields. */
const maps = new Set(['figures', 'rules', 'refusedByAgent', 'refusedByServer', 'legs']);

function fieldOf(instancePath: string): string {
  const parts = instancePath.replace(/^\//, '').split('/');
  return parts.map((part, index) => (maps.has(parts[index - 1] ?? '') ? '?' : part)).join('.');
}

const details: Record<string, string> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The body must be of type application/json.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is shorter or longer than its Content-Length.',
  FST_ERR_BAD_URL: 'The address is malformed.',
  FST_CP_ERR_INVALID_CONTENT_ENCODING:
    'The content coding is not one that is read here: zstd, gzip, br, deflate, identity.',
  FST_CP_ERR_INVALID_CONTENT: 'The body is not of the content coding that its header names.',
};
