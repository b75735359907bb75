import { describe, expect, test } from 'vitest';

import { createPractice, errorOf, open, rowsOf, runBatch } from './practice.fixture.ts';

const engine = createPractice();
const session = open(engine);

describe('catalogue procedures', () => {
  test.each<[sql: string, rows: unknown[][]]>([
    [
      "exec sp_tables @table_type = '''TABLE'''",
      ['Copies', 'Notes', 'Patients', 'Secrets'].map((name) => ['sys2000', 'dbo', name, 'TABLE', null]),
    ],
    ["sp_tables 'vw%'", [['sys2000', 'dbo', 'vwPatients', 'VIEW', null]]],
    ["sp_tables 'vw%', @fUsePattern = 0", []],
    [
      "sp_tables '', '', '%'",
      ['master', 'msdb', 'sys2000', 'tempdb', 'Tutor'].map((name) => [name, null, null, null, null]),
    ],
    ["sp_tables '', '', '', '%'", ['SYSTEM TABLE', 'TABLE', 'VIEW'].map((name) => [null, null, null, name, null])],
    ['exec sp_pkeys Patients', [['sys2000', 'dbo', 'Patients', 'PatientCode', 1, 'PK_Patients']]],
    ['exec sp_pkeys Secrets', []],
    [
      "exec sp_statistics 'Patients'",
      [
        ['sys2000', 'dbo', 'Patients', null, null, null, 0, null, null, null, 5, null, null],
        ['sys2000', 'dbo', 'Patients', 0, 'Patients', 'PK_Patients', 1, 1, 'PatientCode', 'A', null, null, null],
        ['sys2000', 'dbo', 'Patients', 1, 'Patients', 'IX_Surname', 3, 1, 'Surname', 'A', null, null, null],
      ],
    ],
    ['exec sp_server_info 12', [[12, 'MAX_OWNER_NAME_LENGTH', '128']]],
  ])('%s', (sql, rows) => {
    expect(rowsOf(session, sql)).toEqual(rows);
  });

  test('sp_columns tells types as ODBC knows them', () => {
    const columns = rowsOf(session, "exec sp_columns 'Notes'").map((row) => [
      row[3],
      row[4],
      row[5],
      row[6],
      row[7],
      row[8],
      row[10],
      row[18],
    ]);
    expect(columns).toEqual([
      ['NoteId', 4, 'int identity', 10, 4, 0, 0, 56],
      ['PatientCode', 4, 'int', 10, 4, 0, 0, 56],
      ['Note', -1, 'text', 2147483647, 2147483647, null, 1, 35],
      ['Big', -5, 'bigint', 19, 8, 0, 1, 108],
      ['Price', 3, 'decimal', 10, 12, 2, 1, 106],
    ]);
    const dates = (version: number) =>
      rowsOf(session, `exec sp_columns Patients, @column_name = 'DOB', @ODBCVer = ${version}`).map((row) => [
        row[4],
        row[13],
        row[14],
      ]);
    expect(dates(2)).toEqual([[11, 9, 3]]);
    expect(dates(3)).toEqual([[93, 9, 3]]);
  });

  test('rows alone come back: no counts of what went on inside', () => {
    const outcome = runBatch(session, "exec sp_tables 'Notes'");
    expect(outcome.counts).toEqual([]);
    expect(outcome.sets.length).toBe(1);
  });

  test.each<[sql: string, error: string]>([
    ['exec sp_nope', "2812 Could not find stored procedure 'sp_nope'."],
    [
      "exec sp_describe_first_result_set N'select 1'",
      "2812 Could not find stored procedure 'sp_describe_first_result_set'.",
    ],
    ["exec sp_spaceused 'Patients'", "102 'sp_spaceused' is not supported by this simulator."],
    [
      'exec sp_columns',
      "201 Procedure or function 'sp_columns' expects parameter '@table_name', which was not supplied.",
    ],
    ['exec sp_pkeys a, b, sys2000, d', '8144 Procedure or function sp_pkeys has too many arguments specified.'],
    ["exec sp_pkeys @table = 'a'", '8145 @table is not a parameter for procedure sp_pkeys.'],
    ["exec sp_pkeys @table_name = 'a', @table_name = 'b'", "8143 Parameter '@table_name' was supplied multiple times."],
    [
      'exec sp_columns Patients, dbo, Tutor',
      '15250 The database name component of the object qualifier must be the name of the current database.',
    ],
    ['sp_help Nope', "15009 The object 'Nope' does not exist in database 'sys2000' or is invalid for this operation."],
  ])('%s', (sql, error) => {
    expect(errorOf(session, sql)).toBe(error);
  });
});

describe('dynamic text', () => {
  test.each<[sql: string, rows: unknown[][]]>([
    ["exec sp_executesql N'select forename from patients where patientcode = @p', N'@p int', @p = 1", [['Ann']]],
    ["exec sp_executesql N'select @a, @b', N'@a int, @b varchar(3)', 7, 'abcdef'", [[7, 'abc']]],
    ["exec sp_executesql @params = N'@p int', @stmt = N'select @p', @p = 3", [[3]]],
    ["declare @s nvarchar(50) set @s = N'select 5' exec sp_executesql @s", [[5]]],
    [
      "declare @n int, @rc int exec @rc = sp_executesql N'select @c = count(*) from patients', N'@c int output', @c = @n output select @n, @rc",
      [[5, 0]],
    ],
    ["declare @n int exec sp_executesql N'set @c = 9', N'@c int output', @n select @n", [[null]]],
    ["declare @t varchar(20) set @t = 'patients' exec ('select count(*) from ' + @t)", [[5]]],
    ["exec ('use Tutor') select db_name()", [['sys2000']]],
    ["exec ('set rowcount 1') select count(*) from (select patientcode from patients) x", [[5]]],
    ["exec ('exec (''select @@nestlevel'')')", [[2]]],
    ["declare @a int set @a = 1 exec ('declare @a int set @a = 2') select @a", [[1]]],
  ])('%s', (sql, rows) => {
    expect(rowsOf(session, sql)).toEqual(rows);
  });

  test.each<[sql: string, error: string]>([
    ["exec sp_executesql 'select 1'", "214 Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'."],
    [
      "exec sp_executesql N'select @p', N'@p int'",
      "8178 The parameterized query '(@p)select @p' expects the parameter '@p', which was not supplied.",
    ],
    ["declare @a int exec ('select @a')", '137 Must declare the scalar variable "@a".'],
    ["exec ('selec 1')", "2812 Could not find stored procedure 'selec'."],
    ['exec @rc = sp_help', '137 Must declare the scalar variable "@rc".'],
    [
      'raiserror(99999, 16, 1)',
      '18054 Error 99999, severity 16, state 1 was raised, but no message with that error number was found in sys.messages. If error is larger than 50000, make sure the user-defined message is added using sp_addmessage.',
    ],
  ])('%s', (sql, error) => {
    expect(errorOf(session, sql)).toBe(error);
  });

  test('a text that calls itself for ever ends', () => {
    let text = 'select 1';
    for (let depth = 0; depth < 4; depth++) text = `exec (${"'" + text.replaceAll("'", "''") + "'"})`;
    expect(rowsOf(session, text)).toEqual([[1]]);
    expect(rowsOf(session, 'select @@nestlevel')).toEqual([[0]]);
  });
});

describe('transactions', () => {
  test('only the outermost one is announced', () => {
    const kinds = [...session.execute('begin tran begin tran commit commit begin tran begin tran rollback', [])].map(
      (result) => (result.kind === 'transaction' ? result.change : result.kind),
    );
    expect(kinds).toEqual(['begin', 'done', 'done', 'commit', 'begin', 'done', 'rollback']);
  });
});

describe('rights and counts', () => {
  const reader = open(engine, 'reader');
  const permissions = (user: typeof session, text: string) =>
    rowsOf(user, `select permission_name from ${text}`).map(([name]) => name);

  test('fn_my_permissions', () => {
    expect(permissions(reader, "fn_my_permissions(null, 'DATABASE')")).toEqual(['CONNECT', 'SELECT']);
    expect(
      permissions(reader, "sys.fn_my_permissions(N'dbo.Patients', 'OBJECT') p where p.subentity_name = ''"),
    ).toEqual(['SELECT']);
    expect(permissions(reader, "fn_my_permissions('nope', 'OBJECT')")).toEqual([]);
    expect(permissions(session, "fn_my_permissions(null, 'DATABASE')")).toContain('UPDATE');
    expect(errorOf(reader, 'select * from fn_my_permissions(null)')).toMatch(/^313 /);
    expect(errorOf(reader, "declare @t sysname select * from fn_my_permissions(@t, 'OBJECT')")).toMatch(/^102 /);
  });

  test('row counts without counting', () => {
    const bySysindexes = "select i.rows from sysindexes i where i.id = object_id('Patients') and i.indid < 2";
    expect(rowsOf(reader, bySysindexes)).toEqual([[5]]);
    expect(
      rowsOf(
        session,
        "select row_count from sys.dm_db_partition_stats where object_id = object_id('Patients') and index_id = 1",
      ),
    ).toEqual([[5]]);
  });

  test('server and database state ask for a right', () => {
    expect(errorOf(reader, 'select * from sys.dm_exec_connections')).toBe(
      "300 VIEW SERVER STATE permission was denied on object 'server', database 'master'.",
    );
    expect(errorOf(reader, 'select * from sys.dm_db_partition_stats')).toBe(
      "262 VIEW DATABASE STATE permission denied in database 'sys2000'.",
    );
    expect(rowsOf(session, 'select encrypt_option from sys.dm_exec_connections where session_id = @@spid')).toEqual([
      ['FALSE'],
    ]);
    expect(rowsOf(reader, 'select session_id - @@spid from sys.dm_exec_requests')).toEqual([[0]]);
  });
});
