import type { OdbcTarget, SqlLogin } from '../database-config.ts';
import { isLoopback, namedInstance, placeOf, shownAddress, type ServerAddress } from '../server-address.ts';

/** What an ODBC connection string is made of. */
export interface OdbcStringParts {
  /** An ODBC driver's name. */
  readonly driver: string;
  readonly address: ServerAddress;
  readonly login: SqlLogin | 'windows';
  readonly database: string;
  readonly encrypt?: boolean | undefined;
  readonly trustServerCertificate: boolean;
}

/** A value in braces holds anything. */
const braced = (value: string): string => `{${value.replaceAll('}', '}}')}}`;

/** Makes a connection string. Unencrypted on this machine alone, unless the configuration says otherwise. */
export function odbcTarget(parts: OdbcStringParts): OdbcTarget {
  const { driver, address, login, database } = parts;
  const encrypt = parts.encrypt ?? !isLoopback(address.server);
  const freeTds = driver === 'FreeTDS';
  const pairs: (readonly [string, string])[] = [
    ['Driver', braced(driver)],
    ...serverOf(address, freeTds),
    ['Database', braced(database)],
    ...(login === 'windows'
      ? [['Trusted_Connection', 'Yes'] as const]
      : [['UID', braced(login.user)] as const, ['PWD', braced(login.password)] as const]),
    ['APP', 'carestream-server'],
    ...(freeTds
      ? [['Encryption', encrypt ? 'require' : 'off'] as const]
      : [
          ['Encrypt', encrypt ? 'yes' : 'no'] as const,
          ...(parts.trustServerCertificate ? [['TrustServerCertificate', 'yes'] as const] : []),
        ]),
  ];
  return {
    driver: 'odbc',
    connectionString: pairs.map(([keyword, value]) => `${keyword}=${value};`).join(''),
    host: shownAddress(address),
    database,
    ...placeOf(address),
    encrypted: encrypt || !(freeTds || isLoopback(address.server)),
    ...namedInstance(address),
  };
}

/** A port forces TCP. Without one Microsoft's drivers choose: shared memory on this machine, otherwise TCP or pipes. */
function serverOf({ server, port, instance }: ServerAddress, freeTds: boolean): (readonly [string, string])[] {
  if (freeTds) {
    const host = server === '.' ? '127.0.0.1' : server;
    if (instance !== undefined) return [['Server', `${host}\\${instance}`]];
    return [
      ['Server', host],
      ['Port', String(port ?? 1433)],
    ];
  }
  if (port !== undefined) return [['Server', `tcp:${server === '.' ? '127.0.0.1' : server},${port}`]];
  return [['Server', instance === undefined ? server : `${server}\\${instance}`]];
}
