import { setGlobalProxyFromEnv } from 'node:http';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { AgentError } from '../runtime/index.ts';

/** The variables from which Node's agents read a proxy. */
export type ProxyVariables = Readonly<Record<'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY', string>>;

/** Never by way of a proxy: this machine itself. */
const loopback = 'localhost,127.0.0.1,::1,[::1]';

/** The proxy of the configuration, or else of the environment; null where there is none. */
export function proxyVariablesOf(
  proxy: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): ProxyVariables | null {
  const of = (name: string): string => environment[name] || environment[name.toLowerCase()] || '';
  const https = proxy ?? of('HTTPS_PROXY');
  const http = proxy ?? of('HTTP_PROXY');
  if (https === '' && http === '') return null;
  const besides = of('NO_PROXY');
  return { HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: besides === '' ? loopback : `${besides},${loopback}` };
}

/**
 * Sends what this process asks of the network through the proxy. The queue's SDK has agents of its own and is told separately.
 * @throws AgentError CONFIG_FIELD_INVALID for what is no address of a proxy; the file's own has been checked before
 */
export function applyProxy(variables: ProxyVariables): void {
  try {
    setGlobalProxyFromEnv({ ...variables });
  } catch (cause) {
    const details = { field: 'proxy', variable: 'HTTPS_PROXY or HTTP_PROXY', mend: 'write it as http://host:port' };
    throw new AgentError('CONFIG_FIELD_INVALID', { cause, details });
  }
}

/** Trusts what the machine trusts too: practices' firewalls look into TLS with certificates of their own. Costs some milliseconds. */
export function trustSystemCertificates(): void {
  try {
    setDefaultCACertificates([...getCACertificates('default'), ...getCACertificates('system')]);
  } catch {
    // A store that cannot be read: Node's own certificates remain.
  }
}
