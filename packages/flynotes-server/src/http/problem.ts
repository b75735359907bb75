import { errorTable } from '@flynotes/carestream-server/api';
import type { ErrorCode, Problem } from '@flynotes/carestream-server/api';

/** The status with which each code that this server gives leaves it. */
export const problemStatuses = {
  REQUEST_INVALID: 400,
  AUTHORIZATION_MISSING: 401,
  LICENCE_UNKNOWN: 401,
  OPERATOR_TOKEN_WRONG: 401,
  LICENCE_SUSPENDED: 403,
  NOT_FOUND: 404,
  PASS_UNKNOWN: 404,
  BATCH_CONFLICT: 409,
  PRACTICE_ID_TAKEN: 409,
  REMOVALS_HELD_BACK: 409,
  PASS_ENDED: 410,
  REQUEST_TOO_LARGE: 413,
  AGENT_TOO_OLD: 426,
  SERVER_INTERNAL: 500,
  QUEUE_UNREACHABLE: 502,
  QUEUE_MISSING: 503,
  FLYNOTES_UNAVAILABLE: 503,
} as const satisfies Partial<Record<ErrorCode, number>>;
/** A code that this server gives. */
export type ServerCode = keyof typeof problemStatuses;

/** What a problem may add; nothing in it may come from a patient. */
export interface ProblemExtras {
  readonly status?: number;
  readonly detail?: string;
  readonly fields?: readonly string[];
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Throwable: becomes an answer of type `application/problem+json` at the edge. */
export interface ProblemError extends Error {
  readonly problem: Problem;
}

/** @see {@link ProblemError} */
export function problemError(code: ServerCode, extras: ProblemExtras = {}): ProblemError {
  const error = new Error(code, { cause: extras.cause });
  return Object.assign(error, { problem: problemOf(code, extras) });
}

/** The body of an error, as RFC 9457 has it. */
export function problemOf(code: ServerCode, extras: ProblemExtras = {}): Problem {
  const { status = problemStatuses[code], detail, fields, retryAfterMs } = extras;
  return {
    type: `urn:carestream:error:${code}`,
    title: errorTable[code].happened,
    status,
    detail: detail ?? errorTable[code].todo,
    code,
    ...(fields === undefined ? {} : { fields: [...fields] }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Whether something thrown is a {@link ProblemError}. */
export function isProblemError(error: unknown): error is ProblemError {
  return error instanceof Error && 'problem' in error;
}
