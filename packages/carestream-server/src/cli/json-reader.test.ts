import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJson } from './json-reader.ts';

const seed = 20_261_122;

function accepts(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('agrees with JSON.parse', () => {
  test('on every JSON value, however it is laid out', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 1, 2, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const reading = readJson(text);
        expect(reading.outcome === 'read' && reading.document.value).toEqual(JSON.parse(text));
      }),
      { seed, numRuns: 500 },
    );
  });

  test('on texts that were damaged by a character', () => {
    const text = JSON.stringify(
      { licenceKey: 'abc\\d"e', times: { hourMs: 1.5e3, list: [true, null, -0.1] } },
      null,
      2,
    );
    fc.assert(
      fc.property(
        fc.nat(text.length),
        fc.nat(3),
        fc.constantFrom('', '{', '}', '"', '\\', ',', ':', '0', '-', 'e', '.', ' ', '\n', '\u0000', '[', 'u12', '//'),
        (at, cut, put) => {
          const damaged = text.slice(0, at) + put + text.slice(at + cut);
          expect(readJson(damaged).outcome === 'read', damaged).toBe(accepts(damaged));
        },
      ),
      { seed, numRuns: 3_000 },
    );
  });

  test('on any text at all', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'{}[]",:\\ \n\t0123456789.-+eEtruefalsn/u'.split('')) }),
        (text) => {
          expect(readJson(text).outcome === 'read', text).toBe(accepts(text));
        },
      ),
      { seed, numRuns: 3_000 },
    );
  });
});

test('tells where each field stands, and which stand twice', () => {
  const reading = readJson('{\r\n  "a": 1,\r\n  "b": { "c": 2,\n "c": 3 },\n  "a": [ { "d": 1 } ]\n}');
  if (reading.outcome !== 'read') throw new Error(reading.fault.mend);
  const { positions, repeated } = reading.document;
  expect(repeated).toEqual(['b.c', 'a']);
  expect(positions.get('b')).toEqual({ line: 3, column: 3 });
  expect(positions.get('b.c')).toEqual({ line: 4, column: 2 });
  expect(positions.get('a[0].d')).toEqual({ line: 5, column: 12 });
});

test('a field called __proto__ is only a field', () => {
  const reading = readJson('{"__proto__": {"polluted": 1}}');
  expect(reading.outcome === 'read' && Object.keys(reading.document.value as object)).toEqual(['__proto__']);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test.each([
  ['{"a": "C:\\Data"}', 1, 10, /backslash twice/],
  ['{"a": "C:\\users"}', 1, 10, /backslash twice/],
  ['{\n  "a": 1,\n}', 3, 1, /remove the comma/],
  ['{"a": [1,]}', 1, 10, /remove the comma/],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3, /comma is missing/],
  ['{"a" 1}', 1, 6, /colon is missing/],
  ['{a: 1}', 1, 2, /field name in double quotes/],
  ["{'a': 1}", 1, 2, /double quotes/],
  ['{“a”: 1}', 1, 2, /double quotes/],
  ['{"a": yes}', 1, 7, /double quotes/],
  ['{"a": "x\n"}', 1, 7, /not closed with "/],
  ['{"a": 1', 1, 1, /not closed with }/],
  ['{"a": [1', 1, 7, /not closed with ]/],
  ['{"a": 1} x', 1, 10, /nothing may follow/],
  ['{ // the key\n "a": 1}', 1, 3, /no comments/],
  ['', 1, 1, /ends here/],
  ['{"a": 01}', 1, 8, /comma is missing/],
  ['{"a": "\t"}', 1, 8, /tab/],
  ['['.repeat(100), 1, 66, /too deeply/],
])('%j: line %i, column %i, and what to do', (text, line, column, mend) => {
  const reading = readJson(text);
  if (reading.outcome === 'read') throw new Error('it was read');
  expect(reading.fault.position).toEqual({ line, column });
  expect(reading.fault.mend).toMatch(mend);
});
