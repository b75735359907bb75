import { parseConnectionString } from './connection-string.ts';
import { invalidSetting, portOf } from './server-address.ts';

/** What a connection string says, as far as it concerns us. */
export interface KeywordSettings {
  readonly server?: string | undefined;
  readonly port: { readonly port?: number };
  readonly database?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly encrypt?: boolean | undefined;
  readonly trustServerCertificate?: boolean | undefined;
  /** Windows authentication. */
  readonly trusted: boolean;
  /** The name of an ODBC driver. */
  readonly driver?: string | undefined;
  /** A data source of ODBC stands behind it, whose settings are not seen here. */
  readonly dataSource: boolean;
  /** FreeTDS has a keyword of its own for encryption. */
  readonly encryption?: string | undefined;
  /** The keywords as they were written, and the database of ODBC's own: it knows no other API's names for things. */
  readonly written: ReadonlySet<string>;
  readonly odbcDatabase?: string | undefined;
  /** The first keyword that means nothing to us; ODBC may know it. */
  readonly unknown?: string | undefined;
}

/** Keywords of ODBC, OLE DB and ADO.NET for the same things. */
const keywords: Readonly<Record<string, string>> = {
  server: 'server',
  'data source': 'server',
  address: 'server',
  addr: 'server',
  'network address': 'server',
  servername: 'server',
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
  encryption: 'encryption',
  trustservercertificate: 'trustServerCertificate',
  'trust server certificate': 'trustServerCertificate',
  trusted_connection: 'trusted',
  'integrated security': 'trusted',
  driver: 'driver',
  dsn: 'dataSource',
  filedsn: 'dataSource',
};
/** Known, and of no concern to us. */
const unused = new Set([
  'provider',
  'description',
  'app',
  'application name',
  'wsid',
  'workstation id',
  'language',
  'current language',
  'mars_connection',
  'multipleactiveresultsets',
  'persist security info',
  'pooling',
  'connection timeout',
  'connect timeout',
  'autotranslate',
  'ansinpw',
  'quotedid',
  'regional',
  'network',
  'network library',
  'applicationintent',
  'packet size',
  'connectretrycount',
  'connectretryinterval',
  'multisubnetfailover',
]);

/**
 * Reads a connection string.
 * @throws AgentError CONFIG_FIELD_INVALID: never with a value
 */
export function readKeywords(text: string): KeywordSettings {
  const pairs = parseConnectionString(text);
  if ('reason' in pairs) throw invalidSetting('connectionString', `${pairs.reason} at character ${pairs.position}`);
  const found = new Map<string, string>();
  let unknown: string | undefined;
  for (const { keyword, value } of pairs) {
    const meaning = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    if (meaning === undefined) {
      if (!unused.has(keyword)) unknown ??= keyword;
    } else if (!found.has(meaning)) found.set(meaning, value);
  }
  const some = (name: string): string | undefined => found.get(name) || undefined;
  const port = some('port');
  const driver = some('driver');
  return {
    server: some('server'),
    port: port === undefined ? {} : { port: portOf(port) },
    database: some('database'),
    user: some('user'),
    password: found.get('password'),
    encrypt: truth(found.get('encrypt'), 'encrypt'),
    trustServerCertificate: truth(found.get('trustServerCertificate'), 'trustservercertificate'),
    trusted: truth(found.get('trusted'), 'trusted_connection') === true,
    driver,
    dataSource: found.has('dataSource'),
    encryption: found.get('encryption')?.toLowerCase(),
    written: new Set(pairs.map(({ keyword }) => keyword)),
    odbcDatabase: pairs.find(({ keyword }) => keyword === 'database')?.value || undefined,
    unknown,
  };
}

function truth(value: string | undefined, keyword: string): boolean | undefined {
  if (value === undefined || value === '') return undefined;
  if (/^(yes|true|1|sspi|mandatory|strict)$/i.test(value)) return true;
  if (/^(no|false|0|optional)$/i.test(value)) return false;
  throw invalidSetting('connectionString', `${keyword} is neither yes nor no`);
}
