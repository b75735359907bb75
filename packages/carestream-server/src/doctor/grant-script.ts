import { schemaMap, type NeededGrants } from '../practice/index.ts';

/** Who is to be given the right to read. */
export type GrantAccount =
  /** `PRACTICE\flynotes`, `NT AUTHORITY\SYSTEM`. */
  { readonly kind: 'windows'; readonly name: string } | { readonly kind: 'sql'; readonly name: string };

/** What a script is made from. */
export interface GrantSubject {
  readonly database: string;
  /** As resolved; null where the catalogue could not be read. Then each table that bears one of the names we look for is granted. */
  readonly grants: NeededGrants | null;
  /** A new login beside the present one, which can do too much. */
  readonly ofItsOwn?: boolean;
}

const ownLogin = 'flynotes_reader';

/**
 * The T-SQL that gives an account the least that the agent needs: a login, a user, and SELECT on each table in use. Valid from SQL
 * Server 2008 on; nothing is denied, altered or taken away, and running it twice does no harm.
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
    // Where the database is not there, what follows runs in master.
    `IF DB_ID() = DB_ID(${text(subject.database)}) AND NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = ${text(who.name)})`,
    `  CREATE USER ${login} FOR LOGIN ${login};`,
    'GO',
    ...grantsOf(subject.grants, login),
    'GO',
  ].join('\n');
}

function grantsOf(grants: NeededGrants | null, login: string): string[] {
  if (grants === null)
    return grantsByName(
      Object.values(schemaMap).flatMap(({ tables }) => tables.flat()),
      login,
    );
  const named = grants.tables.map(({ schema, table }) => `${quoted(schema)}.${quoted(table)}`);
  return [
    ...[...new Set(named)].map((table) => `GRANT SELECT ON OBJECT::${table} TO ${login};`),
    // A right to the whole table leaves a denial of one column as it is.
    ...grants.columns.map(
      ({ schema, table, column }) =>
        `GRANT SELECT ON OBJECT::${quoted(schema)}.${quoted(table)} (${quoted(column)}) TO ${login};`,
    ),
    ...(grants.hidden.length === 0 ? [] : grantsByName(grants.hidden, login)),
  ];
}

/** The catalogue hides what may not be read, so the server itself must look which of the names are there, in whichever schema. It prints what it grants. */
function grantsByName(candidates: readonly string[], login: string): string[] {
  const names = new Set(candidates.map(folded));
  return [
    'DECLARE @grants nvarchar(max);',
    "SET @grants = N'';",
    `SELECT @grants = @grants + N'GRANT SELECT ON OBJECT::' + QUOTENAME(s.name) + N'.' + QUOTENAME(o.name) + ${text(` TO ${login};`)} + NCHAR(10)`,
    'FROM sys.objects AS o INNER JOIN sys.schemas AS s ON s.schema_id = o.schema_id',
    "WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND REPLACE(REPLACE(REPLACE(LOWER(o.name), N'_', N''), N'-', N''), N' ', N'') IN (",
    ...rowsOf([...names].map(text)),
    ');',
    'PRINT @grants;',
    'EXEC (@grants);',
  ];
}

/** Names are compared as the schema map compares them. */
const folded = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, '');

/** A list over several lines that a person can still read. */
function rowsOf(items: readonly string[]): string[] {
  const rows: string[] = [];
  for (let at = 0; at < items.length; at += 5) {
    const last = at + 5 >= items.length;
    rows.push(`  ${items.slice(at, at + 5).join(', ')}${last ? '' : ','}`);
  }
  return rows;
}

/** `]` inside a name is written twice. */
const quoted = (name: string): string => `[${name.replaceAll(']', ']]')}]`;
const text = (value: string): string => `N'${value.replaceAll("'", "''")}'`;
