import { expect, test } from 'vitest';
import type { SqlType, SqlValue } from '../engine.ts';
import { createByteWriter } from './byte-writer.ts';
import { createCodePages } from './code-page.ts';
import { createResultEncoder } from './result-set.ts';
import { V73B } from './tds-version.ts';
import { ValueMismatch } from './types/wire-type.ts';

const context = { version: V73B, collation: 'SQL_Latin1_General_CP1_CI_AS', codePages: createCodePages() };

function rowOf(type: SqlType, value: SqlValue, nullable = true): string {
  const out = createByteWriter(8);
  createResultEncoder([{ name: 'c', type, nullable }], context).writeRow(out, [value]);
  return out.buffer.toString('hex', 1, out.position);
}

test.each<[SqlType, SqlValue, string]>([
  [{ name: 'int' }, -2, '04feffffff'],
  [{ name: 'bigint' }, -4_294_967_297, '08fffffffffeffffff'],
  [{ name: 'money' }, 1, '080000000001000000'],
  [{ name: 'money' }, -1n, '08ffffffffffffffff'],
  [{ name: 'decimal', precision: 9, scale: 2 }, -12_345, '050039300000'],
  [{ name: 'decimal', precision: 10, scale: 0 }, null, '00'],
  [{ name: 'datetime' }, Date.UTC(1900, 0, 1, 0, 0, 1), '08000000002c010000'],
  [{ name: 'datetime' }, Date.UTC(1900, 0, 1, 23, 59, 59, 999), '080100000000000000'],
  [{ name: 'smalldatetime' }, Date.UTC(1900, 0, 2, 0, 1), '0401000100'],
  [{ name: 'date' }, Date.parse('0001-01-02T00:00:00Z'), '03010000'],
  [{ name: 'time', scale: 0 }, 61_000, '033d0000'],
  [{ name: 'uniqueidentifier' }, '6F9619FF-8B86-D011-B42D-00C04FC964FF', '10ff19966f868b11d0b42d00c04fc964ff'],
  [{ name: 'char', length: 3 }, 'é', '0300e92020'],
  [{ name: 'nvarchar', length: 3 }, 'é', '0200e900'],
  [{ name: 'varchar', length: -1 }, '', '000000000000000000000000'],
  [{ name: 'varchar', length: -1 }, 'a', '0100000000000000010000006100000000'],
  [{ name: 'varchar', length: -1 }, null, 'ffffffffffffffff'],
  [{ name: 'text' }, null, '00'],
  [{ name: 'varbinary', length: 3 }, null, 'ffff'],
])('%o %s is %s', (type, value, hex) => {
  expect(rowOf(type, value)).toBe(hex);
});

test.each<[SqlType, SqlValue]>([
  [{ name: 'int' }, 2_147_483_648],
  [{ name: 'int' }, '1'],
  [{ name: 'tinyint' }, -1],
  [{ name: 'bigint' }, 2 ** 60],
  [{ name: 'bigint' }, 9_223_372_036_854_775_808n],
  [{ name: 'float' }, Number.NaN],
  [{ name: 'smallmoney' }, 2_147_483_648],
  [{ name: 'decimal', precision: 4, scale: 2 }, 10_000],
  [{ name: 'decimal', precision: 38, scale: 0 }, 10n ** 38n],
  [{ name: 'varchar', length: 2 }, 'abc'],
  [{ name: 'datetime' }, Date.UTC(1752, 11, 31)],
  [{ name: 'time', scale: 3 }, 86_400_000],
  [{ name: 'uniqueidentifier' }, 'no'],
  [{ name: 'varbinary', length: 1 }, Uint8Array.of(1, 2)],
  [{ name: 'image' }, 'text'],
])('%o does not take %s, and leaves nothing of the row behind', (type, value) => {
  const out = createByteWriter(8);
  const encoder = createResultEncoder(
    [
      { name: 'a', type: { name: 'int' }, nullable: false },
      { name: 'c', type, nullable: true },
    ],
    context,
  );
  encoder.writeRow(out, [1, null]);
  const before = out.position;
  expect(() => encoder.writeRow(out, [2, value])).toThrow(ValueMismatch);
  expect(out.position).toBe(before);
});

test('a null where none may be, and a row too short, are mismatches', () => {
  expect(() => rowOf({ name: 'int' }, null, false)).toThrow(ValueMismatch);
  const encoder = createResultEncoder([{ name: 'a', type: { name: 'int' }, nullable: true }], context);
  expect(() => encoder.writeRow(createByteWriter(), [])).toThrow(ValueMismatch);
});

test('an unknown collation is refused rather than guessed', () => {
  expect(() => rowOf({ name: 'varchar', length: 1, collation: 'Klingon_CI_AS' }, 'x')).toThrow(
    "Invalid collation 'Klingon_CI_AS'.",
  );
});
