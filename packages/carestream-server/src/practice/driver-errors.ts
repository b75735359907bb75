import { AgentError, isAgentError, type ErrorDetails } from '../runtime/index.ts';
import type { ErrorCode } from '../contract/index.ts';

/** What was being done when a driver failed; names in `identifiers` are ours and may be repeated. */
export interface FailureContext {
  readonly phase: 'connect' | 'query';
  /** Error numbers that SQL Server sent while logging in; the driver keeps only their texts. */
  readonly loginNumbers?: readonly number[];
  /** Names of tables and columns that we asked for. */
  readonly identifiers?: readonly string[];
  readonly host?: string;
  /** Whether encryption was asked for; undefined where it is the driver's own affair. */
  readonly encrypt?: boolean;
}

/**
 * SQL Server's error numbers, and what they mean to us.
 * @see https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
 */
const byNumber: Readonly<Record<number, ErrorCode>> = {
  // Cannot open the database: it does not exist, or the login may not. 40532 and 4064 say the same of other situations.
  4060: 'PRACTICE_DATABASE_UNAVAILABLE',
  4064: 'PRACTICE_DATABASE_UNAVAILABLE',
  // 911 does not exist; 916 not allowed in.
  911: 'PRACTICE_DATABASE_UNAVAILABLE',
  916: 'PRACTICE_DATABASE_UNAVAILABLE',
  // 926 suspect; 942 offline; 945 files missing or no memory; 946 of another version.
  926: 'PRACTICE_DATABASE_OFFLINE',
  942: 'PRACTICE_DATABASE_OFFLINE',
  945: 'PRACTICE_DATABASE_OFFLINE',
  946: 'PRACTICE_DATABASE_OFFLINE',
  922: 'PRACTICE_DATABASE_RESTORING',
  927: 'PRACTICE_DATABASE_RESTORING',
  924: 'PRACTICE_DATABASE_SINGLE_USER',
  18456: 'PRACTICE_LOGIN_FAILED',
  // 18470 disabled; 18486 locked; 18487 expired; 18488 must be changed.
  18470: 'PRACTICE_LOGIN_DISABLED',
  18486: 'PRACTICE_LOGIN_DISABLED',
  18487: 'PRACTICE_PASSWORD_EXPIRED',
  18488: 'PRACTICE_PASSWORD_EXPIRED',
  // 18452 untrusted domain; 17806, 17807 and 17832 SSPI's handshake failed.
  17806: 'PRACTICE_LOGIN_UNTRUSTED',
  17807: 'PRACTICE_LOGIN_UNTRUSTED',
  17832: 'PRACTICE_LOGIN_UNTRUSTED',
  18452: 'PRACTICE_LOGIN_UNTRUSTED',
  // 17142 paused; 18401 upgrading; 18451 and 18461 administrators alone, or one of them alone.
  17142: 'PRACTICE_SERVER_PAUSED',
  18401: 'PRACTICE_SERVER_PAUSED',
  18451: 'PRACTICE_SERVER_PAUSED',
  18461: 'PRACTICE_SERVER_PAUSED',
  6005: 'PRACTICE_SERVER_STOPPING',
  17147: 'PRACTICE_SERVER_STOPPING',
  17148: 'PRACTICE_SERVER_STOPPING',
  // No room for another connection.
  17809: 'PRACTICE_UNREACHABLE',
  229: 'PRACTICE_PERMISSION_DENIED',
  230: 'PRACTICE_PERMISSION_DENIED',
  300: 'PRACTICE_PERMISSION_DENIED',
  207: 'PRACTICE_SCHEMA_CHANGED',
  208: 'PRACTICE_SCHEMA_CHANGED',
  // A view whose tables changed beneath it.
  4413: 'PRACTICE_SCHEMA_CHANGED',
  4502: 'PRACTICE_SCHEMA_CHANGED',
  1205: 'PRACTICE_DEADLOCK',
  1222: 'PRACTICE_LOCK_TIMEOUT',
  // Data moved beneath a dirty read.
  601: 'PRACTICE_DEADLOCK',
  605: 'PRACTICE_DEADLOCK',
  // Killed by an administrator, and low memory; both pass.
  596: 'PRACTICE_CONNECTION_LOST',
  701: 'PRACTICE_TIMEOUT',
  8645: 'PRACTICE_TIMEOUT',
};

const tlsCode = /^(?:EENCRYPT|EPROTO|ERR_SSL_\w+|ERR_TLS_\w+|\w*CERT\w*|SELF_SIGNED_\w+|UNABLE_TO_\w+)$/;
const unreachableCode =
  /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ENOTFOUND|EAI_\w+|EADDRNOTAVAIL)$/;
const timeoutCode = /^(?:ETIMEOUT|ETIMEDOUT|ESOCKETTIMEDOUT)$/;
const lostCode = /^(?:ECONNRESET|EPIPE|ECLOSE|ECONNCLOSED|ECONNABORTED|ESOCKET|ENOTOPEN|ENOCONN)$/;

/** True where the failure says that no common TLS version or cipher was found, as with servers that know TLS 1.0 alone. */
export function speaksOldTls(error: unknown): boolean {
  return codesOf(error).some((code) =>
    /UNSUPPORTED_PROTOCOL|WRONG_VERSION|VERSION|HANDSHAKE_FAILURE|NO_(?:SHARED|SUITABLE)|NO_PROTOCOLS|EPROTO|TLSV1|ECONNRESET|DH_KEY|EE_KEY|CA_MD|SIGNATURE/.test(
      code,
    ),
  );
}

/** True for a number that SQL Server sends and that says something to us. */
export const isServerNumber = (number: number): boolean => byNumber[number] !== undefined;

/** Turns whatever a driver threw into the agent's error. The driver's own text never goes along: it may quote data. */
export function practiceError(error: unknown, context: FailureContext): AgentError {
  if (isAgentError(error)) return error;
  const numbers = [...(context.loginNumbers ?? []), ...numbersOf(error)];
  // 18456 comes with others that say more.
  const known = numbers.toSorted(vagueLast).find((number) => byNumber[number] !== undefined);
  const host: ErrorDetails = context.host === undefined ? {} : { host: context.host };
  if (known !== undefined) {
    return new AgentError(byNumber[known] ?? 'PRACTICE_QUERY_FAILED', {
      cause: error,
      details: { number: known, ...namesIn(error, known, context), ...(context.phase === 'connect' ? host : {}) },
    });
  }
  const codes = codesOf(error);
  if (codes.includes('EENCRYPT') && context.encrypt === false)
    return new AgentError('PRACTICE_ENCRYPTION_REQUIRED', { cause: error, details: host });
  if (codes.includes('EINSTLOOKUP'))
    return new AgentError('PRACTICE_INSTANCE_NOT_FOUND', { cause: error, details: host });
  const tls = codes.find((code) => tlsCode.test(code));
  if (tls !== undefined && context.phase === 'connect')
    return new AgentError('PRACTICE_TLS_FAILED', { cause: error, details: { reason: tls, ...host } });
  const unreachable = codes.find((code) => unreachableCode.test(code));
  if (unreachable !== undefined)
    return new AgentError('PRACTICE_UNREACHABLE', { cause: error, details: { reason: unreachable, ...host } });
  const late = codes.find((code) => timeoutCode.test(code));
  if (late !== undefined)
    return new AgentError(context.phase === 'connect' ? 'PRACTICE_NO_ANSWER' : 'PRACTICE_TIMEOUT', {
      cause: error,
      details: { reason: late, ...host },
    });
  const [first] = numbers;
  if (first !== undefined) return new AgentError('PRACTICE_QUERY_FAILED', { cause: error, details: { number: first } });
  if (codes.includes('ELOGIN')) return new AgentError('PRACTICE_LOGIN_FAILED', { cause: error, details: host });
  const lost = codes.find((code) => lostCode.test(code));
  if (lost !== undefined) {
    return new AgentError(context.phase === 'connect' ? 'PRACTICE_UNREACHABLE' : 'PRACTICE_CONNECTION_LOST', {
      cause: error,
      details: { reason: lost, ...host },
    });
  }
  return new AgentError(context.phase === 'connect' ? 'PRACTICE_UNREACHABLE' : 'PRACTICE_QUERY_FAILED', {
    cause: error,
    details: { reason: codes[0] ?? 'unknown', ...host },
  });
}

const vagueLast = (one: number, other: number): number => Number(one === 18_456) - Number(other === 18_456);

interface Loose {
  readonly number?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly originalError?: unknown;
  readonly info?: unknown;
  readonly errors?: unknown;
  readonly precedingErrors?: unknown;
}

/** An error and everything it came from, at most some dozens. */
function chainOf(error: unknown): Loose[] {
  const chain: Loose[] = [];
  const waiting: unknown[] = [error];
  while (waiting.length > 0 && chain.length < 40) {
    const next = waiting.shift();
    if (typeof next !== 'object' || next === null || chain.includes(next)) continue;
    const loose = next as Loose;
    chain.push(loose);
    for (const list of [loose.errors, loose.precedingErrors])
      if (Array.isArray(list)) waiting.push(...(list as unknown[]));
    waiting.push(loose.cause, loose.originalError, loose.info);
  }
  return chain;
}

function numbersOf(error: unknown): number[] {
  return [
    ...new Set(
      chainOf(error).flatMap((each) => (typeof each.number === 'number' && each.number > 0 ? [each.number] : [])),
    ),
  ];
}

function codesOf(error: unknown): string[] {
  return [
    ...new Set(
      chainOf(error).flatMap((each) =>
        typeof each.code === 'string' && /^[A-Z][A-Z0-9_]{1,80}$/.test(each.code) ? [each.code] : [],
      ),
    ),
  ];
}

/** Of one column; SQL Server names the column first, then its table. */
const columnDenied = 230;

/** Names that the server put between quotes, as far as they are names that we asked for. */
function namesIn(error: unknown, number: number, context: FailureContext): ErrorDetails {
  const ours = new Map((context.identifiers ?? []).map((name) => [name.toLowerCase(), name]));
  for (const { message } of chainOf(error)) {
    if (typeof message !== 'string') continue;
    const [first, second] = [...message.matchAll(/'([^']{1,260})'/g)].flatMap(
      ([, quoted = '']) => ours.get(quoted.replace(/^.*\./, '').toLowerCase()) ?? [],
    );
    if (first === undefined) continue;
    return number === columnDenied && second !== undefined ? { name: second, column: first } : { name: first };
  }
  return {};
}
