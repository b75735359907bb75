import type { GrantAccount } from '../doctor/index.ts';
import { resolveDatabaseConfig, type DatabaseConfig } from '../practice/index.ts';

/** What a script that grants rights must know of a configuration. */
export interface DatabaseLogin {
  /** The SQL login; null for the Windows account of the process. */
  readonly user: string | null;
  readonly database: string;
  /** True where the server is searched. */
  readonly searched: boolean;
}

const defaultDatabase = 'sys2000';

/** Who reads which database, as the configuration has it. */
export function databaseLoginOf(config: DatabaseConfig | undefined): DatabaseLogin {
  const target = resolveDatabaseConfig(config ?? {});
  switch (target.driver) {
    case 'tedious':
      return { user: target.user, database: target.database, searched: false };
    case 'search':
      return {
        user: target.login === 'windows' ? null : target.login.user,
        database: target.database,
        searched: target.address === undefined,
      };
    case 'odbc': {
      const { connectionString } = target;
      const trusted = /^(?:yes|true|1|sspi)$/i.test(keywordOf(connectionString, 'trusted_connection') ?? '');
      return {
        user: trusted ? null : (keywordOf(connectionString, 'uid|user id|user') ?? null),
        database: keywordOf(connectionString, 'database|initial catalog') ?? defaultDatabase,
        searched: false,
      };
    }
  }
}

/** The account of a process, as Windows writes it. */
export function accountOf(
  user: string | null,
  process: { readonly username: string; readonly domain: string | undefined },
): GrantAccount {
  if (user !== null) return { kind: 'sql', name: user };
  const name = process.username.toUpperCase();
  // Services run as these; SQL Server knows them by their full names.
  if (name === 'SYSTEM') return { kind: 'windows', name: 'NT AUTHORITY\\SYSTEM' };
  if (name === 'NETWORK SERVICE' || name === 'LOCAL SERVICE') return { kind: 'windows', name: `NT AUTHORITY\\${name}` };
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
