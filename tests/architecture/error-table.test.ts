import { globSync, readFileSync } from 'node:fs';
import { errorTable } from '@flynotes/carestream-server/api';
import { describe, expect, test } from 'vitest';

const sources = globSync('packages/{carestream-server,flynotes-server}/src/**/*.ts').filter(
  (file) => !file.endsWith('.test.ts') && !file.endsWith('contract/error-table.ts'),
);
const text = sources.map((file) => readFileSync(file, 'utf8')).join('\n');
const codes = Object.keys(errorTable);
const areas = [...new Set(codes.map((code) => code.split('_')[0]))];

describe('the error table', () => {
  test('has no ghosts: each code is used somewhere', () => {
    expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(text))).toEqual([]);
  });

  test('has no gaps: each thing that looks like a code of ours is in it', () => {
    const pattern = new RegExp(`'((?:${areas.join('|')})_[A-Z_]+)'`, 'g');
    const used = [...text.matchAll(pattern)]
      .map((match) => match[1] ?? '')
      .filter((code) => !code.startsWith('CARESTREAM_'));
    expect([...new Set(used)].filter((code) => !codes.includes(code))).toEqual([]);
  });

  test('says of each what happened and what to do, in sentences', () => {
    for (const [code, row] of Object.entries(errorTable)) {
      expect(row.happened, code).toMatch(/^[A-Z].*\.$/);
      expect(row.todo, code).toMatch(/^[A-Z].*\.$/);
    }
  });

  test('each code is named in some test', () => {
    const tests = globSync(['packages/*/src/**/*.test.ts', 'packages/*/src/**/*-cases.ts', 'tests/**/*.test.ts'])
      .filter((file) => !file.includes('architecture'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    expect(codes.filter((code) => !tests.includes(code))).toEqual([]);
  });
});
