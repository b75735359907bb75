import * as z from 'zod';
import { AgentError } from '../runtime/index.ts';
import { readKeywords, type KeywordSettings } from './connection-keywords.ts';
import {
  invalidSetting,
  isLoopback,
  namedInstance,
  placeOf,
  readServerAddress,
  shownAddress,
  tcpHost,
  type ServerAddress,
} from './server-address.ts';

/** Which way to SQL Server: TCP with a SQL login, or ODBC. */
export const driverNames = ['tedious', 'msnodesqlv8'] as const;

/** How to reach R4's database: what the configuration's `database` holds when it is no connection string. Without `user`: Windows authentication. */
export const databaseFieldsSchema = z.strictObject({
  /** Absent: it is searched on this machine. */
  server: z.string().min(1).max(255).optional(),
  port: z.int().min(1).max(65_535).optional(),
  /** A named instance; its port is asked of SQL Server Browser. */
  instance: z.string().min(1).max(128).optional(),
  database: z.string().min(1).max(128).optional(),
  user: z.string().min(1).max(128).optional(),
  password: z.string().max(128).optional(),
  /** Absent: on, except on this machine itself. */
  encrypt: z.boolean().optional(),
  trustServerCertificate: z.boolean().optional(),
  /** Absent: `tedious` for a SQL login, `msnodesqlv8` (ODBC) for Windows authentication. */
  driver: z.enum(driverNames).optional(),
});

/** The configuration's `database`: a connection string, or fields. */
export const databaseConfigSchema = z.union([
  z.string().min(1).max(4000),
  z.strictObject({ connectionString: z.string().min(1).max(4000), driver: z.enum(driverNames).optional() }),
  databaseFieldsSchema,
]);
/** @see {@link databaseConfigSchema} */
export type DatabaseConfig = z.infer<typeof databaseConfigSchema>;

/** SQL login over TCP: everything that the driver must know, defaults filled in. */
export interface TcpTarget {
  readonly driver: 'tedious';
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

/** A whole connection string for an ODBC driver. It holds a password: it goes into no error, log or command line. */
export interface OdbcTarget {
  readonly driver: 'odbc';
  readonly connectionString: string;
  /** What an error may call the server. */
  readonly host: string;
  /** Absent where a data source of ODBC names it. */
  readonly database?: string;
  /** Where its SQL Server is, as far as it says so. */
  readonly place?: { readonly host: string; readonly port?: number };
  /** False where it asks for no encryption at all, or asks for none on this machine itself. */
  readonly encrypted: boolean;
  /** A named instance of another machine or of this one, whose place is asked of SQL Server Browser. */
  readonly instance?: { readonly server: string; readonly instance: string };
}

/** What remains to be found out: the server, or which ODBC driver is there. */
export interface SearchTarget {
  readonly driver: 'search';
  /** Absent: it is searched on this machine. */
  readonly address?: ServerAddress;
  readonly login: SqlLogin | 'windows';
  readonly over: 'tedious' | 'odbc';
  readonly database: string;
  readonly encrypt?: boolean;
  readonly trustServerCertificate: boolean;
}

/** A login of SQL Server's own. */
export interface SqlLogin {
  readonly user: string;
  readonly password: string;
}

/** Where and how to connect. */
export type DatabaseTarget = TcpTarget | OdbcTarget;

/** Practice systems' own training data: real-looking patients who do not exist. */
const trainingDatabases = new Set(['tutor', 'ng_r4_tutor']);
const systemDatabases = new Set(['master', 'model', 'msdb', 'tempdb']);
const defaultDatabase = 'sys2000';
const defaultPort = 1433;

/**
 * Completes a database configuration; without one, R4 is searched on this machine with Windows authentication.
 * @throws AgentError CONFIG_FIELD_INVALID, CONFIG_FIELD_MISSING: the field and a reason, never a value
 */
export function resolveDatabaseConfig(config: DatabaseConfig = {}): DatabaseTarget | SearchTarget {
  if (typeof config === 'string') return fromConnectionString(config, undefined);
  if ('connectionString' in config) return fromConnectionString(config.connectionString, config.driver);
  const { server, port, instance, user, password, driver, ...rest } = config;
  if (server === undefined && (port !== undefined || instance !== undefined))
    throw new AgentError('CONFIG_FIELD_MISSING', { details: { field: 'database.server' } });
  if (user !== undefined && password === undefined)
    throw new AgentError('CONFIG_FIELD_MISSING', { details: { field: 'database.password' } });
  if (user === undefined && driver === 'tedious')
    throw new AgentError('CONFIG_FIELD_MISSING', { details: { field: 'database.user' } });
  const written = server === undefined ? undefined : readServerAddress(server);
  if (port !== undefined && (instance ?? written?.instance) !== undefined)
    throw invalidSetting('port', 'a port and an instance exclude each other');
  return complete({
    ...rest,
    ...(written === undefined
      ? {}
      : {
          address: {
            ...written,
            ...(port === undefined ? {} : { port }),
            ...(instance === undefined ? {} : { instance }),
          },
        }),
    login: user === undefined ? 'windows' : { user, password: password ?? '' },
    over: (driver ?? (user === undefined ? 'msnodesqlv8' : 'tedious')) === 'tedious' ? 'tedious' : 'odbc',
  });
}

interface Parts {
  readonly address?: ServerAddress | undefined;
  readonly login: SqlLogin | 'windows';
  readonly over: 'tedious' | 'odbc';
  readonly database?: string | undefined;
  readonly encrypt?: boolean | undefined;
  readonly trustServerCertificate?: boolean | undefined;
}

function complete({ address, login, over, encrypt, ...parts }: Parts): TcpTarget | SearchTarget {
  const database = allowedDatabase(parts.database ?? defaultDatabase);
  const trustServerCertificate = parts.trustServerCertificate ?? false;
  if (address === undefined || over === 'odbc' || login === 'windows') {
    return {
      driver: 'search',
      ...(address === undefined ? {} : { address }),
      login,
      over,
      database,
      ...(encrypt === undefined ? {} : { encrypt }),
      trustServerCertificate,
    };
  }
  return tcpTarget(address, { login, database, encrypt, trustServerCertificate });
}

/** SQL login over TCP at an address. Unencrypted on this machine alone, unless the configuration says otherwise. */
export function tcpTarget(
  address: ServerAddress,
  settings: {
    readonly login: SqlLogin;
    readonly database: string;
    readonly encrypt?: boolean | undefined;
    readonly trustServerCertificate: boolean;
  },
): TcpTarget {
  const loopback = isLoopback(address.server);
  return {
    driver: 'tedious',
    server: tcpHost(address.server),
    ...(address.instance === undefined ? { port: address.port ?? defaultPort } : { instance: address.instance }),
    database: settings.database,
    ...settings.login,
    encrypt: settings.encrypt ?? !loopback,
    trustServerCertificate: settings.trustServerCertificate,
    loopback,
  };
}

/** @throws AgentError CONFIG_FIELD_INVALID for databases that hold no patients of the practice */
export function allowedDatabase(database: string): string {
  const folded = database.toLowerCase();
  if (trainingDatabases.has(folded))
    throw invalidSetting('database', 'this is R4’s training database; its patients do not exist');
  if (systemDatabases.has(folded)) throw invalidSetting('database', 'this is one of SQL Server’s own databases');
  return database;
}

function fromConnectionString(
  text: string,
  driver: (typeof driverNames)[number] | undefined,
): DatabaseTarget | SearchTarget {
  const settings = readKeywords(text);
  const ofOdbc = settings.driver !== undefined || settings.dataSource;
  if (ofOdbc && driver !== 'tedious') return asItIs(text, settings);
  const { trusted, server, user } = settings;
  if (!trusted && user === undefined)
    throw new AgentError('CONFIG_FIELD_MISSING', { details: { field: 'database.user' } });
  if (trusted && driver === 'tedious')
    throw invalidSetting('driver', 'Windows authentication needs ODBC: write msnodesqlv8, or nothing');
  if (settings.unknown !== undefined)
    throw invalidSetting('connectionString', `the keyword ${settings.unknown.slice(0, 40)} is not known`);
  return complete({
    address: server === undefined ? undefined : { ...readServerAddress(server), ...settings.port },
    login: trusted || user === undefined ? 'windows' : { user, password: settings.password ?? '' },
    over: trusted || driver === 'msnodesqlv8' ? 'odbc' : 'tedious',
    database: settings.database,
    encrypt: settings.encrypt,
    trustServerCertificate: settings.trustServerCertificate,
  });
}

/**
 * ODBC's own string stays as it is. Only what it leaves open is decided here, at its end: which database, and that nothing goes
 * over a network unencrypted unless the string says so.
 */
function asItIs(text: string, settings: KeywordSettings): OdbcTarget {
  const database = allowedDatabase(settings.odbcDatabase ?? settings.database ?? defaultDatabase);
  const address = settings.server === undefined ? undefined : lenientAddress(settings.server);
  const open = /;\s*$/.test(text) ? text : `${text};`;
  const left = [
    settings.odbcDatabase === undefined ? `Database=${database};` : '',
    isLoopback(address?.server ?? '.') ? '' : encryptionLeftOpen(settings),
  ];
  const added = settings.dataSource ? '' : left.join('');
  return {
    driver: 'odbc',
    connectionString: added === '' ? text : `${open}${added}`,
    host: address === undefined ? nowhere : shownAddress({ ...address, ...settings.port }),
    ...(settings.dataSource ? {} : { database }),
    ...placeOf(address === undefined || address.server === nowhere ? undefined : { ...address, ...settings.port }),
    encrypted: isEncrypted(settings, address),
    ...namedInstance(address),
  };
}

/** Each kind of driver has a keyword of its own, and passes over that of the others in silence. */
function encryptionLeftOpen({ driver, encrypt, encryption, written }: KeywordSettings): string {
  if (/freetds/i.test(driver ?? '')) return encryption === undefined && encrypt !== false ? 'Encryption=require;' : '';
  return written.has('encrypt') ? '' : 'Encrypt=yes;';
}

/** Microsoft's drivers encrypt the login even where they encrypt nothing else; FreeTDS encrypts nothing then. */
function isEncrypted(
  { driver, dataSource, encrypt, encryption }: KeywordSettings,
  address: ServerAddress | undefined,
): boolean {
  if (encryption === 'off') return false;
  const loopback = address !== undefined && isLoopback(address.server);
  if (dataSource || !loopback) return true;
  return encryption !== undefined || encrypt === true || (/freetds/i.test(driver ?? '') && encrypt !== false);
}

/** Stands for a server whose name cannot be read. */
const nowhere = 'odbc';

/** ODBC knows more ways to write a server (`np:`, `lpc:`, pipes) than TCP does. */
function lenientAddress(text: string): ServerAddress {
  const local = /^(?:lpc:|np:\\\\\.\\|\\\\\.\\)/i.test(text.trim());
  try {
    return readServerAddress(text.trim().replace(/^(?:lpc|np|admin):/i, ''));
  } catch {
    return { server: local ? '.' : (/^(?:np:)?\\\\([^\\]+)/i.exec(text.trim())?.[1] ?? nowhere) };
  }
}
