import * as z from 'zod';
import { AgentError } from '../runtime/index.ts';
import { parseConnectionString } from './connection-string.ts';

const serverSchema = z.string().min(1).max(255);

/** How to reach R4's database by SQL login: what the configuration's `database` holds when it is no connection string. */
export const databaseFieldsSchema = z.strictObject({
  server: serverSchema,
  port: z.int().min(1).max(65_535).optional(),
  /** A named instance; its port is asked of SQL Server Browser. */
  instance: z.string().min(1).max(128).optional(),
  database: z.string().min(1).max(128).optional(),
  user: z.string().min(1).max(128),
  password: z.string().max(128),
  /** Absent: on, except on this machine itself. */
  encrypt: z.boolean().optional(),
  trustServerCertificate: z.boolean().optional(),
});

/** The configuration's `database`: an ODBC-style connection string, or fields. */
export const databaseConfigSchema = z.union([
  z.string().min(1).max(4000),
  z.strictObject({ connectionString: z.string().min(1).max(4000) }),
  databaseFieldsSchema,
]);
/** @see {@link databaseConfigSchema} */
export type DatabaseConfig = z.infer<typeof databaseConfigSchema>;

/** Everything a driver must know, defaults filled in. */
export interface DatabaseTarget {
  readonly server: string;
  /** Absent where `instance` names it. */
  readonly port?: number;
  readonly instance?: string;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly encrypt: boolean;
  readonly trustServerCertificate: boolean;
  readonly loopback: boolean;
}

/** Practice systems' own training data: real-looking patients who do not exist. */
const trainingDatabases = new Set(['tutor', 'ng_r4_tutor']);
const systemDatabases = new Set(['master', 'model', 'msdb', 'tempdb']);
const defaultDatabase = 'sys2000';
const defaultPort = 1433;
const loopbackNames = new Set(['.', '(local)', 'localhost', '127.0.0.1', '::1']);

/**
 * Completes a database configuration.
 * @throws AgentError CONFIG_FIELD_INVALID, CONFIG_FIELD_MISSING: the field and a reason, never a value
 */
export function resolveDatabaseConfig(config: DatabaseConfig): DatabaseTarget {
  if (typeof config === 'string') return fromConnectionString(config);
  if ('connectionString' in config) return fromConnectionString(config.connectionString);
  return complete({ ...readServer(config.server), ...defined(config) });
}

interface Parts {
  server: string;
  port?: number | undefined;
  instance?: string | undefined;
  database?: string | undefined;
  user?: string | undefined;
  password?: string | undefined;
  encrypt?: boolean | undefined;
  trustServerCertificate?: boolean | undefined;
}

function defined(config: z.infer<typeof databaseFieldsSchema>): Partial<Parts> {
  const { server: _, ...rest } = config;
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
}

function invalid(field: string, reason: string): AgentError {
  return new AgentError('CONFIG_FIELD_INVALID', { details: { field: `database.${field}`, reason } });
}

function complete(parts: Parts): DatabaseTarget {
  if (parts.user === undefined || parts.user === '')
    throw new AgentError('CONFIG_FIELD_MISSING', { details: { field: 'database.user' } });
  const database = parts.database ?? defaultDatabase;
  const folded = database.toLowerCase();
  if (trainingDatabases.has(folded))
    throw invalid('database', 'this is R4’s training database; its patients do not exist');
  if (systemDatabases.has(folded)) throw invalid('database', 'this is one of SQL Server’s own databases');
  if (parts.instance !== undefined && parts.port !== undefined)
    throw invalid('port', 'a port and an instance exclude each other');
  const loopback = loopbackNames.has(parts.server.toLowerCase()) || /^127\.\d+\.\d+\.\d+$/.test(parts.server);
  return {
    server: parts.server === '.' || parts.server.toLowerCase() === '(local)' ? '127.0.0.1' : parts.server,
    ...(parts.instance === undefined ? { port: parts.port ?? defaultPort } : { instance: parts.instance }),
    database,
    user: parts.user,
    password: parts.password ?? '',
    encrypt: parts.encrypt ?? !loopback,
    trustServerCertificate: parts.trustServerCertificate ?? false,
    loopback,
  };
}

/** `tcp:host,port`, `host\instance`, `.`, `(local)`, `[::1],1433`. */
function readServer(text: string): Parts {
  let rest = text.trim();
  const protocol = /^(tcp|np|lpc|admin):/i.exec(rest)?.[1]?.toLowerCase();
  if (protocol !== undefined) {
    if (protocol !== 'tcp') throw invalid('server', `only TCP can be used, not ${protocol}:`);
    rest = rest.slice(4);
  }
  if (rest.startsWith('\\\\')) throw invalid('server', 'only TCP can be used, not a named pipe');
  const parts: Parts = { server: '' };
  const comma = rest.lastIndexOf(',');
  if (comma >= 0) {
    parts.port = portOf(rest.slice(comma + 1));
    rest = rest.slice(0, comma);
  }
  const backslash = rest.indexOf('\\');
  if (backslash >= 0) {
    const instance = rest.slice(backslash + 1).trim();
    if (instance === '') throw invalid('server', 'nothing stands after the backslash');
    // The default instance has a name too, which SQL Server Browser does not tell. A port says more than an instance's name.
    if (instance.toUpperCase() !== 'MSSQLSERVER' && parts.port === undefined) parts.instance = instance;
    rest = rest.slice(0, backslash);
  }
  parts.server = rest.trim().replace(/^\[(.*)\]$/, '$1');
  if (parts.server === '' || /[\s/;=]/.test(parts.server)) throw invalid('server', 'this is no host name or address');
  return parts;
}

function portOf(text: string): number {
  const port = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw invalid('server', 'the port after the comma is no number from 1 to 65535');
  return port;
}

/** Keywords of ODBC, OLE DB and ADO.NET for the same things. */
const keywords: Readonly<Record<string, keyof Parts | 'trusted' | 'ignored'>> = {
  server: 'server',
  'data source': 'server',
  address: 'server',
  addr: 'server',
  'network address': 'server',
  database: 'database',
  'initial catalog': 'database',
  uid: 'user',
  'user id': 'user',
  user: 'user',
  username: 'user',
  pwd: 'password',
  password: 'password',
  port: 'port',
  encrypt: 'encrypt',
  'use encryption for data': 'encrypt',
  trustservercertificate: 'trustServerCertificate',
  'trust server certificate': 'trustServerCertificate',
  trusted_connection: 'trusted',
  'integrated security': 'trusted',
  driver: 'ignored',
  provider: 'ignored',
  dsn: 'ignored',
  description: 'ignored',
  app: 'ignored',
  'application name': 'ignored',
  wsid: 'ignored',
  'workstation id': 'ignored',
  language: 'ignored',
  'current language': 'ignored',
  mars_connection: 'ignored',
  multipleactiveresultsets: 'ignored',
  'persist security info': 'ignored',
  pooling: 'ignored',
  'connection timeout': 'ignored',
  'connect timeout': 'ignored',
  autotranslate: 'ignored',
  ansinpw: 'ignored',
  quotedid: 'ignored',
  regional: 'ignored',
  network: 'ignored',
  'network library': 'ignored',
  applicationintent: 'ignored',
  'packet size': 'ignored',
  connectretrycount: 'ignored',
  connectretryinterval: 'ignored',
  multisubnetfailover: 'ignored',
};

function fromConnectionString(text: string): DatabaseTarget {
  const pairs = parseConnectionString(text);
  if ('reason' in pairs) throw invalid('connectionString', `${pairs.reason} at character ${pairs.position}`);
  const found = new Map<string, string>();
  for (const { keyword, value } of pairs) {
    const meaning = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    if (meaning === undefined) throw invalid('connectionString', `the keyword ${keyword.slice(0, 40)} is not known`);
    if (!found.has(meaning)) found.set(meaning, value);
  }
  if (truth(found.get('trusted'), 'trusted_connection') === true) {
    throw invalid(
      'connectionString',
      'Windows authentication is not available yet; give UID and PWD of a SQL Server login',
    );
  }
  const server = found.get('server');
  if (server === undefined) throw new AgentError('CONFIG_FIELD_MISSING', { details: { field: 'database.server' } });
  const port = found.get('port');
  return complete({
    ...readServer(server),
    ...(port === undefined ? {} : { port: portOf(port), instance: undefined }),
    database: found.get('database') || undefined,
    user: found.get('user'),
    password: found.get('password'),
    encrypt: truth(found.get('encrypt'), 'encrypt'),
    trustServerCertificate: truth(found.get('trustServerCertificate'), 'trustservercertificate'),
  });
}

function truth(value: string | undefined, keyword: string): boolean | undefined {
  if (value === undefined || value === '') return undefined;
  if (/^(yes|true|1|sspi|mandatory|strict)$/i.test(value)) return true;
  if (/^(no|false|0|optional)$/i.test(value)) return false;
  throw invalid('connectionString', `${keyword} is neither yes nor no`);
}
