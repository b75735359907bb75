import { AgentError } from '../runtime/index.ts';
import type { Delivery } from './report-drain.ts';

/** Where items go. */
export interface RollbarTarget {
  readonly accessToken: string;
  readonly environment: string;
  /** Without a path: `https://api.rollbar.com`. */
  readonly endpoint: string;
}

/** Rollbar's own address; another one is set for emulators alone. */
export const rollbarEndpoint = 'https://api.rollbar.com';
const timeoutMs = 10_000;
const longestAskedMs = 600_000;

/**
 * Sends one item to Rollbar's item API. The token goes into a header and never into the body.
 * @throws AgentError REPORT_UNDELIVERED when it may work later
 * @see https://docs.rollbar.com/reference/create-item
 */
export async function sendRollbarItem(dataJson: string, target: RollbarTarget, signal: AbortSignal): Promise<Delivery> {
  const body = JSON.stringify({ data: { environment: target.environment, ...(JSON.parse(dataJson) as object) } });
  let response: Response;
  try {
    response = await fetch(new URL('/api/1/item/', target.endpoint), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-rollbar-access-token': target.accessToken },
      body,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (error) {
    throw new AgentError('REPORT_UNDELIVERED', { cause: error });
  }
  // The answer must be read, or the connection is not used again.
  await response.arrayBuffer().catch(() => undefined);
  const { status } = response;
  if (response.ok) return { outcome: 'delivered' };
  // A token that is not known (yet), too many requests, a server that is away: the item itself may be good.
  const mayPass =
    status === 401 || status === 403 || status === 404 || status === 408 || status === 429 || status >= 500;
  if (!mayPass && status >= 400) return { outcome: 'refused', status };
  throw new AgentError('REPORT_UNDELIVERED', { details: { status }, ...retryAfterOf(response.headers) });
}

/** How long Rollbar asks us to wait: the usual header, or its own. */
function retryAfterOf(headers: Headers): { retryAfterMs?: number } {
  for (const name of ['retry-after', 'x-rate-limit-remaining-seconds']) {
    const text = headers.get(name);
    const seconds = text === null ? Number.NaN : Number(text);
    if (Number.isFinite(seconds) && seconds > 0) return { retryAfterMs: Math.min(seconds * 1000, longestAskedMs) };
  }
  return {};
}
