import { describe, expect, test } from 'vitest';
import { isAgentError } from '../runtime/index.ts';
import { databaseConfigSchema, resolveDatabaseConfig, type DatabaseConfig } from './database-config.ts';

const login = 'UID=agent;PWD=s3cr3t;';
const details = (config: DatabaseConfig): unknown => {
  try {
    return { port: undefined, instance: undefined, ...resolveDatabaseConfig(config) };
  } catch (error) {
    if (!isAgentError(error)) throw error;
    expect(error.message).not.toContain('s3cr3t');
    return [error.code, error.details['field'], error.details['reason']];
  }
};

test('an ODBC string as practices have it stays as it is', () => {
  const text = 'server=.;Database=sys2000;Trusted_Connection=Yes;Driver={SQL Server Native Client 9.0}';
  expect(resolveDatabaseConfig(text)).toEqual({
    driver: 'odbc',
    connectionString: text,
    host: '.',
    database: 'sys2000',
    place: { host: '127.0.0.1', port: 1433 },
    encrypted: false,
  });
});

describe('what an ODBC string leaves open is decided at its end', () => {
  const odbc = (text: string): unknown => {
    const target = resolveDatabaseConfig(`Driver={ODBC Driver 17 for SQL Server};${text}`);
    return target.driver === 'odbc' && target.connectionString.replace('Driver={ODBC Driver 17 for SQL Server};', '');
  };
  test.each([
    ['Server=.;UID=a;PWD={x;}}y}', 'Server=.;UID=a;PWD={x;}}y};Database=sys2000;'],
    ['Server=R4;Database=sys2000', 'Server=R4;Database=sys2000;Encrypt=yes;'],
    ['Server=R4;Database=sys2000;Encrypt=no;', 'Server=R4;Database=sys2000;Encrypt=no;'],
    ['Server=np:\\\\.\\pipe\\sql\\query;Database=sys2000', 'Server=np:\\\\.\\pipe\\sql\\query;Database=sys2000'],
    ['Server=R4;AnythingElse=7', 'Server=R4;AnythingElse=7;Database=sys2000;Encrypt=yes;'],
  ])('%s', (text, expected) => {
    expect(odbc(text)).toBe(expected);
  });
  test.each([
    // Keywords of another API, or of another driver, say nothing to this one.
    ['Driver={SQL Server};Server=R4;Initial Catalog=NG_R4_sys2000', 'Database=NG_R4_sys2000;Encrypt=yes;'],
    ['Driver={SQL Server};Server=R4;Database=sys2000;Use Encryption for Data=no', 'Encrypt=yes;'],
    ['Driver={FreeTDS};Server=R4;Database=sys2000;Encrypt=yes', 'Encryption=require;'],
    ['Driver={FreeTDS};Server=R4;Database=sys2000;Encrypt=no', ''],
    ['Driver={FreeTDS};Server=R4;Database=sys2000;Encryption=off', ''],
  ])('%s: added is %s', (text, added) => {
    const target = resolveDatabaseConfig(text);
    expect(target.driver === 'odbc' && target.connectionString).toBe(added === '' ? text : `${text};${added}`);
  });
  test('a data source of ODBC says for itself', () => {
    expect(resolveDatabaseConfig('DSN=R4')).toEqual({
      driver: 'odbc',
      connectionString: 'DSN=R4',
      host: 'odbc',
      encrypted: true,
    });
  });
  test.each([
    ['Driver={ODBC Driver 17 for SQL Server};Server=R4SERVER\\R4', { host: 'R4SERVER' }, true],
    ['Driver={ODBC Driver 17 for SQL Server};Server=tcp:R4SERVER,1500', { host: 'R4SERVER', port: 1500 }, true],
    // The login is encrypted all the same: its TLS is worth knowing.
    ['Driver={SQL Server};Server=R4SERVER;Encrypt=no', { host: 'R4SERVER', port: 1433 }, true],
    ['Driver={SQL Server};Server=.;Encrypt=yes', { host: '127.0.0.1', port: 1433 }, true],
    ['Driver={FreeTDS};Server=127.0.0.1;Port=1500', { host: '127.0.0.1', port: 1500 }, true],
    ['Driver={FreeTDS};Server=R4SERVER;Encryption=off', { host: 'R4SERVER', port: 1433 }, false],
  ])('where it leads to, and whether encrypted: %s', (text, place, encrypted) => {
    expect(resolveDatabaseConfig(`${text};UID=a;PWD=b`)).toMatchObject({ place, encrypted });
  });
  test('training data is refused there too', () => {
    expect(details('Driver={x};Server=.;Database=Tutor')).toMatchObject([
      'CONFIG_FIELD_INVALID',
      'database.database',
      expect.anything(),
    ]);
  });
});

describe('what is left to be searched', () => {
  const windows = {
    driver: 'search',
    over: 'odbc',
    login: 'windows',
    database: 'sys2000',
    trustServerCertificate: false,
  };
  test.each<[string, DatabaseConfig | undefined, unknown]>([
    ['nothing is said', undefined, windows],
    ['only another database', { database: 'NG_R4_sys2000' }, { ...windows, database: 'NG_R4_sys2000' }],
    ['a server, Windows authentication', { server: 'R4\\X' }, { ...windows, address: { server: 'R4', instance: 'X' } }],
    ['no ODBC driver named', 'Server=.;Trusted_Connection=Yes', { ...windows, address: { server: '.' } }],
    [
      'the same in other words',
      'Data Source=R4,1500;Integrated Security=SSPI',
      { ...windows, address: { server: 'R4', port: 1500 } },
    ],
    [
      'a SQL login without a server',
      { user: 'a', password: 'b' },
      { ...windows, over: 'tedious', login: { user: 'a', password: 'b' } },
    ],
    [
      'a SQL login over ODBC',
      { server: 'R4', user: 'a', password: 'b', driver: 'msnodesqlv8' },
      { ...windows, login: { user: 'a', password: 'b' }, address: { server: 'R4' } },
    ],
  ])('%s', (_, config, expected) => {
    expect(resolveDatabaseConfig(config)).toEqual(expected);
  });
});

test('a SQL login over TCP', () => {
  expect(resolveDatabaseConfig(`server=.;${login}`)).toEqual({
    driver: 'tedious',
    server: '127.0.0.1',
    port: 1433,
    database: 'sys2000',
    user: 'agent',
    password: 's3cr3t',
    encrypt: false,
    trustServerCertificate: false,
    loopback: true,
  });
});

describe('servers', () => {
  test.each([
    ['Server=tcp:r4.example.com,14330', { server: 'r4.example.com', port: 14_330, encrypt: true }],
    ['Data Source=R4SERVER\\SQLEXPRESS', { server: 'R4SERVER', instance: 'SQLEXPRESS', port: undefined }],
    ['Address=R4SERVER\\SQLEXPRESS,1500', { server: 'R4SERVER', port: 1500, instance: undefined }],
    ['Server=.\\MSSQLSERVER', { server: '127.0.0.1', port: 1433 }],
    ['Server=(local)', { server: '127.0.0.1', encrypt: false }],
    ['Server=[::1],1433', { server: '::1', port: 1433, encrypt: false }],
    ['Server=10.0.0.5;Port=1444', { server: '10.0.0.5', port: 1444 }],
    ['Server=10.0.0.5;Encrypt=no', { encrypt: false }],
    ['Server=.;Encrypt=Mandatory;TrustServerCertificate=yes', { encrypt: true, trustServerCertificate: true }],
    ['Server=.;Trusted_Connection=No', { user: 'agent' }],
    ['Server=.;Initial Catalog=NG_R4_sys2000', { database: 'NG_R4_sys2000' }],
    ['Server=.;Database=', { database: 'sys2000' }],
  ])('%s', (text, expected) => {
    expect(details(`${text};${login}`)).toMatchObject(expected);
  });
});

describe('what cannot be used is named, and no value with it', () => {
  test.each([
    [`Server=.;Database=Tutor;${login}`, 'CONFIG_FIELD_INVALID', 'database.database', /training/],
    [`Server=.;Database=ng_r4_TUTOR;${login}`, 'CONFIG_FIELD_INVALID', 'database.database', /training/],
    [`Server=.;Database=master;${login}`, 'CONFIG_FIELD_INVALID', 'database.database', /SQL Server’s own/],
    [`Server=np:R4;${login}`, 'CONFIG_FIELD_INVALID', 'database.server', /only TCP/],
    [`Server=\\\\R4\\pipe\\sql\\query;${login}`, 'CONFIG_FIELD_INVALID', 'database.server', /named pipe/],
    [`Server=R4,99999;${login}`, 'CONFIG_FIELD_INVALID', 'database.server', /port/],
    [`Server=R4,;${login}`, 'CONFIG_FIELD_INVALID', 'database.server', /port/],
    [`Server=R4\\;${login}`, 'CONFIG_FIELD_INVALID', 'database.server', /backslash/],
    [`Server=R4 SERVER;${login}`, 'CONFIG_FIELD_INVALID', 'database.server', /host name/],
    [`Server=R4;Encrypt=perhaps;${login}`, 'CONFIG_FIELD_INVALID', 'database.connectionString', /encrypt/],
    [
      `Server=R4;Pasword=s3cr3t;UID=a`,
      'CONFIG_FIELD_INVALID',
      'database.connectionString',
      /keyword pasword is not known/,
    ],
    [`Server=R4;PWD={s3cr3t;UID=a`, 'CONFIG_FIELD_INVALID', 'database.connectionString', /brace-open at character 15/],
    [`Server=R4`, 'CONFIG_FIELD_MISSING', 'database.user', undefined],
  ])('%s', (...[text, code, field, reason]) => {
    expect(details(text)).toEqual([code, field, reason === undefined ? undefined : expect.stringMatching(reason)]);
  });

  test('fields', () => {
    expect(details({ port: 1433 })).toMatchObject(['CONFIG_FIELD_MISSING', 'database.server', undefined]);
    expect(details({ server: 'R4', driver: 'tedious' })).toMatchObject([
      'CONFIG_FIELD_MISSING',
      'database.user',
      undefined,
    ]);
    expect(details({ connectionString: 'Server=.;Trusted_Connection=yes', driver: 'tedious' })).toMatchObject([
      'CONFIG_FIELD_INVALID',
      'database.driver',
      expect.stringMatching(/msnodesqlv8/),
    ]);
    expect(details({ server: 'R4', user: 'a', password: 'b', database: 'TUTOR' })).toMatchObject([
      'CONFIG_FIELD_INVALID',
      'database.database',
      expect.anything(),
    ]);
    expect(details({ server: 'R4', user: 'a', password: 'b', port: 1, instance: 'X' })).toMatchObject([
      'CONFIG_FIELD_INVALID',
      'database.port',
      expect.anything(),
    ]);
    expect(details({ server: 'R4', instance: 'SQL2008', user: 'a', password: 'b' })).toMatchObject({
      server: 'R4',
      instance: 'SQL2008',
      port: undefined,
      encrypt: true,
    });
    expect(databaseConfigSchema.safeParse({ server: 'R4', user: 'a', password: 'b', pasword: 'c' }).success).toBe(
      false,
    );
    expect(databaseConfigSchema.safeParse({ connectionString: 'Server=.' }).success).toBe(true);
  });
});
