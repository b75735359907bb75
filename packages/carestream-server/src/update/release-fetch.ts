import * as z from 'zod';
import type { LicenceAnswer, ReleaseManifest } from '../contract/index.ts';
import { AgentError, codeOf, type Clock } from '../runtime/index.ts';
import { createBoundedGet, type BoundedGet, type FetchTimes } from './bounded-get.ts';
import { checkTarball } from './unpack-release.ts';

/** Where a release may be fetched. */
export type ReleaseSource =
  | { readonly kind: 'address'; readonly url: string; readonly token: string | null }
  | { readonly kind: 'registry'; readonly url: string; readonly token: string };

const packumentBytesMost = 16_000_000;
const packumentSchema = z.object({ versions: z.record(z.string(), z.unknown()) });
const publishedSchema = z.object({ dist: z.object({ tarball: z.url({ protocol: /^https?$/ }) }) });

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
 * Fetches a release from the first place that has the very bytes that were signed; no more than their size is ever taken.
 * @throws AgentError UPDATE_TARBALL_WRONG where some place had other bytes and none the right ones; otherwise what the last one failed with:
 * UPDATE_FETCH_FAILED, UPDATE_TOKEN_REFUSED, UPDATE_TARBALL_MISSING
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
      const get = createBoundedGet(deps, signal);
      const address = source.kind === 'address' ? source.url : await tarballAddress(get, source, manifest);
      // A registry may keep its tarballs elsewhere; its token goes to itself alone.
      const own = new URL(address).origin === new URL(source.url).origin;
      const tarball = await get(address, { token: own ? source.token : null, bytesMost: manifest.tarball.sizeBytes });
      checkTarball(tarball, manifest.tarball);
      return tarball;
    } catch (error) {
      signal.throwIfAborted();
      // Bytes that nobody signed are worth telling, whatever the next place fails with.
      if (codeOf(failure) !== 'UPDATE_TARBALL_WRONG') failure = error;
    }
  }
  throw failure;
}

async function tarballAddress(
  get: BoundedGet,
  { url, token }: { readonly url: string; readonly token: string },
  { name, version }: Pick<ReleaseManifest, 'name' | 'version'>,
): Promise<string> {
  const base = url.endsWith('/') ? url : `${url}/`;
  const address = new URL(name.replace('/', '%2f'), base).href;
  const accept = 'application/vnd.npm.install-v1+json, application/json;q=0.9';
  let text: string;
  try {
    text = (await get(address, { token, bytesMost: packumentBytesMost, accept })).toString('utf8');
  } catch (error) {
    if (codeOf(error) !== 'UPDATE_TARBALL_WRONG') throw error;
    throw new AgentError('UPDATE_FETCH_FAILED', { details: { host: new URL(url).host, reason: 'answer-too-long' } });
  }
  const { host } = new URL(url);
  const parsed = packumentSchema.safeParse(parsedJson(text));
  if (!parsed.success) throw new AgentError('UPDATE_FETCH_FAILED', { details: { host, reason: 'no-packument' } });
  const { versions } = parsed.data;
  // One version alone is read: what others did to theirs is no matter.
  const held = publishedSchema.safeParse(Object.hasOwn(versions, version) ? versions[version] : undefined);
  if (!held.success) throw new AgentError('UPDATE_TARBALL_MISSING', { details: { host, reason: 'not-published' } });
  const tarball = new URL(held.data.dist.tarball);
  // Registries behind a proxy that ends TLS name themselves without it.
  if (new URL(url).protocol === 'https:') tarball.protocol = 'https:';
  return tarball.href;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
