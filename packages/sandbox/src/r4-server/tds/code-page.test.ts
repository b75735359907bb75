import { expect, test } from 'vitest';
import { createByteWriter } from './byte-writer.ts';
import { createCodePages, decodeCodePage, writeInCodePage } from './code-page.ts';
import { codePageOfBytes, collationByName } from './collation.ts';

const pages = createCodePages();

function encode(text: string, number: number): number[] {
  const out = createByteWriter(4);
  writeInCodePage(out, text, pages.get(number)!);
  return [...out.buffer.subarray(0, out.position)];
}

test.each([437, 850, 874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258])(
  'every byte of code page %i survives',
  (number) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const text = decodeCodePage(bytes, pages.get(number)!);
    expect(new Set(text).size).toBe(256);
    expect(encode(text, number)).toEqual([...bytes]);
  },
);

test('letters where Windows has them, and a question mark where it has none', () => {
  expect(encode('€“é”\u0081', 1252)).toEqual([0x80, 0x93, 0xe9, 0x94, 0x81]);
  expect(encode('Łódź', 1250)).toEqual([0xa3, 0xf3, 0x64, 0x9f]);
  expect(encode('Я', 1251)).toEqual([0xdf]);
  expect(encode('Ω', 1253)).toEqual([0xd9]);
  expect(encode('é', 850)).toEqual([0x82]);
  expect(encode('aŁ日😀z', 1252)).toEqual([0x61, 0x3f, 0x3f, 0x3f, 0x3f, 0x7a]);
  expect(pages.get(932)).toBeUndefined();
});

test.each([
  ['SQL_Latin1_General_CP1_CI_AS', '0904d00034', 1252],
  ['sql_latin1_general_cp1_cs_as', '0904c00033', 1252],
  ['Latin1_General_CI_AS', '0904d00000', 1252],
  ['Latin1_General_BIN', '0904000100', 1252],
  ['Latin1_General_BIN2', '0904000200', 1252],
  ['Latin1_General_100_CI_AI', '0904f02000', 1252],
  ['Latin1_General_CS_AS_KS_WS', '0904000000', 1252],
  ['Polish_CI_AS', '1504d00000', 1250],
  ['Cyrillic_General_CI_AS', '1904d00000', 1251],
  ['Greek_CI_AS', '0804d00000', 1253],
  ['SQL_Latin1_General_CP1250_CI_AS', '0904d00052', 1250],
  ['SQL_Latin1_General_CP850_CI_AS', '0904d0002a', 850],
])('collation %s is %s in code page %i', (name, bytes, number) => {
  const collation = collationByName(name, pages);
  expect(Buffer.from(collation!.bytes).toString('hex')).toBe(bytes);
  expect(collation!.codePage.number).toBe(number);
  expect(codePageOfBytes(collation!.bytes, pages)?.number).toBe(number);
});

test.each(['', 'Klingon_CI_AS', 'Latin1_General', 'SQL_Latin1_General_CP1', 'Japanese_CI_AS'])(
  '%s is no collation here',
  (name) => {
    expect(collationByName(name, pages)).toBeUndefined();
  },
);
