import { describe, expect, test } from 'vitest';

import { createPractice, open, rowsOf, runBatch } from './practice.fixture.ts';

const session = open(createPractice());
const bytes = (...values: number[]) => Uint8Array.from(values);

describe('functions', () => {
  test.each<[expression: string, value: unknown]>([
    ["len('ab  ')", 2],
    ["datalength(N'ab')", 4],
    ["upper('straße ä')", 'STRAßE Ä'],
    ["ltrim('  a ') + rtrim(' b  ') + '|'", 'a  b|'],
    ["left('abc', 2) + right('abc', 2)", 'abbc'],
    ["substring('hello', 0, 3)", 'he'],
    ['substring(0x010203, 2, 1)', bytes(2)],
    ["replace('Hello', 'L', '-')", 'He--o'],
    ["charindex('L', 'hello')", 3],
    ["charindex('l', 'hello', 4)", 4],
    ["patindex('%[0-9][0-9]%', 'ab12')", 3],
    ["patindex('b%', 'ab')", 0],
    ["stuff('abcdef', 2, 3, 'X')", 'aXef'],
    ["replicate('ab', 3)", 'ababab'],
    ["'[' + space(3) + ']'", '[   ]'],
    ["ascii('€')", 128],
    ['char(233)', 'é'],
    ["unicode(N'ł')", 322],
    ['nchar(322)', 'ł'],
    ["reverse('abc')", 'cba'],
    ['str(3.14159, 6, 2)', '  3.14'],
    ['str(123456, 3)', '***'],
    ["quotename('a]b')", '[a]]b]'],
    ["isnumeric('1e5') + isnumeric('$1,000') + isnumeric('x') + isnumeric('')", 2],
    ["isdate('2024-02-29') + isdate('2023-02-29') + isdate('x')", 1],
    ['abs(-5)', 5],
    ['round(123.456, 2)', 123460],
    ['round(-2.5, 0)', -30],
    ['round(1234, -2)', 1200],
    ['floor(-1.5)', -2],
    ['ceiling(1.2)', 2],
    ['-7 / 2', -3],
    ['-7 % 3', -1],
    ['7 & 3 | 8', 11],
    ["isnull(null, 'x')", 'x'],
    ['coalesce(null, 2, 3)', 2],
    ["nullif('a', 'A ')", null],
    ["'a' + null", null],
    ["dateadd(month, 1, '20240131')", Date.UTC(2024, 1, 29)],
    ["dateadd(ms, 5, '20240101')", Date.UTC(2024, 0, 1, 0, 0, 0, 7)],
    ["datediff(year, '20231231', '20240101')", 1],
    ["datediff(day, '2024-01-01T23:59:00', '20240102')", 1],
    ["datediff(week, '20240316', '20240317')", 1],
    ["datepart(dw, '20240317')", 1],
    ["datepart(week, '20240101')", 1],
    ["datepart(iso_week, '20210103')", 53],
    ["datename(month, '20240317') + datename(weekday, '20240317')", 'MarchSunday'],
    ["year('20240317') * 10000 + month('20240317') * 100 + day('20240317')", 20240317],
    ['getdate()', Date.UTC(2024, 2, 17, 14, 5, 6, 123)],
    ["hashbytes('MD5', 'abc')", Uint8Array.from(Buffer.from('900150983cd24fb0d6963f7d28e17f72', 'hex'))],
    ["hashbytes('SHA2_256', 'abc')", null],
    ["cast('  12 ' as int)", 12],
    ["cast('' as int)", 0],
    ['cast(1.9 as int)', 1],
    ['cast($1.5 as int)', 2],
    ['cast(12.345 as decimal(10, 2))', 1235],
    ["cast('true' as bit)", 1],
    ['cast(9.5 as varchar)', '9.5'],
    ['cast(123456 as varchar(3))', '*'],
    ['cast(cast(0.1 as float) as varchar)', '0.1'],
    ['cast(cast(1e10 as float) as varchar)', '1e+010'],
    ["cast('a' as char(3)) + '|'", 'a  |'],
    ['convert(varchar(20), $1234567.891, 1)', '1,234,567.89'],
    ['convert(varchar(20), $1.5, 2)', '1.5000'],
    ['convert(varbinary(4), 258)', bytes(0, 0, 1, 2)],
    ['convert(varchar(10), 0x616263)', 'abc'],
    ['convert(varchar(10), 0x0aff, 1)', '0x0AFF'],
    ["convert(varbinary(8), '0x0AFF', 1)", bytes(10, 255)],
    ['cast(0x00000005 as int)', 5],
    ["cast('6f9619ff-8b86-d011-b42d-00c04fc964ff' as uniqueidentifier)", '6F9619FF-8B86-D011-B42D-00C04FC964FF'],
    ['cast(0 as datetime)', Date.UTC(1900, 0, 1)],
    ["cast('20240101' as datetime) + 1.5", Date.UTC(2024, 0, 2, 12)],
    ["cast('2024-01-01T10:29:30' as smalldatetime)", Date.UTC(2024, 0, 1, 10, 30)],
    ["cast('23:59:59.9' as time(0))", 86_399_999],
    ["case when '1' = 1 then 'same' end", 'same'],
    ["case when 'b' > 'A' and 'É' > 'e' and '_' < '0' then 1 else 0 end", 1],
    ["case when 'abc' like 'A[^x]%' and 'a%b' like 'a!%b' escape '!' and 'a_b' like 'a[_]b' then 1 else 0 end", 1],
  ])('%s', (expression, value) => {
    expect(rowsOf(session, `select ${expression}`)).toEqual([[value]]);
  });

  test.each<[style: number, text: string]>([
    [0, 'Mar  7 2024  1:05PM'],
    [1, '03/07/24'],
    [3, '07/03/24'],
    [100, 'Mar  7 2024  1:05PM'],
    [101, '03/07/2024'],
    [102, '2024.03.07'],
    [103, '07/03/2024'],
    [104, '07.03.2024'],
    [105, '07-03-2024'],
    [106, '07 Mar 2024'],
    [107, 'Mar 07, 2024'],
    [108, '13:05:06'],
    [109, 'Mar  7 2024  1:05:06:127PM'],
    [110, '03-07-2024'],
    [111, '2024/03/07'],
    [112, '20240307'],
    [113, '07 Mar 2024 13:05:06:127'],
    [114, '13:05:06:127'],
    [120, '2024-03-07 13:05:06'],
    [121, '2024-03-07 13:05:06.127'],
    [126, '2024-03-07T13:05:06.127'],
    [127, '2024-03-07T13:05:06.127'],
  ])('style %i', (style, text) => {
    expect(
      rowsOf(session, `select convert(varchar(30), cast('2024-03-07T13:05:06.126' as datetime), ${style})`),
    ).toEqual([[text]]);
  });

  test('DATEFORMAT and LANGUAGE decide how a text is read', () => {
    const own = open(createPractice());
    expect(rowsOf(own, "select cast('03/04/2024' as datetime)")).toEqual([[Date.UTC(2024, 2, 4)]]);
    expect(
      rowsOf(
        own,
        "set dateformat dmy; select cast('03/04/2024' as datetime), cast('2024-03-04' as datetime), cast('20240304' as datetime)",
      ),
    ).toEqual([[Date.UTC(2024, 3, 3), Date.UTC(2024, 3, 3), Date.UTC(2024, 2, 4)]]);
    expect(rowsOf(own, "set language british; select @@language, cast('13/04/2024' as datetime)")).toEqual([
      ['British', Date.UTC(2024, 3, 13)],
    ]);
  });
});

describe('statements', () => {
  test('variables, IF, WHILE, PRINT', () => {
    const text = `declare @i int, @text varchar(10) = 'n'; set @i = 0
      while @i < 3 begin set @i += 1; if @i = 2 continue; print @text + cast(@i as varchar) end
      if @i = 3 select 'three' else select 'other'`;
    const outcome = runBatch(session, text);
    expect(outcome.messages).toEqual(['n1', 'n3']);
    expect(outcome.sets.map((set) => set.rows)).toEqual([[['three']]]);
  });

  test('SELECT @x = … keeps the last row', () => {
    expect(
      rowsOf(
        session,
        'declare @k int; select @k = patientcode from patients order by patientcode; select @k, @@rowcount',
      ),
    ).toEqual([[5, 5]]);
  });

  test('FMTONLY gives columns without rows', () => {
    const [set] = runBatch(session, 'set fmtonly on; select patientcode from patients; set fmtonly off').sets;
    expect([set?.columns.length, set?.rows.length]).toEqual([1, 0]);
  });

  test('what tedious and FreeTDS send on connecting', () => {
    const text = `set ansi_nulls on
set ansi_null_dflt_on on
set ansi_padding on
set ansi_warnings on
set arithabort on
set concat_null_yields_null on
set cursor_close_on_commit off
set datefirst 7
set dateformat mdy
set implicit_transactions off
set language us_english
set numeric_roundabort off
set quoted_identifier on
set textsize 2147483647
set transaction isolation level read committed
set xact_abort off`;
    expect(runBatch(session, text).counts).toHaveLength(16);
    expect(
      runBatch(session, 'declare @k int;set @k=@P1;select @k', [{ name: '@P1', type: { name: 'int' }, value: 4 }])
        .sets[0]?.rows,
    ).toEqual([[4]]);
  });

  test('output parameters', () => {
    const parameters = [{ name: '@n', type: { name: 'int' }, value: null, output: true }] as const;
    runBatch(session, 'select @n = count(*) from patients', parameters);
    expect([...session.outputs()]).toEqual([['@n', 5]]);
  });

  test('WAITFOR and USE are told to the wire', () => {
    const results = [...session.execute("waitfor delay '00:00:01.5'; use Tutor; use sys2000", [])];
    expect(results).toEqual([
      { kind: 'wait', waitMs: 1500 },
      { kind: 'database', name: 'Tutor', previous: 'sys2000' },
      { kind: 'database', name: 'sys2000', previous: 'Tutor' },
    ]);
  });
});
