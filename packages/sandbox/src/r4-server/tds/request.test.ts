import { describe, expect, test } from 'vitest';
import { createCodePages } from './code-page.ts';
import { createPreparedStatements } from './procedures.ts';
import { batchBody, HEADERS } from './raw-client.fixture.ts';
import { parseBatch, parseRpc, parseTransaction } from './request.ts';
import type { RpcCall, RpcParameter } from './request.ts';
import { negotiateVersion, V73B } from './tds-version.ts';

const context = { collation: 'SQL_Latin1_General_CP1_CI_AS', codePages: createCodePages() };
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >>> 8]);
const named = (name: string, status: number, ...value: number[]): Buffer =>
  Buffer.concat([Buffer.from([name.length]), utf16(name), Buffer.from([status, ...value])]);
const byName = (name: string): Buffer => Buffer.concat([u16(name.length), utf16(name), u16(0)]);
const INT_5 = [0x26, 4, 4, 5, 0, 0, 0];

test('a batch is its text, with headers from 7.2 on', () => {
  expect(parseBatch(batchBody('SELECT ‘é’'), V73B)).toBe('SELECT ‘é’');
  expect(parseBatch(utf16('SELECT 1'), negotiateVersion(0x71000001)!)).toBe('SELECT 1');
});

test('several calls in one request, by number and by name', () => {
  const payload = Buffer.concat([
    HEADERS,
    u16(0xffff),
    u16(15),
    u16(0),
    named('', 0, ...INT_5),
    Buffer.from([0xff]),
    byName('sp_reset_connection'),
    Buffer.from([0xff]),
    byName('dbo.thing'),
    named('@a', 1, 0x26, 4, 0),
  ]);
  expect(parseRpc(payload, V73B, context)).toEqual([
    { procedure: 'sp_unprepare', parameters: [{ name: '', output: false, type: { name: 'int' }, value: 5 }] },
    { procedure: 'sp_reset_connection', parameters: [] },
    { procedure: 'dbo.thing', parameters: [{ name: '@a', output: true, type: { name: 'int' }, value: null }] },
  ]);
});

test.each([
  ['a null without a type', [0x1f], { name: 'nvarchar', length: 1 }, null],
  ['a fixed int', [0x38, 0xff, 0xff, 0xff, 0xff], { name: 'int' }, -1],
  ['a tinyint sent for a bigint', [0x26, 8, 1, 200], { name: 'bigint' }, 200n],
  ['a legacy varchar', [0x27, 30, 2, 0x80, 0xe9], { name: 'varchar', length: 30 }, '€é'],
  ['a varchar with no collation', [0xa7, 10, 0, 0, 0, 0, 0, 0, 1, 0, 0x93], { name: 'varchar', length: 10 }, '“'],
  ['a Polish varchar', [0xa7, 10, 0, 0x15, 4, 0xd0, 0, 0, 1, 0, 0xa3], { name: 'varchar', length: 10 }, 'Ł'],
  [
    'parts of unknown total',
    [0xa5, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 7, 1, 0, 0, 0, 8, 0, 0, 0, 0],
    { name: 'varbinary', length: -1 },
    Uint8Array.of(7, 8),
  ],
  ['null text', [0x23, 0, 0, 0, 0, 9, 4, 0xd0, 0, 0x34, 0xff, 0xff, 0xff, 0xff], { name: 'text' }, null],
  [
    'a datetimeoffset, as its wall time',
    [0x2b, 0, 8, 0, 0, 0, 0x5b, 0x95, 0x0a, 60, 0],
    { name: 'datetime2', scale: 0 },
    Date.UTC(1900, 0, 1, 1),
  ],
  [
    'a wide decimal',
    [0x6a, 17, 38, 0, 17, 0, 1, ...Array.from({ length: 14 }, () => 0), 1],
    { name: 'decimal', precision: 38, scale: 0 },
    -(2n ** 120n + 1n),
  ],
])('a parameter: %s', (_, bytes, type, value) => {
  const [call] = parseRpc(Buffer.concat([HEADERS, byName('p'), named('', 0, ...bytes)]), V73B, context);
  expect(call?.parameters).toEqual([{ name: '', output: false, type, value }]);
});

test('transaction requests', () => {
  const parse = (...bytes: number[]) => parseTransaction(Buffer.concat([HEADERS, Buffer.from(bytes)]), V73B);
  expect(parse(5, 0, 2, 0)).toEqual({ kind: 'begin', name: '', beginAgain: false });
  expect(parse(7, 0, 0, 1, 2, 0)).toEqual({ kind: 'commit', name: '', beginAgain: true });
  expect(parse(8, 0, 0, 0)).toEqual({ kind: 'rollback', name: '', beginAgain: false });
  expect(parse(1, 0)).toBeUndefined();
});

describe('procedures', () => {
  const text = (value: string | null): RpcParameter => ({
    name: '',
    output: false,
    type: { name: 'nvarchar', length: 4000 },
    value,
  });
  const int = (value: number, name = '', output = false): RpcParameter => ({
    name,
    output,
    type: { name: 'int' },
    value,
  });
  const call = (procedure: string, ...parameters: RpcParameter[]): RpcCall => ({ procedure, parameters });

  test('positions and names meet the declaration', () => {
    const statements = createPreparedStatements();
    const declaration = text('@a int, @b int output');
    for (const step of [
      statements.plan(call('master.sys.[sp_executesql]', text('T'), declaration, int(1), int(2, '', true))),
      statements.plan(call('SP_EXECUTESQL', text('T'), declaration, int(2, '@B', true), int(1, '@A'))),
    ]) {
      expect(step).toMatchObject({
        kind: 'run',
        text: 'T',
        parameters: [
          { name: '@a', value: 1 },
          { name: '@b', value: 2, output: true },
        ],
      });
    }
    const refused = (...parameters: RpcParameter[]): unknown =>
      statements.plan(call('sp_executesql', text('T'), declaration, ...parameters));
    expect(() => refused(int(1))).toThrow(expect.objectContaining({ number: 8178 }));
    expect(() => refused(int(1), int(2), int(3))).toThrow(expect.objectContaining({ number: 8144 }));
    expect(() => refused(int(1, '@z'))).toThrow(expect.objectContaining({ number: 8145 }));
    expect(() => statements.plan(call('sp_executesql', int(1)))).toThrow(expect.objectContaining({ number: 214 }));
  });

  test('handles live from prepare to unprepare', () => {
    const statements = createPreparedStatements();
    expect(statements.plan(call('sp_prepare', int(0, '@handle', true), text('@k int'), text('T')))).toEqual({
      kind: 'prepared',
      handle: { ordinal: 0, name: '@handle', value: 1 },
    });
    expect(statements.plan(call('sp_prepexec', int(0, '', true), text(null), text('U')))).toMatchObject({
      kind: 'run',
      text: 'U',
      handle: { value: 2 },
    });
    expect(statements.plan(call('sp_execute', int(1), int(9)))).toMatchObject({
      kind: 'run',
      text: 'T',
      parameters: [{ name: '@k', value: 9 }],
    });
    expect(statements.plan(call('sp_unprepare', int(1)))).toEqual({ kind: 'unprepared' });
    expect(() => statements.plan(call('sp_execute', int(1), int(9)))).toThrow(
      'Could not find prepared statement with handle 1.',
    );
  });

  test('what is not there is refused by name', () => {
    const statements = createPreparedStatements();
    expect(() => statements.plan(call('sp_cursorfetch'))).toThrow(
      expect.objectContaining({
        number: 16_901,
        message: 'sp_cursorfetch: This feature has not been implemented yet.',
      }),
    );
    // The data half knows which other procedures there are.
    expect(statements.plan(call('xp_cmdshell'))).toMatchObject({ kind: 'run', text: 'EXEC xp_cmdshell ' });
    expect(() => statements.plan(call('xp_cmdshell DROP'))).toThrow(
      expect.objectContaining({ number: 2812, message: "Could not find stored procedure 'xp_cmdshell DROP'." }),
    );
  });
});
