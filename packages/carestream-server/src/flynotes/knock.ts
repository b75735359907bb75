import { AgentError } from '../runtime/index.ts';
import { codeWithin } from './network-errors.ts';

/** What answered at Flynotes' address. */
export interface KnockAnswer {
  readonly status: number;
  /** Milliseconds since 1970, as the answer's `Date` has it (RFC 9110 6.6.1). */
  readonly dateMs: number | null;
  /** True where a page for a person came, or a redirect to one: no program of Flynotes answers so. */
  readonly isPage: boolean;
}

/** Certificates and handshakes that Node refuses, by OpenSSL's and its own names. */
const tlsCode =
  /^(?:ERR_SSL_\w+|ERR_TLS_\w+|EPROTO|\w*CERT\w*|\w*SIGNED\w*|UNABLE_TO_\w+|HOSTNAME_MISMATCH|INVALID_CA)$/;

/**
 * Asks Flynotes for nothing in particular, without the licence key: is something there, is it trusted, and what time has it?
 * @throws AgentError FLYNOTES_TLS_FAILED, FLYNOTES_UNREACHABLE; the signal's reason
 */
export async function knockAtFlynotes(baseUrl: string, signal: AbortSignal): Promise<KnockAnswer> {
  const base = new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
  try {
    const response = await fetch(new URL('v1/licence', base), {
      headers: { accept: 'application/json, application/problem+json' },
      redirect: 'manual',
      signal,
    });
    await response.body?.cancel();
    const { status, headers } = response;
    const dateMs = Date.parse(headers.get('date') ?? '');
    const isHtml = (headers.get('content-type') ?? '').toLowerCase().startsWith('text/html');
    return {
      status,
      dateMs: Number.isFinite(dateMs) ? dateMs : null,
      isPage: isHtml || (status >= 300 && status < 400),
    };
  } catch (error) {
    signal.throwIfAborted();
    const reason = codeWithin(error) ?? 'UNKNOWN';
    throw new AgentError(tlsCode.test(reason) ? 'FLYNOTES_TLS_FAILED' : 'FLYNOTES_UNREACHABLE', {
      cause: error,
      details: { host: base.host, reason },
    });
  }
}
