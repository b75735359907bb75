import { describe, expect, test } from 'vitest';
import { schemaMap, type NeededGrants } from '../practice/index.ts';
import { grantScript, type GrantAccount, type GrantSubject } from './grant-script.ts';

/** A name in brackets, as `QUOTENAME` writes it. */
const name = String.raw`\[(?:[^\]]|\]\])+\]`;
const text = String.raw`N'(?:[^']|'')*'`;
const grant = String.raw`GRANT SELECT ON OBJECT::${name}\.${name}(?: \(${name}\))? TO ${name};`;

/**
 * The grammar of SQL Server 2008 for all that may stand in a script: nothing that came later (ALTER ROLE ADD MEMBER, CREATE OR
 * ALTER, DROP IF EXISTS, IIF, THROW), nothing that changes data or a table, nothing that takes away.
 * @see https://learn.microsoft.com/previous-versions/sql/sql-server-2008/ms173463(v=sql.100)
 */
const grammar: readonly RegExp[] = [
  /^--/,
  /^GO$/,
  new RegExp(`^USE (?:master|${name});$`),
  new RegExp(`^IF NOT EXISTS \\(SELECT 1 FROM sys\\.server_principals WHERE name = ${text}\\)$`),
  new RegExp(
    `^IF DB_ID\\(\\) = DB_ID\\(${text}\\) AND NOT EXISTS \\(SELECT 1 FROM sys\\.database_principals WHERE name = ${text}\\)$`,
  ),
  new RegExp(`^  CREATE LOGIN ${name} FROM WINDOWS WITH DEFAULT_DATABASE = ${name};$`),
  new RegExp(`^  CREATE LOGIN ${name} WITH PASSWORD = ${text}, CHECK_EXPIRATION = OFF, DEFAULT_DATABASE = ${name};$`),
  new RegExp(`^  CREATE USER ${name} FOR LOGIN ${name};$`),
  new RegExp(`^${grant}$`),
  /^DECLARE @grants nvarchar\(max\);$/,
  /^SET @grants = N'';$/,
  new RegExp(
    `^SELECT @grants = @grants \\+ N'GRANT SELECT ON OBJECT::' \\+ QUOTENAME\\(s\\.name\\) \\+ N'\\.' \\+ QUOTENAME\\(o\\.name\\) \\+ ${text} \\+ NCHAR\\(10\\)$`,
  ),
  /^FROM sys\.objects AS o INNER JOIN sys\.schemas AS s ON s\.schema_id = o\.schema_id$/,
  /^WHERE o\.type IN \('U', 'V'\) AND o\.is_ms_shipped = 0 AND REPLACE\(REPLACE\(REPLACE\(LOWER\(o\.name\), N'_', N''\), N'-', N''\), N' ', N''\) IN \($/,
  new RegExp(`^  ${text}(?:, ${text})*,?$`),
  /^\);$/,
  /^PRINT @grants;$/,
  /^EXEC \(@grants\);$/,
];

const windows: GrantAccount = { kind: 'windows', name: String.raw`PRACTICE\flynotes` };
const sql: GrantAccount = { kind: 'sql', name: 'flynotes_reader' };
const known: NeededGrants = {
  tables: [
    { schema: 'dbo', table: 'Patients' },
    { schema: "o'wner", table: 'Odd]Name' },
  ],
  columns: [{ schema: 'dbo', table: 'Patients', column: 'E]Mail' }],
  hidden: [],
};
const withHidden: NeededGrants = { ...known, hidden: ['Patient_Alerts'] };

const scripts: [string, GrantAccount, GrantSubject][] = [
  ['a Windows account, schema known', windows, { database: 'sys2000', grants: known }],
  ['a SQL login, schema known', sql, { database: 'sys2000', grants: withHidden }],
  ['a Windows account, schema unknown', windows, { database: 'NG_R4_sys2000', grants: null }],
  ['names with brackets and quotes', { kind: 'sql', name: "o'b]x" }, { database: 'a]b', grants: null }],
];

describe.each(scripts)('the script for %s', (_, account, subject) => {
  const script = grantScript(account, subject);

  test('is T-SQL of 2008, each line of it', () => {
    for (const line of script.split('\n'))
      expect(
        grammar.some((rule) => rule.test(line)),
        line,
      ).toBe(true);
  });

  test('grants the right to read and nothing else', () => {
    const rights = [...script.matchAll(/\bGRANT\s+(\w+)/g)].map(([, right]) => right);
    expect(rights.length).toBeGreaterThan(0);
    expect(new Set(rights)).toEqual(new Set(['SELECT']));
    expect(script).not.toMatch(/\b(?:DENY|REVOKE|ALTER|DROP|INSERT|UPDATE|DELETE|db_owner|db_datareader)\b/i);
  });
});

describe('what a script grants', () => {
  test('the tables in use, where they are known', () => {
    const script = grantScript(windows, { database: 'sys2000', grants: withHidden });
    expect(script.split('\n').filter((line) => line.startsWith('GRANT'))).toEqual([
      String.raw`GRANT SELECT ON OBJECT::[dbo].[Patients] TO [PRACTICE\flynotes];`,
      String.raw`GRANT SELECT ON OBJECT::[o'wner].[Odd]]Name] TO [PRACTICE\flynotes];`,
      String.raw`GRANT SELECT ON OBJECT::[dbo].[Patients] ([E]]Mail]) TO [PRACTICE\flynotes];`,
    ]);
    // Nobody here knows the schema of what the catalogue hides: the server looks for the name in all of them.
    expect(script).toContain("\n  N'patientalerts'\n);");
    expect(script).toContain('QUOTENAME(s.name)');
    expect(script).toContain(String.raw`CREATE LOGIN [PRACTICE\flynotes] FROM WINDOWS`);
  });

  test('each table under one of the names, where nothing could be read', () => {
    const script = grantScript({ kind: 'sql', name: "o'b]x" }, { database: 'sys2000', grants: null });
    const names = new Set([...script.matchAll(/N'([a-z]{3,})'/g)].map(([, found]) => found));
    for (const { tables } of Object.values(schemaMap)) {
      for (const table of tables.flat()) expect(names).toContain(table.toLowerCase());
    }
    // The account's name stands inside a text of the script: brackets first, quotes second.
    expect(script).toContain("N' TO [o''b]]x];'");
    expect(script).not.toMatch(/^GRANT/m);
  });

  test('a login of its own beside one that can do too much', () => {
    const script = grantScript({ kind: 'sql', name: 'sa' }, { database: 'sys2000', grants: known, ofItsOwn: true });
    expect(script).toContain('CREATE LOGIN [flynotes_reader] WITH PASSWORD');
    expect(script).not.toContain('[sa]');
  });
});
