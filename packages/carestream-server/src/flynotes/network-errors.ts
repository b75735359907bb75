import { AgentError } from '../runtime/index.ts';

/** Failures before a connection stood: the request cannot have arrived. */
const neverConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'CONNECT_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * What Node's client or fetch threw, in the agent's terms: the host and the system call's code, never a message.
 */
export function networkError(error: unknown, host: string): AgentError {
  const reason = codeWithin(error) ?? 'UNKNOWN';
  return new AgentError('FLYNOTES_UNREACHABLE', {
    cause: error,
    details: { host, reason },
    disposition: neverConnected.has(reason) ? 'transient' : 'ambiguous',
  });
}

/** fetch wraps what happened; several addresses tried become an AggregateError. */
export function codeWithin(error: unknown, depth = 0): string | null {
  if (!(error instanceof Error) || depth > 4) return null;
  if ('code' in error && typeof error.code === 'string' && /^[A-Z][A-Z0-9_]{2,63}$/.test(error.code)) return error.code;
  const inner = codeWithin(error.cause, depth + 1);
  if (inner) return inner;
  return error instanceof AggregateError ? codeWithin(error.errors[0], depth + 1) : null;
}
