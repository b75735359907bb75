import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { asciiOnly } from './ascii-only.ts';

test.each([
  `'Zoë’s — 𝔘'`,
  '`Zoë ${1 + 1} 𝔘`',
  `'C:\\\\é'`,
  `/^[à-ÿ𝔘]+$/u.test('é𝔘')`,
  `/[‘’]/.test('’')`,
  `(() => { const größe = 3; return { größe }; })()`,
  `({ 'ключ': 1 })['ключ']`,
])('%s means the same', (program) => {
  const ascii = asciiOnly(program);
  expect(ascii).toMatch(/^[\x00-\x7F]*$/);
  expect(runInNewContext(ascii)).toEqual(runInNewContext(program));
});

test('where an escape would mean something else, nothing is built', () => {
  expect(() => asciiOnly(String.raw`/\é/`)).toThrow('U+e9');
});
