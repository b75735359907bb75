import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a FreeTDS client encrypts. */
export type Encryption = 'off' | 'require';

/** A folder with the configuration of FreeTDS and unixODBC for one server, and the environment that points to it. */
export interface FreeTds extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  /** Name of the server for `-S`, and of the ODBC data source. */
  readonly server: string;
  /** An ODBC connection string without a data source. */
  connectionString(login: { readonly user: string; readonly password: string; readonly database?: string }): string;
}

const driverFolders = [
  '/usr/lib/x86_64-linux-gnu/odbc',
  '/usr/lib/aarch64-linux-gnu/odbc',
  '/usr/lib64',
  '/usr/lib/odbc',
];

/** The path of FreeTDS's ODBC driver, where it is installed. */
export const freeTdsDriver = async (): Promise<string | undefined> => {
  for (const folder of driverFolders) {
    const names = await readdir(folder).catch((): string[] => []);
    if (names.includes('libtdsodbc.so')) return join(folder, 'libtdsodbc.so');
  }
  return undefined;
};

/** Writes the configuration for a server on loopback. The driver's path may be absent: then ODBC is not configured. */
export const configureFreeTds = async (
  port: number,
  encryption: Encryption,
  driver: string | undefined,
): Promise<FreeTds> => {
  const folder = await mkdtemp(join(tmpdir(), 'foreign-clients-'));
  const freetdsConf = join(folder, 'freetds.conf');
  await writeFile(
    freetdsConf,
    [
      '[practice]',
      '  host = 127.0.0.1',
      `  port = ${port}`,
      '  tds version = 7.3',
      '  client charset = UTF-8',
      `  encryption = ${encryption}`,
      '',
    ].join('\n'),
  );
  await writeFile(join(folder, 'odbcinst.ini'), ['[FreeTDS]', `Driver = ${driver ?? ''}`, ''].join('\n'));
  await writeFile(
    join(folder, 'odbc.ini'),
    ['[practice]', 'Driver = FreeTDS', 'Servername = practice', 'Database = sys2000', ''].join('\n'),
  );
  return {
    server: 'practice',
    env: {
      FREETDSCONF: freetdsConf,
      FREETDS: freetdsConf,
      ODBCSYSINI: folder,
      ODBCINI: join(folder, 'odbc.ini'),
      HOME: folder,
    },
    connectionString: ({ user, password, database = 'sys2000' }) =>
      `Driver=${driver ?? 'FreeTDS'};Server=127.0.0.1;Port=${port};Database=${database};UID=${user};PWD=${password};TDS_Version=7.3;ClientCharset=UTF-8;Encryption=${encryption}`,
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
    },
  };
};
