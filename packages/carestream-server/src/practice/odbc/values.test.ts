import { expect, test } from 'vitest';
import { valueReaderOf } from './values.ts';

test.each([
  ['int', '7', 7],
  ['int identity', '7', 7],
  ['decimal() identity', '7', 7],
  ['money', '-0.0001', -0.0001],
  ['float', 1.5, 1.5],
  ['bigint', '9223372036854775807', '9223372036854775807'],
  ['bigint identity', 5, '5'],
  ['bit', true, true],
  ['uniqueidentifier', '6f9619ff-8b86-d011-b42d-00c04fc964ff', '6F9619FF-8B86-D011-B42D-00C04FC964FF'],
  ['time', new Date('2026-05-05T23:59:59.999Z'), new Date('1970-01-01T23:59:59.999Z')],
  ['time', new Date('1899-12-30T01:00:00Z'), new Date('1970-01-01T01:00:00Z')],
  ['datetime', new Date('2024-03-31T02:30:00Z'), new Date('2024-03-31T02:30:00Z')],
  // What CP1252 does not define is visible; Unicode columns are left alone.
  ['varchar', 'a\u0081b\u0080', 'a\ufffdb\u0080'],
  ['nvarchar', 'a\u0081', 'a\u0081'],
  ['text', 'Zoë’s', 'Zoë’s'],
])('%s %o', (type, value, expected) => {
  expect(valueReaderOf(type)(value)).toEqual(expected);
  expect(valueReaderOf(type)(null)).toBeNull();
  expect(valueReaderOf(type)(undefined)).toBeNull();
});
