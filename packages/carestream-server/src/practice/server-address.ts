import { hostname } from 'node:os';
import { AgentError } from '../runtime/index.ts';

/** Where a SQL Server is. Neither port nor instance: the default instance. */
export interface ServerAddress {
  /** A host name or address as it was written; `.` for this machine. */
  readonly server: string;
  readonly port?: number;
  /** A named instance. */
  readonly instance?: string;
}

const loopbackNames = new Set(['.', '(local)', 'localhost', '127.0.0.1', '::1']);

/** True where what is sent never leaves this machine. */
export function isLoopback(server: string): boolean {
  const name = server.toLowerCase();
  return loopbackNames.has(name) || /^127\.\d+\.\d+\.\d+$/.test(name) || name === hostname().toLowerCase();
}

/** An address for TCP: `.` and `(local)` are names of SQL Server's own clients. */
export const tcpHost = (server: string): string =>
  server === '.' || server.toLowerCase() === '(local)' ? '127.0.0.1' : server;

/** What a person calls it: `R4SERVER`, `R4SERVER\SQLEXPRESS`, `R4SERVER:1433`. */
export const shownAddress = ({ server, port, instance }: ServerAddress): string =>
  instance === undefined ? (port === undefined ? server : `${server}:${port}`) : `${server}\\${instance}`;

/** For whoever asks SQL Server Browser: a named instance, and by which address its machine is reached. */
export const namedInstance = (
  address: ServerAddress | undefined,
): { readonly instance?: { readonly server: string; readonly instance: string } } =>
  address?.instance === undefined ? {} : { instance: { server: tcpHost(address.server), instance: address.instance } };

/** Where it is for TCP. The port of a named instance is told by others. */
export const placeOf = (
  address: ServerAddress | undefined,
): { readonly place?: { readonly host: string; readonly port?: number } } => {
  if (address === undefined) return {};
  const { server, port, instance } = address;
  const known = port ?? (instance === undefined ? defaultPort : undefined);
  return { place: { host: tcpHost(server), ...(known === undefined ? {} : { port: known }) } };
};

const defaultPort = 1433;

export function invalidSetting(field: string, reason: string): AgentError {
  return new AgentError('CONFIG_FIELD_INVALID', { details: { field: `database.${field}`, reason } });
}

/**
 * Reads `tcp:host,port`, `host\instance`, `.`, `(local)`, `[::1],1433`.
 * @throws AgentError CONFIG_FIELD_INVALID
 */
export function readServerAddress(text: string): ServerAddress {
  let rest = text.trim();
  const protocol = /^(tcp|np|lpc|admin):/i.exec(rest)?.[1]?.toLowerCase();
  if (protocol !== undefined) {
    if (protocol !== 'tcp') throw invalidSetting('server', `only TCP can be used, not ${protocol}:`);
    rest = rest.slice(4);
  }
  if (rest.startsWith('\\\\')) throw invalidSetting('server', 'only TCP can be used, not a named pipe');
  const comma = rest.lastIndexOf(',');
  const port = comma < 0 ? undefined : portOf(rest.slice(comma + 1));
  if (comma >= 0) rest = rest.slice(0, comma);
  const backslash = rest.indexOf('\\');
  const named = backslash < 0 ? undefined : rest.slice(backslash + 1).trim();
  if (named === '') throw invalidSetting('server', 'nothing stands after the backslash');
  if (backslash >= 0) rest = rest.slice(0, backslash);
  const server = rest.trim().replace(/^\[(.*)\]$/, '$1');
  if (server === '' || /[\s/;=]/.test(server)) throw invalidSetting('server', 'this is no host name or address');
  // The default instance has a name too, which SQL Server Browser does not tell. A port says more than an instance's name.
  const instance =
    named === undefined || named.toUpperCase() === 'MSSQLSERVER' || port !== undefined ? undefined : named;
  return { server, ...(port === undefined ? {} : { port }), ...(instance === undefined ? {} : { instance }) };
}

/** @throws AgentError CONFIG_FIELD_INVALID */
export function portOf(text: string): number {
  const port = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw invalidSetting('server', 'the port after the comma is no number from 1 to 65535');
  return port;
}
