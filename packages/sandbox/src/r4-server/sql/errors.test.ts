import { describe, expect, test } from 'vitest';

import { SqlServerError } from '../engine.ts';
import { createPractice, errorOf, open, runBatch } from './practice.fixture.ts';

const engine = createPractice();
const session = open(engine);

describe('errors of a batch', () => {
  test.each<[sql: string, error: string]>([
    ['select * from nope', "208 Invalid object name 'nope'."],
    ['select * from nowhere.dbo.patients', "208 Invalid object name 'nowhere.dbo.patients'."],
    ['select nope from patients', "207 Invalid column name 'nope'."],
    ['select p.nope from patients p', "207 Invalid column name 'nope'."],
    ['select x.patientcode from patients p', '4104 The multi-part identifier "x.patientcode" could not be bound.'],
    [
      'select patients.patientcode from patients p',
      '4104 The multi-part identifier "patients.patientcode" could not be bound.',
    ],
    ['select patientcode from patients a join notes b on 1 = 1', "209 Ambiguous column name 'patientcode'."],
    ['select Current from patients', "156 Incorrect syntax near the keyword 'Current'."],
    ['select patientcode frm patients', "102 Incorrect syntax near 'patients'."],
    [
      'select * from patients order by patientcode offset 5 rows fetch next 5 rows only',
      "102 Incorrect syntax near 'offset'.",
    ],
    ["select concat('a', 'b')", "195 'CONCAT' is not a recognized built-in function name."],
    ["select string_agg(forename, ',') from patients", "195 'STRING_AGG' is not a recognized built-in function name."],
    ["select format(getdate(), 'd')", "195 'FORMAT' is not a recognized built-in function name."],
    ["select trim(' a ')", "195 'TRIM' is not a recognized built-in function name."],
    ['select iif(1 = 1, 2, 3)', "102 Incorrect syntax near '='."],
    ["select try_convert(int, '1')", "195 'TRY_CONVERT' is not a recognized built-in function name."],
    ["select try_cast('1' as int)", "156 Incorrect syntax near the keyword 'as'."],
    ["select * from string_split('a,b', ',')", "208 Invalid object name 'string_split'."],
    ["select soundex('a')", "102 'SOUNDEX' is not supported by this simulator."],
    ['select top 1 * from patients for xml auto', "102 'FOR XML' is not supported by this simulator."],
    ['select * from patients p cross apply (select 1 x) y', "102 'CROSS APPLY' is not supported by this simulator."],
    ['merge patients using notes on 1 = 1', "102 'MERGE' is not supported by this simulator."],
    ['create table t (a int)', "102 'CREATE' is not supported by this simulator."],
    ['select * into x from patients', "102 'SELECT INTO' is not supported by this simulator."],
    ["select 'abc", "105 Unclosed quotation mark after the character string 'abc'."],
    ['select 1 /* never closed', "113 Missing end comment mark '*/'."],
    ['select @x', '137 Must declare the scalar variable "@x".'],
    [
      'declare @x int, @X int',
      "134 The variable name '@X' has already been declared. Variable names must be unique within a query batch or stored procedure.",
    ],
    ['use nowhere', "911 Database 'nowhere' does not exist. Make sure that the name is entered correctly."],
    ['exec sp_nothing 1', "2812 Could not find stored procedure 'sp_nothing'."],
    ['select 1 / 0', '8134 Divide by zero error encountered.'],
    ['select 2147483647 + 1', '8115 Arithmetic overflow error converting expression to data type int.'],
    ["select cast('x' as int)", "245 Conversion failed when converting the varchar value 'x' to data type int."],
    ["select cast('1.5' as int)", "245 Conversion failed when converting the varchar value '1.5' to data type int."],
    [
      "select * from patients where patientcode = 'abc'",
      "245 Conversion failed when converting the varchar value 'abc' to data type int.",
    ],
    [
      "select cast('99999999999' as int)",
      "248 The conversion of the varchar value '99999999999' overflowed an int column.",
    ],
    ["select cast('x' as decimal(5,2))", '8114 Error converting data type varchar to numeric.'],
    ['select cast(1234.5 as decimal(5,2))', '8115 Arithmetic overflow error converting numeric to data type numeric.'],
    ['select cast(300 as tinyint)', '220 Arithmetic overflow error for data type tinyint, value = 300.'],
    [
      "select cast('soon' as datetime)",
      '241 Conversion failed when converting date and/or time from character string.',
    ],
    [
      "select cast('20240230' as datetime)",
      '242 The conversion of a varchar data type to a datetime data type resulted in an out-of-range value.',
    ],
    [
      "select cast('x' as uniqueidentifier)",
      '8169 Conversion failed when converting from a character string to uniqueidentifier.',
    ],
    [
      'select patientcode, count(*) from patients',
      "8120 Column 'patients.PatientCode' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.".replace(
        'patients.patientcode',
        'patients.PatientCode',
      ),
    ],
    [
      'select * from patients where count(*) > 1',
      '147 An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.',
    ],
    ['select sum(forename) from patients', '8117 Operand data type varchar is invalid for sum operator.'],
    [
      'select (select patientcode from patients)',
      '512 Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.',
    ],
    [
      'select patientcode from patients where patientcode in (select 1, 2)',
      '116 Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.',
    ],
    [
      'select 1 union select 1, 2',
      '205 All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.',
    ],
    ['select x from (select 1) t', "8155 No column name was specified for column 1 of 't'."],
    [
      'select * from (select patientcode from patients order by 1) t',
      '1033 The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP or FOR XML is also specified.',
    ],
    [
      'select patientcode from patients order by 2',
      '108 The ORDER BY position number 2 is out of range of the number of items in the select list.',
    ],
    [
      "select * from notes where note = 'x'",
      '402 The data types text and varchar are incompatible in the equal to operator.',
    ],
    ['select left(forename) from patients', '174 The left function requires 2 argument(s).'],
    ['select @x = 1, 2 from patients', '137 Must declare the scalar variable "@x".'],
    ['commit', '3902 The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.'],
    ["raiserror('went %s %d', 16, 1, 'wrong', 5)", '50000 went wrong 5'],
  ])('%s', (sql, error) => {
    expect(errorOf(session, sql)).toBe(error);
  });

  test('an error knows its line', () => {
    try {
      runBatch(session, 'select 1\n\nselect nope\nfrom patients');
      expect.unreachable();
    } catch (error) {
      expect((error as SqlServerError).lineNumber).toBe(3);
    }
  });

  test('a batch with a wrong column does nothing at all', () => {
    const own = open(engine);
    expect(
      errorOf(own, "update patients set forename = 'changed' where patientcode = 1; select nope from patients"),
    ).toMatch(/^207/);
    expect(runBatch(own, 'select forename from patients where patientcode = 1').sets[0]?.rows).toEqual([['Ann']]);
  });
});

describe('logins and rights', () => {
  test.each<[user: string, password: string, database: string, number: number]>([
    ['nobody', 'x', '', 18456],
    ['sa', 'wrong', '', 18456],
    ['locked', 'locked-password', '', 18470],
    ['sa', 'sa-password', 'nowhere', 4060],
    ['guest', 'guest-password', 'sys2000', 4060],
  ])('%s with %s into "%s"', (user, password, database, number) => {
    const attempt = () => engine.login({ user, password, database, applicationName: '', hostName: '' });
    expect(attempt).toThrow(expect.objectContaining({ number }));
  });

  test.each<[user: string, sql: string, error: string]>([
    [
      'reader',
      'select * from secrets',
      "229 The SELECT permission was denied on the object 'Secrets', database 'sys2000', schema 'dbo'.",
    ],
    [
      'reader',
      'delete from patients',
      "229 The DELETE permission was denied on the object 'Patients', database 'sys2000', schema 'dbo'.",
    ],
    [
      'reader',
      'insert patients (patientcode) values (1)',
      "229 The INSERT permission was denied on the object 'Patients', database 'sys2000', schema 'dbo'.",
    ],
    ...['select dob from patients', 'select * from patients', 'select 1 from patients as p where p.dob is null'].map(
      (sql): [user: string, sql: string, error: string] => [
        'partial',
        sql,
        "230 The SELECT permission was denied on the column 'DOB' of the object 'Patients', database 'sys2000', schema 'dbo'.",
      ],
    ),
    [
      'guest',
      'use sys2000',
      '916 The server principal "guest" is not able to access the database "sys2000" under the current security context.',
    ],
    [
      'guest',
      'select * from sys2000.dbo.patients',
      '916 The server principal "guest" is not able to access the database "sys2000" under the current security context.',
    ],
  ])('%s: %s', (user, sql, error) => {
    expect(errorOf(open(engine, user), sql)).toBe(error);
  });

  test('a column that may not be read leaves the others', () => {
    const partial = open(engine, 'partial');
    expect(() => runBatch(partial, 'select patientcode, surname from patients where patientcode = 1')).not.toThrow();
  });
});
