import * as z from 'zod';
import type { LicenceAnswer, ReleaseManifest } from '../contract/index.ts';
import { AgentError, codeOf, isAgentError, within, type Clock } from '../runtime/index.ts';

/** Where a release may be fetched. */
export type ReleaseSource =
  | { readonly kind: 'address'; readonly url: string; readonly token: string | null }
  | { readonly kind: 'registry'; readonly url: string; readonly token: string };

/** How long fetching may take, in milliseconds. */
export interface FetchTimes {
  /** From a request until its answer begins, and from one piece of it to the next. */
  readonly idleMs: number;
  readonly wholeMs: number;
}

/** @see {@link FetchTimes} Half an hour is enough for 20 MB over a line of 100 kbit/s. */
export const fetchTimes: FetchTimes = { idleMs: 30_000, wholeMs: 1_800_000 };

const packumentBytesMost = 16_000_000;
const redirectsMost = 3;
const packumentSchema = z.object({
  versions: z.record(z.string(), z.object({ dist: z.object({ tarball: z.url({ protocol: /^https?$/ }) }) })),
});

/** The places that a licence answer names, the address that Flynotes gives first. */
export function sourcesOf(
  { releaseUrl, registry }: Pick<LicenceAnswer, 'releaseUrl' | 'registry'>,
  flynotes: { readonly url: string; readonly licenceKey: string },
): ReleaseSource[] {
  const sources: ReleaseSource[] = [];
  if (releaseUrl !== undefined) {
    // Nobody but Flynotes is shown the licence key.
    const own = new URL(releaseUrl).origin === new URL(flynotes.url).origin;
    sources.push({ kind: 'address', url: releaseUrl, token: own ? flynotes.licenceKey : null });
  }
  if (registry !== null) sources.push({ kind: 'registry', ...registry });
  return sources;
}

/**
 * Fetches the bytes of a release from the first place that has them. What they are worth is for the caller to find out; no more than the
 * signed size is ever taken.
 * @throws AgentError UPDATE_FETCH_FAILED, UPDATE_TOKEN_REFUSED, UPDATE_TARBALL_MISSING, UPDATE_TARBALL_WRONG
 */
export async function fetchRelease(
  sources: readonly ReleaseSource[],
  manifest: Pick<ReleaseManifest, 'name' | 'version' | 'tarball'>,
  deps: { readonly clock: Clock; readonly times: FetchTimes },
  signal: AbortSignal,
): Promise<Buffer> {
  let failure: unknown = new AgentError('UPDATE_TARBALL_MISSING', { details: { reason: 'no-place-named' } });
  for (const source of sources) {
    try {
      const call = createCall(deps, signal);
      const address = source.kind === 'address' ? source.url : await tarballAddress(call, source, manifest);
      // A registry may keep its tarballs elsewhere; its token goes to itself alone.
      const own = new URL(address).origin === new URL(source.url).origin;
      return await call(address, { token: own ? source.token : null, bytesMost: manifest.tarball.sizeBytes });
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

type Call = (address: string, request: { token: string | null; bytesMost: number; accept?: string }) => Promise<Buffer>;

async function tarballAddress(
  call: Call,
  { url, token }: { readonly url: string; readonly token: string },
  { name, version }: Pick<ReleaseManifest, 'name' | 'version'>,
): Promise<string> {
  const base = url.endsWith('/') ? url : `${url}/`;
  const address = new URL(name.replace('/', '%2f'), base).href;
  const accept = 'application/vnd.npm.install-v1+json, application/json;q=0.9';
  let text: string;
  try {
    text = (await call(address, { token, bytesMost: packumentBytesMost, accept })).toString('utf8');
  } catch (error) {
    if (codeOf(error) !== 'UPDATE_TARBALL_WRONG') throw error;
    throw new AgentError('UPDATE_FETCH_FAILED', { details: { host: new URL(url).host, reason: 'answer-too-long' } });
  }
  const parsed = packumentSchema.safeParse(parsedJson(text));
  if (!parsed.success) {
    throw new AgentError('UPDATE_FETCH_FAILED', { details: { host: new URL(url).host, reason: 'no-packument' } });
  }
  const held = Object.hasOwn(parsed.data.versions, version) ? parsed.data.versions[version] : undefined;
  if (held === undefined) {
    throw new AgentError('UPDATE_TARBALL_MISSING', { details: { host: new URL(url).host, reason: 'not-published' } });
  }
  const tarball = new URL(held.dist.tarball);
  // Registries behind a proxy that ends TLS name themselves without it.
  if (new URL(url).protocol === 'https:') tarball.protocol = 'https:';
  return tarball.href;
}

/** One GET, redirects followed by hand so that no token travels along, the body bounded in size and time. */
function createCall({ clock, times }: { clock: Clock; times: FetchTimes }, signal: AbortSignal): Call {
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
        const own = at.origin === new URL(address).origin;
        const response = await bounded(
          fetch(at, {
            headers: {
              accept,
              // As it is: what a proxy packed anew would have another hash.
              'accept-encoding': 'identity',
              ...(token !== null && own ? { authorization: `Bearer ${token}` } : {}),
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

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
