import type { GrantAccount } from '../doctor/index.ts';
import { isLoopback, resolveDatabaseConfig, type DatabaseConfig } from '../practice/index.ts';

/** What a script that grants rights must know of a configuration. */
export interface DatabaseLogin {
  /** The SQL login; null for the Windows account of the process. */
  readonly user: string | null;
  readonly database: string;
  /** True where SQL Server is on another machine, to which a local account is the machine itself. */
  readonly remote: boolean;
  /** True where the server is searched. */
  readonly searched: boolean;
}

const defaultDatabase = 'sys2000';

/** Who reads which database, as the configuration has it. */
export function databaseLoginOf(config: DatabaseConfig | undefined): DatabaseLogin {
  const target = resolveDatabaseConfig(config ?? {});
  switch (target.driver) {
    case 'tedious':
      return { user: target.user, database: target.database, searched: false, remote: !target.loopback };
    case 'search':
      return {
        user: target.login === 'windows' ? null : target.login.user,
        database: target.database,
        searched: target.address === undefined,
        remote: target.address !== undefined && !isLoopback(target.address.server),
      };
    case 'odbc': {
      const { connectionString } = target;
      const trusted = /^(?:yes|true|1|sspi)$/i.test(keywordOf(connectionString, 'trusted_connection') ?? '');
      return {
        user: trusted ? null : (keywordOf(connectionString, 'uid|user id|user') ?? null),
        database: keywordOf(connectionString, 'database|initial catalog') ?? defaultDatabase,
        searched: false,
        remote: target.place !== undefined && !isLoopback(target.place.host),
      };
    }
  }
}

/** A process on Windows. */
export interface WindowsProcess {
  readonly username: string;
  readonly domain: string | undefined;
  readonly computer: string | undefined;
}

/** Accounts of the machine's own, of which another machine knows none. */
const ownAccounts: Readonly<Record<string, string>> = {
  SYSTEM: 'NT AUTHORITY\\SYSTEM',
  'NETWORK SERVICE': 'NT AUTHORITY\\NETWORK SERVICE',
  'LOCAL SERVICE': 'NT AUTHORITY\\LOCAL SERVICE',
  FLYNOTESAGENT: 'NT SERVICE\\FlynotesAgent',
};

/** The account of a process, as SQL Server knows it. */
export function accountOf({ user, remote }: DatabaseLogin, process: WindowsProcess): GrantAccount {
  if (user !== null) return { kind: 'sql', name: user };
  const own = ownAccounts[process.username.toUpperCase()];
  if (own !== undefined) {
    const machine = `${process.domain ?? 'DOMAIN'}\\${process.computer ?? 'COMPUTER'}$`;
    return { kind: 'windows', name: remote ? machine : own };
  }
  return { kind: 'windows', name: `${process.domain ?? 'DOMAIN'}\\${process.username}` };
}

/** A value of a connection string that has been checked before; values may stand in braces. */
function keywordOf(connectionString: string, keywords: string): string | undefined {
  const found = new RegExp(`(?:^|;)\\s*(?:${keywords})\\s*=\\s*(?:\\{((?:[^}]|\\}\\})*)\\}|([^;]*))`, 'i').exec(
    connectionString,
  );
  const value = found?.[1]?.replaceAll('}}', '}') ?? found?.[2]?.trim();
  return value === '' ? undefined : value;
}
