import type { ErrorCode } from '../../contract/index.ts';
import { AgentError } from '../../runtime/index.ts';
import { isServerNumber, practiceError, type FailureContext } from '../driver-errors.ts';
import type { OdbcError } from './messages.ts';

/**
 * Numbers of the drivers' own, in records with a state of the client: Windows Sockets, Win32, Schannel, SNI and DBNETLIB of
 * Microsoft's drivers, 20000 and above FreeTDS. Texts would be in the machine's language.
 * @see https://learn.microsoft.com/troubleshoot/sql/database-engine/connect/resolve-connectivity-errors-overview
 */
const byClientNumber: Readonly<Record<number, ErrorCode>> = {
  // "Error Locating Server/Instance Specified": SNI error 26, told as -1.
  [-1]: 'PRACTICE_INSTANCE_NOT_FOUND',
  258: 'PRACTICE_NO_ANSWER',
  10060: 'PRACTICE_NO_ANSWER',
  20003: 'PRACTICE_NO_ANSWER',
  // "Encryption not supported on the client": it was told not to.
  20: 'PRACTICE_ENCRYPTION_REQUIRED',
  18: 'PRACTICE_TLS_FAILED',
  21: 'PRACTICE_TLS_FAILED',
};

/** Schannel and SSPI report HRESULTs of facility 9: 0x8009xxxx. */
const securityStatus = (number: number): number | undefined =>
  number < 0 && ((number >>> 16) & 0xffff) === 0x8009 ? number >>> 0 : undefined;
/** SEC_E_TARGET_UNKNOWN, _LOGON_DENIED, _NO_CREDENTIALS, _NO_AUTHENTICATING_AUTHORITY, _WRONG_PRINCIPAL, _TIME_SKEW. */
const authentication = new Set([0x80090303, 0x8009030c, 0x8009030e, 0x80090311, 0x80090322, 0x80090324]);

const sspi = /SSPI|Kerberos|GSSAPI|\bSPN\b/;
const encryption = /\b(?:SSL|TLS|encrypt\w*|certificate)\b/i;

/** Turns ODBC's diagnostic records into the agent's error. */
export function odbcError(errors: readonly OdbcError[], context: FailureContext): AgentError {
  const cause = { errors: errors.map(({ number, message }) => ({ number, message })) };
  const host = context.host === undefined ? {} : { host: context.host };
  const fail = (code: ErrorCode, details: Readonly<Record<string, string | number>>): AgentError =>
    new AgentError(code, { cause, details: { ...details, ...host } });
  const has = (...states: readonly string[]): OdbcError | undefined =>
    errors.find(({ state }) => states.includes(state));

  const absent =
    has('IM002', 'IM003', 'IM004', 'IM005') ?? errors.find(({ message }) => /Can't open lib/.test(message));
  if (absent !== undefined) return fail('PRACTICE_ODBC_DRIVER_MISSING', { state: absent.state });
  const fromClient = errors.filter(({ state }) => /^(?:08|HYT|28000$|01000$)/.test(state));
  if (errors.some(({ number }) => isServerNumber(number))) return practiceError(cause, context);
  for (const { number } of fromClient) {
    const status = securityStatus(number);
    if (status !== undefined)
      return fail(authentication.has(status) ? 'PRACTICE_LOGIN_UNTRUSTED' : 'PRACTICE_TLS_FAILED', { number });
  }
  const late = has('HYT00', 'HYT01');
  if (context.phase === 'query') {
    if (late !== undefined) return fail('PRACTICE_TIMEOUT', { state: late.state });
    // What SQL Server refuses bears its number. Without one the driver itself gave up, and what it says next is not to be trusted.
    const lost = errors.find(({ state, number }) => state.startsWith('08') || number === 0);
    if (lost !== undefined) return fail('PRACTICE_CONNECTION_LOST', { state: lost.state });
    return practiceError(cause, context);
  }
  const known = fromClient.find(({ number }) => Object.hasOwn(byClientNumber, number));
  if (known !== undefined)
    return fail(byClientNumber[known.number] ?? 'PRACTICE_UNREACHABLE', { number: known.number });
  if (errors.some(({ message }) => sspi.test(message))) return fail('PRACTICE_LOGIN_UNTRUSTED', {});
  if (errors.some(({ message }) => encryption.test(message))) return fail('PRACTICE_TLS_FAILED', {});
  if (late !== undefined) return fail('PRACTICE_NO_ANSWER', { state: late.state });
  const refused = has('28000');
  if (refused !== undefined) return fail('PRACTICE_LOGIN_FAILED', { state: refused.state });
  return fail('PRACTICE_UNREACHABLE', { state: errors[0]?.state ?? '', number: errors[0]?.number ?? 0 });
}
