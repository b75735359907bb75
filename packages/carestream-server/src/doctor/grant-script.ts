import { schemaMap, type PracticeSchema } from '../practice/index.ts';

/** Who is to be given the right to read. */
export type GrantAccount =
  /** `PRACTICE\flynotes`, `NT AUTHORITY\SYSTEM`. */
  { readonly kind: 'windows'; readonly name: string } | { readonly kind: 'sql'; readonly name: string };

/** What a script is made from. */
export interface GrantSubject {
  readonly database: string;
  /** As resolved; null where the catalogue could not be read. Then each table that may be used is granted if it is there. */
  readonly schema: Pick<PracticeSchema, 'entities'> | null;
  /** Tables that are known to be needed, though the catalogue hides them. */
  readonly denied?: readonly string[];
  /** A new login beside the present one, which can do too much. */
  readonly ofItsOwn?: boolean;
}

const ownLogin = 'flynotes_reader';

/**
 * The T-SQL that gives an account the least that the agent needs: a login, a user, and SELECT on each table in use. Valid from SQL
 * Server 2005 on; nothing is denied, altered or taken away, and running it twice does no harm.
 */
export function grantScript(account: GrantAccount, subject: GrantSubject): string {
  const who: GrantAccount =
    subject.ofItsOwn === true && account.kind === 'sql' ? { kind: 'sql', name: ownLogin } : account;
  const login = quoted(who.name);
  const database = quoted(subject.database);
  const creates =
    who.kind === 'windows'
      ? `CREATE LOGIN ${login} FROM WINDOWS WITH DEFAULT_DATABASE = ${database};`
      : `CREATE LOGIN ${login} WITH PASSWORD = N'CHANGE-this-to-a-long-password-1', CHECK_EXPIRATION = OFF, DEFAULT_DATABASE = ${database};`;
  return [
    '-- Run this as an administrator of the SQL Server, for instance in SQL Server Management Studio.',
    'USE master;',
    'GO',
    `IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = ${text(who.name)})`,
    `  ${creates}`,
    'GO',
    `USE ${database};`,
    'GO',
    `IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = ${text(who.name)})`,
    `  CREATE USER ${login} FOR LOGIN ${login};`,
    'GO',
    ...grantsOf(subject).map(({ table, certain }) =>
      certain
        ? `GRANT SELECT ON OBJECT::${table} TO ${login};`
        : `IF OBJECT_ID(${text(table)}) IS NOT NULL GRANT SELECT ON OBJECT::${table} TO ${login};`,
    ),
    'GO',
  ].join('\n');
}

function grantsOf({ schema, denied = [] }: GrantSubject): { readonly table: string; readonly certain: boolean }[] {
  const of = (table: string, owner = 'dbo'): string => `${quoted(owner)}.${quoted(table)}`;
  if (schema === null) {
    const candidates = Object.values(schemaMap).flatMap(({ tables }) => tables.flat());
    return [...new Set(candidates.map((table) => of(table)))].map((table) => ({ table, certain: false }));
  }
  const used = Object.values(schema.entities).map((entity) => of(entity.table, entity.schema));
  return [
    ...[...new Set(used)].map((table) => ({ table, certain: true })),
    ...denied.map((table) => ({ table: of(table), certain: false })),
  ];
}

/** `]` inside a name is written twice. */
const quoted = (name: string): string => `[${name.replaceAll(']', ']]')}]`;
const text = (value: string): string => `N'${value.replaceAll("'", "''")}'`;
