import { describe, expect, test } from 'vitest';
import { parseConnectionString } from './connection-string.ts';

const pairs = (text: string): unknown => {
  const parsed = parseConnectionString(text);
  return Array.isArray(parsed) ? Object.fromEntries(parsed.map(({ keyword, value }) => [keyword, value])) : parsed;
};

describe('connection strings', () => {
  test.each([
    ['Server=.;Database=sys2000;', { server: '.', database: 'sys2000' }],
    [' server = . ; Initial  Catalog = sys2000 ', { server: '.', 'initial catalog': 'sys2000' }],
    ['PWD={a;b=c}', { pwd: 'a;b=c' }],
    ['PWD={a}}b};UID=x', { pwd: 'a}b', uid: 'x' }],
    ['PWD={}};};UID=x', { pwd: '};', uid: 'x' }],
    ['PWD={};UID=x', { pwd: '', uid: 'x' }],
    ['PWD= { spaced } ;UID=x', { pwd: ' spaced ', uid: 'x' }],
    [`PWD="a;""b";UID='it''s'`, { pwd: 'a;"b', uid: "it's" }],
    ['PWD=a=b==;UID=x', { pwd: 'a=b==', uid: 'x' }],
    ['PWD=a{b}c', { pwd: 'a{b}c' }],
    ['Driver={SQL Server Native Client 9.0};server=.', { driver: 'SQL Server Native Client 9.0', server: '.' }],
    ['UID=first;uid=second', { uid: 'first' }],
    [';;Server=a;;', { server: 'a' }],
    ['UID=', { uid: '' }],
    ['', {}],
  ])('%s', (text, expected) => {
    expect(pairs(text)).toEqual(expected);
  });

  test.each([
    ['Server', { reason: 'equals-missing', position: 1 }],
    ['Server=a;Database', { reason: 'equals-missing', position: 10 }],
    ['=a', { reason: 'keyword-empty', position: 1 }],
    ['PWD={abc', { reason: 'brace-open', position: 5 }],
    ['PWD={abc}d;UID=x', { reason: 'text-after-brace', position: 10 }],
    ['PWD="abc', { reason: 'quote-open', position: 5 }],
  ])('%s is refused where it is wrong', (text, expected) => {
    expect(pairs(text)).toEqual(expected);
  });
});
