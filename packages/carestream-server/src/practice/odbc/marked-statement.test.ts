import { expect, test } from 'vitest';
import { markParameters, wholeAnswer } from './marked-statement.ts';

const end = '\nSELECT ?;';

test.each([
  ['SELECT 1;', {}, 'SELECT 1;', []],
  ['WHERE a > @after AND b > @after;', { after: 7 }, 'WHERE a > ? AND b > ?;', [7, 7]],
  ['a = @code OR b = @codes', { code: 1, codes: 2 }, 'a = ? OR b = ?', [1, 2]],
  // Names and texts are none of ours, whatever they hold.
  [
    "SELECT [@code?], [x]]@code], 'it''s @code', \"@code\" WHERE @code = 1",
    { code: 3 },
    "SELECT [@code?], [x]]@code], 'it''s @code', \"@code\" WHERE ? = 1",
    [3],
  ],
  ['SELECT @@VERSION, @unknown, @constructor', { version: 3 }, 'SELECT @@VERSION, @unknown, @constructor', []],
])('%s', (text, parameters, marked, values) => {
  expect(markParameters(text, parameters as Readonly<Record<string, number>>)).toEqual({
    text: marked + end,
    values: [...values, 1],
  });
});

test('an answer is whole when its end mark stands', () => {
  expect(wholeAnswer([[['a']], [], [[1]]])).toEqual([[['a']], []]);
  expect(wholeAnswer([[[1]]])).toEqual([]);
  for (const sets of [[], [[]], [[[2]]], [[[1], [1]]], [[[1, 1]]], [[[1]], []]])
    expect(wholeAnswer(sets)).toBeUndefined();
});
