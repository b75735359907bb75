import { describe, expect, test } from 'vitest';

import { createPractice, open, rowsOf, valueOf } from './practice.fixture.ts';

const engine = createPractice();
const sa = open(engine);
const reader = open(engine, 'reader');

describe('catalogue', () => {
  test('INFORMATION_SCHEMA tells tables, columns and keys', () => {
    expect(
      rowsOf(
        sa,
        "select TABLE_NAME, TABLE_TYPE from INFORMATION_SCHEMA.TABLES where TABLE_SCHEMA = 'DBO' order by TABLE_NAME",
      ),
    ).toEqual([
      ['Copies', 'BASE TABLE'],
      ['Notes', 'BASE TABLE'],
      ['Patients', 'BASE TABLE'],
      ['Secrets', 'BASE TABLE'],
      ['vwPatients', 'VIEW'],
    ]);
    expect(
      rowsOf(
        sa,
        "select column_name, is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale, datetime_precision from information_schema.columns where table_name = 'patients' order by ordinal_position",
      ),
    ).toEqual([
      ['PatientCode', 'NO', 'int', null, 10, 0, null],
      ['Forename', 'YES', 'varchar', 30, null, null, null],
      ['Surname', 'YES', 'varchar', 30, null, null, null],
      ['Sex', 'YES', 'char', 2, null, null, null],
      ['DOB', 'YES', 'datetime', null, null, null, 3],
      ['Balance', 'YES', 'money', null, 19, 4, null],
      ['Current', 'YES', 'bit', null, null, null, null],
    ]);
    expect(
      rowsOf(
        sa,
        "select k.COLUMN_NAME from INFORMATION_SCHEMA.TABLE_CONSTRAINTS c join INFORMATION_SCHEMA.KEY_COLUMN_USAGE k on k.CONSTRAINT_NAME = c.CONSTRAINT_NAME where c.CONSTRAINT_TYPE = 'PRIMARY KEY' and c.TABLE_NAME = 'Notes'",
      ),
    ).toEqual([['NoteId']]);
  });

  test('what a login may not read it does not see', () => {
    expect(valueOf(reader, "select count(*) from information_schema.tables where table_name = 'Secrets'")).toBe(0);
    expect(valueOf(reader, "select object_id('Secrets')")).toBeNull();
  });

  test('sys views', () => {
    expect(
      rowsOf(
        sa,
        "select c.name, t.name, c.max_length, c.is_identity from sys.columns c join sys.types t on t.user_type_id = c.user_type_id where c.object_id = object_id('dbo.Notes') order by c.column_id",
      ),
    ).toEqual([
      ['NoteId', 'int', 4, 1],
      ['PatientCode', 'int', 4, 0],
      ['Note', 'text', 16, 0],
      ['Big', 'bigint', 8, 0],
      ['Price', 'decimal', 9, 0],
    ]);
    expect(
      rowsOf(
        sa,
        "select i.name, c.name from sys.indexes i join sys.index_columns ic on ic.object_id = i.object_id and ic.index_id = i.index_id join sys.columns c on c.object_id = i.object_id and c.column_id = ic.column_id where i.object_id = object_id('Patients') order by i.index_id",
      ),
    ).toEqual([
      ['PK_Patients', 'PatientCode'],
      ['IX_Surname', 'Surname'],
    ]);
    expect(
      rowsOf(
        sa,
        "select name, compatibility_level, is_read_committed_snapshot_on, state_desc, user_access_desc, collation_name from sys.databases where name = 'SYS2000'",
      ),
    ).toEqual([['sys2000', 100, 0, 'ONLINE', 'MULTI_USER', 'SQL_Latin1_General_CP1_CI_AS']]);
    expect(valueOf(sa, "select count(*) from master..sysdatabases where name in ('sys2000', 'Tutor')")).toBe(2);
    expect(
      rowsOf(reader, 'select login_name, program_name from sys.dm_exec_sessions where session_id = @@spid'),
    ).toEqual([['reader', 'tests']]);
  });

  test.each<[user: 'sa' | 'reader', expression: string, value: unknown]>([
    ['sa', "serverproperty('ProductVersion')", '10.50.4000.0'],
    ['sa', "databasepropertyex('sys2000', 'Status')", 'ONLINE'],
    ['sa', 'left(@@version, 32)', 'Microsoft SQL Server 2008 R2 (SP'],
    ['sa', 'db_name()', 'sys2000'],
    ['sa', "db_id('nowhere')", null],
    ['sa', "object_name(object_id('[dbo].[Patients]'))", 'Patients'],
    ['sa', "object_id('vwPatients', 'U')", null],
    ['sa', "col_length('dbo.Patients', 'Surname')", 30],
    ['reader', 'suser_sname()', 'reader'],
    ['reader', 'user_name()', 'reader'],
    ['sa', 'current_user', 'dbo'],
    ['reader', 'app_name() + host_name()', 'testsbench'],
    ['sa', "is_srvrolemember('sysadmin')", 1],
    ['reader', "is_srvrolemember('sysadmin')", 0],
    ['reader', "is_member('db_datareader')", 1],
    ['reader', "is_member('db_datawriter')", 0],
    ['reader', "has_perms_by_name('dbo.Patients', 'OBJECT', 'SELECT')", 1],
    ['reader', "has_perms_by_name('dbo.Patients', 'OBJECT', 'UPDATE')", 0],
    ['reader', "has_perms_by_name(null, 'DATABASE', 'INSERT')", 0],
    ['reader', "has_perms_by_name(db_name(), 'DATABASE', 'SELECT')", 1],
    ['reader', "has_perms_by_name('dbo.Nope', 'OBJECT', 'SELECT')", null],
    ['reader', "has_dbaccess('sys2000')", 1],
    ['reader', "has_dbaccess('nowhere')", null],
  ])('%s: %s', (user, expression, value) => {
    expect(valueOf(user === 'sa' ? sa : reader, `select ${expression}`)).toEqual(value);
  });
});
