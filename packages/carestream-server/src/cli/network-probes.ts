import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LicenceAnswer } from '../contract/index.ts';
import { AgentError, isAgentError } from '../runtime/index.ts';
import type { ProxyVariables } from './network.ts';

/**
 * How many addresses the machine finds for a name, in the way that every connection of ours does.
 * @throws AgentError FLYNOTES_NAME_UNRESOLVED
 */
export async function resolveName(host: string): Promise<number> {
  try {
    return (await lookup(host, { all: true })).length;
  } catch (error) {
    throw new AgentError('FLYNOTES_NAME_UNRESOLVED', { cause: error, details: { host, reason: reasonOf(error) } });
  }
}

/** The proxy through which an address is reached, or null: none is set, or the address is excepted. */
export function proxyFor(url: URL, variables: ProxyVariables | null): URL | null {
  if (variables === null) return null;
  const given = url.protocol === 'https:' ? variables.HTTPS_PROXY : variables.HTTP_PROXY;
  if (given === '' || !URL.canParse(given) || isExcepted(url, variables.NO_PROXY)) return null;
  return new URL(given);
}

/** As Node reads `NO_PROXY`: names, `.suffix`, `*.suffix`, with or without a port, and `*` for everything. */
function isExcepted(url: URL, noProxy: string): boolean {
  const host = url.hostname.toLowerCase();
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((each) => each !== '')
    .some((each) => {
      if (each === '*') return true;
      const [, name = each, port] = /^(.*?)(?::(\d+))?$/.exec(each) ?? [];
      if (port !== undefined && port !== portOf(url)) return false;
      const suffix = name.replace(/^\*(?=\.)/, '');
      return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix;
    });
}

/**
 * Asks a proxy for a tunnel to an address (RFC 9110 9.3.6) and lets go of it.
 * @throws AgentError PROXY_REFUSED; the signal's reason
 */
export async function askProxy(proxy: URL, target: URL, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const wanted = `${target.hostname}:${portOf(target)}`;
  const { username, password } = proxy;
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const asking = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
    host: proxy.hostname.replaceAll(/[[\]]/g, ''),
    port: portOf(proxy),
    method: 'CONNECT',
    path: wanted,
    headers: { host: wanted, ...(username === '' ? {} : { 'proxy-authorization': `Basic ${basic}` }) },
    agent: false,
    signal,
  });
  asking.on('connect', (response, socket) => {
    socket.destroy();
    resolve(response.statusCode ?? 0);
  });
  // A proxy that answers otherwise than with a tunnel.
  asking.on('response', (response) => {
    response.destroy();
    resolve(response.statusCode ?? 0);
  });
  asking.on('error', reject);
  asking.end();
  const details = { proxy: proxy.host };
  try {
    const status = await promise;
    if (status < 200 || status > 299) throw new AgentError('PROXY_REFUSED', { details: { ...details, status } });
  } catch (error) {
    signal.throwIfAborted();
    if (isAgentError(error)) throw error;
    throw new AgentError('PROXY_REFUSED', { cause: error, details: { ...details, reason: reasonOf(error) } });
  } finally {
    asking.destroy();
  }
}

const packagePath = '@flynotes%2fcarestream-server';

/**
 * Asks the registry about our own package, as an update would begin.
 * @throws AgentError REGISTRY_UNREACHABLE, REGISTRY_REFUSED; the signal's reason
 */
export async function askRegistry(
  { url, token }: NonNullable<LicenceAnswer['registry']>,
  signal: AbortSignal,
): Promise<void> {
  const base = new URL(url.endsWith('/') ? url : `${url}/`);
  const details = { host: base.host };
  let status: number;
  try {
    const response = await fetch(new URL(packagePath, base), {
      headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.npm.install-v1+json' },
      redirect: 'manual',
      signal,
    });
    await response.body?.cancel();
    status = response.status;
  } catch (error) {
    signal.throwIfAborted();
    throw new AgentError('REGISTRY_UNREACHABLE', { cause: error, details: { ...details, reason: reasonOf(error) } });
  }
  if (status >= 500 || status === 429)
    throw new AgentError('REGISTRY_UNREACHABLE', { details: { ...details, status } });
  if (status >= 300) throw new AgentError('REGISTRY_REFUSED', { details: { ...details, status } });
}

const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80');

/** A system call's code, also below what fetch wraps around it. */
function reasonOf(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string' && /^[A-Z][A-Z0-9_]{2,63}$/.test(each.code)) return each.code;
  }
  return 'UNKNOWN';
}
