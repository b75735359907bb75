import { describe, expect, test } from 'vitest';

import { createPractice, open, rowsOf, runBatch, typeText } from './practice.fixture.ts';

const engine = createPractice();
const session = open(engine);

describe('queries', () => {
  test.each<[sql: string, rows: unknown[][]]>([
    ['select top 2 PatientCode from dbo.Patients order by PatientCode desc', [[5], [4]]],
    [
      'select top (2) p.patientcode as [Patient Code] from sys2000..PATIENTS p with (nolock, index(1)) order by 1',
      [[1], [2]],
    ],
    ["select patientcode from patients (nolock) where surname = 'Smith' order by patientcode", [[1], [3], [5]]],
    [
      "select patientcode from patients where surname = 'SMITH   '  order by patientcode option (maxdop 1, recompile, fast 5)",
      [[1], [3], [5]],
    ],
    ["select patientcode from patients where surname = ''", [[4]]],
    ["select patientcode from patients where forename = 'zoe'", []],
    ["select patientcode from patients where forename = 'ZOË'", [[3]]],
    ["select patientcode from patients where forename collate Latin1_General_CI_AI = 'zoe'", [[3]]],
    ["select patientcode from patients where forename collate Latin1_General_BIN = 'Bob'", []],
    ["select patientcode from patients where surname in ('smith', 'x') and [current] = 1 order by 1", [[1], [5]]],
    ['select patientcode from patients where patientcode not in (1, 2, null)', []],
    ['select patientcode from patients where patientcode between 2 and 3 or dob is null order by 1', [[2], [3]]],
    ["select patientcode from patients where dob < '19000101'", [[2]]],
    ["select patientcode from patients where patientcode = '3'", [[3]]],
    ["select distinct surname from patients where surname <> '' order by surname", [["O'Neil"], ['Smith']]],
    ['select count(*), count(forename), count(distinct surname) from patients', [[5, 4, 3]]],
    ['select surname, count(*) n from patients group by surname having count(*) > 1', [['Smith', 3]]],
    [
      'select sex, max(forename) m from patients where sex is not null group by sex order by sex',
      [
        ['F ', 'Zoë'],
        ['M ', 'Łukasz'],
      ],
    ],
    [
      'select p.patientcode, n.note from patients p left join notes n on n.patientcode = p.patientcode where p.patientcode in (1, 2) order by 1, n.noteid',
      [
        [1, 'first'],
        [1, 'second'],
        [2, null],
      ],
    ],
    [
      'select p.patientcode from notes n right outer join patients p on p.patientcode = n.patientcode where n.noteid is null order by 1',
      [[2], [3], [4]],
    ],
    ['select count(*) from patients a cross join patients b', [[25]]],
    ['select count(*) from patients a, notes b where a.patientcode = b.patientcode', [[3]]],
    [
      'select patientcode from patients p where exists (select 1 from notes n where n.patientcode = p.patientcode) order by 1',
      [[1], [5]],
    ],
    ['select patientcode from patients where patientcode in (select patientcode from notes) order by 1', [[1], [5]]],
    [
      'select (select max(noteid) from notes n where n.patientcode = p.patientcode) from patients p order by p.patientcode',
      [[2], [null], [null], [null], [3]],
    ],
    ['select patientcode from patients where patientcode >= all (select patientcode from patients)', [[5]]],
    ['select x from (select patientcode * 2 as x from patients) as d where x > 8', [[10]]],
    ['with a as (select patientcode k from patients), b (k2) as (select k + 1 from a) select max(k2) from b', [[6]]],
    [
      'select k from (select patientcode k, row_number() over (partition by sex order by patientcode desc) rn from patients) q where rn = 1 order by k',
      [[3], [4], [5]],
    ],
    ["select 1 union all select 1 union select '2' order by 1", [[1], [2]]],
    ["select 'a' union select 'A '", [['a']]],
    ['select patientcode from patients except select patientcode from notes order by 1', [[2], [3], [4]]],
    ['select patientcode from patients intersect select patientcode from notes order by 1', [[1], [5]]],
    [
      'select balance, big from patients p join notes n on n.noteid = 1 where p.patientcode = 5',
      [[9_000_000_000_000_000, 9223372036854775807n]],
    ],
    [
      "select case sex when 'f' then 1 when 'm' then 2 end from patients order by patientcode",
      [[1], [2], [1], [null], [2]],
    ],
    ["select name = forename, 'x' = 1 from patients where patientcode = 1", [['Ann', 1]]],
    ['select t.n from (values (1), (2)) as t (n) where n > 1', [[2]]],
    ['select count(*) from patients where 1 = 0', [[0]]],
    ['select max(patientcode) from patients where 1 = 0', [[null]]],
    ['select 1 from patients where 1 = 0 having count(*) = 0', [[1]]],
    ['select top 0 * from patients', []],
    ['(select 1)', [[1]]],
    ['select ((select 1) + 1)', [[2]]],
    ['select -- a comment\n /* another /* nested */ */ 1;;', [[1]]],
  ])('%s', (sql, rows) => {
    expect(rowsOf(session, sql)).toEqual(rows);
  });

  test.each<[sql: string, types: string[]]>([
    [
      "select 1, 2147483648, 1.50, 1e0, $1, 'abc', N'abc', '', 0xAB, null",
      [
        'int',
        'numeric(10,0)',
        'numeric(3,2)',
        'float',
        'money',
        'varchar(3)',
        'nvarchar(3)',
        'varchar(1)',
        'varbinary(1)',
        'int',
      ],
    ],
    [
      "select cast(1 as varchar), cast('a' as nvarchar(max)), convert(decimal(9,3), 1), cast(1 as char(5))",
      ['varchar(30)', 'nvarchar(max)', 'decimal(9,3)', 'char(5)'],
    ],
    [
      "select isnull(cast(null as varchar(3)), 'abcdef'), coalesce('a', N'abc'), coalesce(1, 2.5)",
      ['varchar(3)', 'nvarchar(3)', 'numeric(11,1)'],
    ],
    [
      'select count(*), count_big(*), sum(patientcode), avg(balance), row_number() over (order by patientcode) from patients group by patientcode',
      ['int', 'bigint', 'int', 'money', 'bigint'],
    ],
    [
      "select 1.0 / 3, 1.5 * 2.25, 10 / 4, 10 / 4.0, 'a' + N'b', 1 + 1.5",
      ['numeric(7,6)', 'numeric(6,3)', 'int', 'numeric(9,6)', 'nvarchar(2)', 'numeric(3,1)'],
    ],
    ['select * from notes', ['int', 'int', 'text', 'bigint', 'decimal(10,2)']],
    [
      "select len('a'), datalength('a'), substring('abcdef', 2, 3), left('abc', 2), getdate(), newid(), charindex('a', 'b')",
      ['int', 'int', 'varchar(3)', 'varchar(2)', 'datetime', 'uniqueidentifier', 'int'],
    ],
  ])('types of %s', (sql, types) => {
    expect(runBatch(session, sql).sets[0]?.columns.map(typeText)).toEqual(types);
  });

  test('columns say where they come from', () => {
    const [set] = runBatch(session, 'select NOTEID, n.Note t, 1 from notes n').sets;
    expect(set?.columns).toMatchObject([
      { name: 'NOTEID', nullable: false, identity: true, table: 'Notes' },
      { name: 't', nullable: true, table: 'Notes' },
      { name: '', nullable: false },
    ]);
  });

  test('a page is read along the key, not sorted', () => {
    const page = 'select top (@n) patientcode from patients where patientcode > @k order by patientcode';
    const parameters = [
      { name: '@n', type: { name: 'int' }, value: 2 },
      { name: '@K', type: { name: 'int' }, value: 2 },
    ] as const;
    expect(rowsOf(session, page, parameters)).toEqual([[3], [4]]);
  });

  test('rows are read lazily: stopping in the middle stops that statement alone', () => {
    const seen: unknown[] = [];
    for (const result of session.execute('select patientcode from patients order by 1; select 99', [])) {
      if (result.kind !== 'rows') continue;
      for (const [value] of result.rows) {
        seen.push(value);
        if (seen.length === 2) break;
      }
    }
    expect(seen).toEqual([1, 2, 99]);
  });
});
