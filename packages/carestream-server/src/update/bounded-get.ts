import { AgentError, isAgentError, within, type Clock } from '../runtime/index.ts';

/** How long fetching may take, in milliseconds. */
export interface FetchTimes {
  /** From a request until its answer begins, and from one piece of it to the next. */
  readonly idleMs: number;
  readonly wholeMs: number;
}

/** @see {@link FetchTimes} Half an hour is enough for 20 MB over a line of 100 kbit/s. */
export const fetchTimes: FetchTimes = { idleMs: 30_000, wholeMs: 1_800_000 };

/** What is asked for. */
export interface GetRequest {
  readonly token: string | null;
  /** One byte more ends the transfer. */
  readonly bytesMost: number;
  readonly accept?: string;
}

/**
 * One GET for bytes.
 * @throws AgentError UPDATE_FETCH_FAILED, UPDATE_TOKEN_REFUSED, UPDATE_TARBALL_MISSING; UPDATE_TARBALL_WRONG for a longer answer
 */
export type BoundedGet = (address: string, request: GetRequest) => Promise<Buffer>;

const redirectsMost = 3;

/** One GET, redirects followed by hand so that no token travels along, the body bounded in size and time. */
export function createBoundedGet(
  { clock, times }: { readonly clock: Clock; readonly times: FetchTimes },
  signal: AbortSignal,
): BoundedGet {
  const whole = AbortSignal.timeout(times.wholeMs);
  return async (address, { token, bytesMost, accept = '*/*' }) => {
    let at = new URL(address);
    for (let redirects = 0; ; redirects++) {
      const idle = new AbortController();
      const fail = (details: Record<string, string | number>, cause?: unknown) =>
        new AgentError('UPDATE_FETCH_FAILED', { cause, details: { host: at.host, ...details } });
      const bounded = async <Result>(work: Promise<Result>): Promise<Result> => {
        if ((await within(clock, times.idleMs, work)) === 'late') {
          idle.abort(fail({ reason: 'too-slow' }));
          work.catch(() => undefined);
          throw fail({ reason: 'too-slow' });
        }
        return work;
      };
      try {
        const bears = token !== null && at.origin === new URL(address).origin && mayBearToken(at);
        const response = await bounded(
          fetch(at, {
            headers: {
              accept,
              // As it is: what a proxy packed anew would have another hash.
              'accept-encoding': 'identity',
              ...(bears ? { authorization: `Bearer ${token}` } : {}),
            },
            redirect: 'manual',
            signal: AbortSignal.any([signal, whole, idle.signal]),
          }),
        );
        const next = locationOf(response, at);
        if (next !== null) {
          await response.body?.cancel();
          if (redirects >= redirectsMost) throw fail({ reason: 'too-many-redirects' });
          if (at.protocol === 'https:' && next.protocol !== 'https:') throw fail({ reason: 'unencrypted-redirect' });
          at = next;
          continue;
        }
        if (!response.ok) {
          await response.body?.cancel();
          throw refusalOf(response.status, at.host);
        }
        return await readBody(response, bytesMost, bounded);
      } catch (error) {
        if (isAgentError(error)) throw error;
        signal.throwIfAborted();
        throw fail({ reason: whole.aborted ? 'too-slow' : 'unreachable' }, error);
      }
    }
  };
}

async function readBody(
  response: Response,
  bytesMost: number,
  bounded: <Result>(work: Promise<Result>) => Promise<Result>,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  if (response.body === null) return Buffer.alloc(0);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await bounded(reader.read());
    if (done) break;
    sizeBytes += value.byteLength;
    if (sizeBytes > bytesMost) {
      await reader.cancel().catch(() => undefined);
      throw new AgentError('UPDATE_TARBALL_WRONG', { details: { reason: 'another-size', signedBytes: bytesMost } });
    }
    parts.push(value);
  }
  return Buffer.concat(parts);
}

function locationOf(response: Response, at: URL): URL | null {
  const location = response.headers.get('location');
  if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return null;
  if (!URL.canParse(location, at.href)) return null;
  const next = new URL(location, at);
  return ['http:', 'https:'].includes(next.protocol) ? next : null;
}

function refusalOf(status: number, host: string): AgentError {
  const details = { host, status };
  if (status === 401 || status === 403) return new AgentError('UPDATE_TOKEN_REFUSED', { details });
  if (status === 404 || status === 410) return new AgentError('UPDATE_TARBALL_MISSING', { details });
  return new AgentError('UPDATE_FETCH_FAILED', { details: { ...details, reason: 'refused' } });
}

/** No token goes over a line on which others read along. */
function mayBearToken({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}
