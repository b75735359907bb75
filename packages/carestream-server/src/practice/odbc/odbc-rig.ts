import { spawnSync } from 'node:child_process';
import { loadInstalledDriver } from './native-driver.ts';

/** For tests: what is missing for ODBC over FreeTDS on this machine; undefined for nothing. */
export function odbcMissing(): string | undefined {
  const loaded = loadInstalledDriver();
  if ('fault' in loaded) return `msnodesqlv8 (${loaded.fault}); Debian’s libodbc2`;
  const drivers = spawnSync('odbcinst', ['-q', '-d'], { encoding: 'utf8' });
  return drivers.stdout?.includes('[FreeTDS]') ? undefined : 'the ODBC driver FreeTDS; Debian’s tdsodbc and odbcinst';
}

/** For tests: a simulator's connection string as FreeTDS over ODBC has it. */
export function freeTdsString(connectionString: string): string {
  return `Driver={FreeTDS};${connectionString
    .replace(/Server=([^,;]+),(\d+)/, 'Server=$1;Port=$2')
    .replace(/Encrypt=yes/, 'Encryption=require')
    .replace(/Encrypt=no/, 'Encryption=off')
    .replace(/;?TrustServerCertificate=\w+/, '')}`;
}
