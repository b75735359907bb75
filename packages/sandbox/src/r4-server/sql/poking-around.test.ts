import { describe, expect, test } from 'vitest';

import { createPractice, errorOf, open, runBatch, typeText } from './practice.fixture.ts';

const engine = createPractice();
const session = open(engine);

const day = (text: string): number => Date.parse(`${text}Z`);

/** Expressions as someone types them at a prompt, with the type and the value that SQL Server 2008 R2 gives. */
const expressions: readonly (readonly [expression: string, type: string, value: unknown])[] = [
  // Whole numbers divide to whole numbers, towards zero; the remainder has the sign of what is divided.
  ['7/2', 'int', 3],
  ['-7/2', 'int', -3],
  ['-7%3', 'int', -1],
  // Precision and scale of results: p1-s1+s2+max(6, s1+p2+1), scale max(6, s1+p2+1), cut off, not rounded.
  ['10/3.0', 'numeric(9,6)', 3333333],
  ['1/3.0', 'numeric(8,6)', 333333],
  ['cast(1 as decimal(10,2))/3', 'numeric(14,6)', 333333],
  ['1.5*1.25', 'numeric(6,3)', 1875],
  ['2.0+3.25', 'numeric(4,2)', 525],
  ['cast(1.005 as decimal(10,2))', 'decimal(10,2)', 101],
  ['cast(-1.005 as decimal(10,2))', 'decimal(10,2)', -101],
  ['cast(2.5 as int)', 'int', 2],
  ['cast(-2.7 as int)', 'int', -2],
  ['round(2.5, 0)', 'numeric(2,1)', 30],
  ['round(123.456, -1)', 'numeric(6,3)', 120000],
  ['round(123.456, 1, 1)', 'numeric(6,3)', 123400],
  ["1 + '1'", 'int', 2],
  ["'1' + '1'", 'varchar(2)', '11'],
  ["isnull(cast(null as varchar(3)), 'abcdef')", 'varchar(3)', 'abc'],
  ["coalesce(cast(null as varchar(3)), 'abcdef')", 'varchar(6)', 'abcdef'],
  ["nullif('a', 'A')", 'varchar(1)', null],
  // Blanks at the end do not count for length or equality, but for LIKE's pattern.
  ["len('abc  ')", 'int', 3],
  ["datalength('abc  ')", 'int', 5],
  ["datalength(cast('a' as char(5)))", 'int', 5],
  ["case when 'a' = 'a  ' then 1 else 0 end", 'int', 1],
  ["case when 'a' like 'a ' then 1 else 0 end", 'int', 0],
  ["case when 'a ' like 'a' then 1 else 0 end", 'int', 1],
  ["case when '50%' like '50[%]' then 1 else 0 end", 'int', 1],
  ["case when 'a_b' like 'a!_b' escape '!' then 1 else 0 end", 'int', 1],
  ['case when null = null then 1 else 0 end', 'int', 0],
  // Unicode text compares by Windows' rules, other text under an SQL_ collation by SQL Server's own.
  ["case when N'ß' = N'ss' then 1 else 0 end", 'int', 1],
  ["case when 'ß' = 'ss' then 1 else 0 end", 'int', 0],
  ["case when N'æ' = N'AE' then 1 else 0 end", 'int', 1],
  ["case when N'co-op' < N'coop' then 1 else 0 end", 'int', 0],
  ["case when 'co-op' < 'coop' then 1 else 0 end", 'int', 1],
  ["case when N'co-op' = N'coop' then 1 else 0 end", 'int', 0],
  ["case when N'é' = N'e' then 1 else 0 end", 'int', 0],
  ["case when N'O''Neil' = 'o''neil' then 1 else 0 end", 'int', 1],
  ["case when N'Ελένη' = N'ΕΛΈΝΗ' then 1 else 0 end", 'int', 1],
  // Texts.
  ["substring('abcdef', 0, 3)", 'varchar(3)', 'ab'],
  ["substring('abcdef', -1, 3)", 'varchar(3)', 'a'],
  ["stuff('abcdef', 2, 3, 'XY')", 'varchar(8)', 'aXYef'],
  ["charindex('b', 'abcb', 3)", 'int', 4],
  ["patindex('%[0-9]%', 'ab3')", 'int', 3],
  ["replace('Hello', 'l', 'LL')", 'varchar(8000)', 'HeLLLLo'],
  ["quotename('a]b')", 'nvarchar(258)', '[a]]b]'],
  ['str(123.456, 8, 2)', 'varchar(8)', '  123.46'],
  ["ascii('€')", 'int', 128],
  ["unicode(N'€')", 'int', 8364],
  // Dates.
  ["datediff(year, '20231231', '20240101')", 'int', 1],
  ["datediff(day, '20240101 23:59', '20240102')", 'int', 1],
  ["datediff(week, '20240106', '20240107')", 'int', 1],
  ["datediff(hour, '20240101 00:59', '20240101 01:00')", 'int', 1],
  ["dateadd(month, 1, '20240131')", 'datetime', day('2024-02-29T00:00:00')],
  ["dateadd(year, -1, '20240229')", 'datetime', day('2023-02-28T00:00:00')],
  ["dateadd(dd, 1.9, '20240101')", 'datetime', day('2024-01-02T00:00:00')],
  ["datename(weekday, '20240229')", 'nvarchar(30)', 'Thursday'],
  ["datepart(iso_week, '20240101')", 'int', 1],
  ["convert(datetime, '29/02/2024', 103)", 'datetime', day('2024-02-29T00:00:00')],
  ["convert(varchar(10), cast('20240229' as datetime), 103)", 'varchar(10)', '29/02/2024'],
  ["convert(varchar(30), cast('20240229 15:04:05.677' as datetime), 121)", 'varchar(30)', '2024-02-29 15:04:05.677'],
  ["convert(varchar, cast('20240229 15:04:05' as datetime), 0)", 'varchar(30)', 'Feb 29 2024  3:04PM'],
  ["cast('2024-01-15 10:20:30.999' as datetime)", 'datetime', day('2024-01-15T10:20:31.000')],
  ["cast('' as datetime)", 'datetime', day('1900-01-01T00:00:00')],
  ['convert(datetime, 45000)', 'datetime', day('2023-03-17T00:00:00')],
  ["isdate('2024-01-15 10:20:30.1234')", 'int', 0],
  // Conversions.
  ['convert(varchar, cast(1234567.891 as money), 1)', 'varchar(30)', '1,234,567.89'],
  ['cast(cast(1234567.891 as float) as varchar(30))', 'varchar(30)', '1.23457e+006'],
  ["convert(varchar(34), hashbytes('MD5', 'abc'), 1)", 'varchar(34)', '0x900150983CD24FB0D6963F7D28E17F72'],
  ["hashbytes('SHA2_256', 'abc')", 'varbinary(8000)', null],
  ["isnumeric('-')", 'int', 1],
  ["isnumeric('1e5')", 'int', 1],
  ["cast('true' as bit)", 'bit', 1],
  ['cast(0x01020304 as int)', 'int', 16909060],
];

describe('an expression at a prompt', () => {
  test.each(expressions)('%s is %s', (expression, type, value) => {
    const [set] = runBatch(session, `select ${expression}`).sets;
    expect(set?.rows).toEqual([[value]]);
    expect(set?.columns.map(typeText)).toEqual([type]);
  });
});

/** Statements with the rows of their last result set. */
const statements: readonly (readonly [sql: string, rows: readonly unknown[][]])[] = [
  [
    'with p as (select patientcode, row_number() over (order by patientcode) as rn from patients) select patientcode from p where rn between 2 and 3 order by rn',
    [[2], [3]],
  ],
  ['select avg(x), sum(x) from (select 1 x union all select 2 union all select 2) t', [[1, 5]]],
  [
    'select count(*) from patients p where not exists (select * from notes n where n.patientcode = p.patientcode)',
    [[3]],
  ],
  [
    'select patientcode from patients where patientcode not in (select patientcode from notes) order by 1',
    [[2], [3], [4]],
  ],
  ['select patientcode from patients where 1 not in (select big from notes)', []],
  [
    "select case sex when 'M' then 'Male' when 'F' then 'Female' end s, count(*) from patients group by case sex when 'M' then 'Male' when 'F' then 'Female' end order by s",
    [
      [null, 1],
      ['Female', 2],
      ['Male', 2],
    ],
  ],
  [
    'select year(dob) + 1 from patients where dob is not null group by year(dob) order by 1',
    [[1900], [1946], [1981], [2002]],
  ],
  ['select 1 as a union select 2 union all select 2 order by a desc', [[2], [2], [1]]],
  ["select sex from patients intersect select 'M' except select 'F'", [['M ']]],
  ['declare @i int = 5; set @i += 3; select @i = @i * 2; select @i', [[16]]],
  ['declare @i int set @i = 0 while @i < 3 begin set @i = @i + 1 if @i = 2 continue select @i end', [[3]]],
  ["if exists (select 1 from patients where patientcode = 99) select 'yes' else select 'no'", [['no']]],
  [
    "select n from (values (N'Oakley'), (N'O''Brien'), (N'OBrien'), (N'Olsen')) v(n) order by n",
    [['Oakley'], ['OBrien'], ["O'Brien"], ['Olsen']],
  ],
  ['set quoted_identifier off select "hello" set quoted_identifier on', [['hello']]],
  ['set quoted_identifier, ansi_nulls off select "it\'s" set quoted_identifier on', [["it's"]]],
  ['select "Forename" from "Patients" where PatientCode = 1 -- said /* so */\n/* a /* nested */ comment */', [['Ann']]],
  [
    "select name, precision from sys.columns where object_id = object_id('Notes') and [precision] > 0 and name like 'P%' order by name",
    [
      ['PatientCode', 10],
      ['Price', 10],
    ],
  ],
  ['select count(*) from sys2000.dbo.patients p join sys2000..notes n on p.patientcode = n.patientcode', [[3]]],
];

describe('a statement at a prompt', () => {
  test.each(statements)('%s', (sql, rows) => {
    expect(runBatch(session, sql).sets.at(-1)?.rows).toEqual(rows);
  });
});

/** What SQL Server 2008 R2 refuses, and what this simulator refuses by name. */
const refusals: readonly (readonly [sql: string, error: RegExp])[] = [
  ["select 'a' + 1", /^245 .*'a'/],
  ['select 1/0', /^8134 /],
  ['select 2147483647 + 1', /^8115 /],
  ['select cast(300 as tinyint)', /^220 /],
  ["select convert(datetime, '29/02/2024')", /^242 /],
  ["select cast('2024-01-15 10:20:30.1234567' as datetime)", /^241 /],
  ["select substring('abc', 1, -1)", /^537 /],
  ['select coalesce(null, null)', /^4127 /],
  ['select forename from patients group by sex', /^8120 /],
  ['select distinct surname from patients order by forename', /^145 /],
  ['select y from (select patientcode y from patients order by 1) x', /^1033 /],
  ["select 1 as a union select 'x'", /^245 /],
  ['select 1 as a union select 2 order by b', /^104 /],
  ['select patientcode from patients p, notes n', /^209 /],
  ['select q.surname from patients p', /^4104 /],
  ['select sum([current]) from patients', /^8117 .*sum/],
  ["select * from notes where note = 'x'", /^402 /],
  ['select distinct note from notes', /^421 /],
  ['select len(note) from notes', /^8116 /],
  ['select top (@n) surname from patients', /^137 /],
  ['select * from nope..patients', /^208 /],
  ['select nope(1)', /^195 /],
  ['select dbo.nope(1)', /^4121 /],
  ["select concat('a', 'b')", /^195 'CONCAT'/],
  ['select iif(1 = 1, 2, 3)', /^102 .*'='/],
  ["select try_convert(int, 'x')", /^195 'TRY_CONVERT'/],
  ['select eomonth(getdate())', /^195 'EOMONTH'/],
  ['select surname from patients order by surname offset 0 rows', /^102 .*'offset'/i],
  ['select sum(patientcode) over (order by patientcode) from patients', /^102 .*'order'/],
  ['select top 5 with ties surname from patients order by surname', /^102 'TOP WITH TIES'/],
  ['select rand()', /^102 'RAND'/],
  ['select * from patients p cross apply (select 1 x) y', /^102 'CROSS APPLY'/],
  ["select surname from patients for xml path('')", /^102 'FOR XML'/],
  ['GO', /^2812 .*'GO'/],
];

describe('a refusal', () => {
  test.each(refusals)('%s', (sql, error) => {
    expect(errorOf(session, sql)).toMatch(error);
  });
});
