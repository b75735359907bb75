import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { hostUpdateCases } from './update-cases.ts';

const root = path.resolve(import.meta.dirname, '../../..');

test.each(hostUpdateCases)('$name has a test', ({ name, test: file }) => {
  const source = readFileSync(path.join(root, file), 'utf8');
  // Called with its name, or with a row's of a table that has it.
  expect([source.includes(`'${name}'`), source.includes('titleOf(')]).toEqual([true, true]);
});

test('no case is listed twice', () => {
  expect(new Set(hostUpdateCases.map(({ name }) => name)).size).toBe(hostUpdateCases.length);
});
