import { execFile } from 'node:child_process';

/** Newest of those that speak to SQL Server 2008 R2 first; the last demands encryption and refuses TLS 1.0. */
export const driverOrder = [
  'SQL Server Native Client 11.0',
  'ODBC Driver 17 for SQL Server',
  'ODBC Driver 13.1 for SQL Server',
  'ODBC Driver 13 for SQL Server',
  'ODBC Driver 11 for SQL Server',
  'SQL Server Native Client 10.0',
  'FreeTDS',
  'SQL Server',
  'ODBC Driver 18 for SQL Server',
] as const;

const listMs = 5_000;
const registryKey = 'HKLM\\SOFTWARE\\ODBC\\ODBCINST.INI\\ODBC Drivers';

/** What lists the machine's ODBC drivers, and how a name stands in its output. */
const listing: Readonly<Record<string, { readonly program: string; readonly words: string[]; readonly name: RegExp }>> =
  {
    win32: { program: 'reg.exe', words: ['query', registryKey, '/reg:64'], name: /^\s+(.+?)\s+REG_SZ\s/ },
    linux: { program: 'odbcinst', words: ['-q', '-d'], name: /^\[(.+)\]$/ },
    darwin: { program: 'odbcinst', words: ['-q', '-d'], name: /^\[(.+)\]$/ },
  };

/**
 * The ODBC drivers for SQL Server on this machine, the best first. Where the system does not tell, all that there may be: one that
 * is not there says so at once when it is used.
 */
export async function installedDrivers(platform: NodeJS.Platform, signal: AbortSignal): Promise<readonly string[]> {
  const how = listing[platform];
  const output = how === undefined ? undefined : await outputOf(how, signal);
  signal.throwIfAborted();
  if (how === undefined || output === undefined) return driverOrder;
  return orderedDrivers(output.split(/\r?\n/).flatMap((line) => how.name.exec(line)?.[1] ?? []));
}

/** Those that can be used, in our order. */
export const orderedDrivers = (installed: readonly string[]): string[] =>
  driverOrder.filter((name) => installed.some((each) => each.toLowerCase() === name.toLowerCase()));

function outputOf(
  { program, words }: { readonly program: string; readonly words: string[] },
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, words, { timeout: listMs, windowsHide: true, signal }, (error, output) =>
      resolve(error === null ? output : undefined),
    );
  });
}
