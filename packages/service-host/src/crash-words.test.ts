import { describe, expect, test } from 'vitest';
import { createCrashWords } from './crash-words.ts';

const canary = 'Zuzanna Canary 1953-02-11';
const told = (text: string): string | null => {
  const words = createCrashWords();
  words.add(Buffer.from(text));
  return words.tell();
};

describe('last words', () => {
  test.each([
    [
      `file:///versions/1.0.0-01234567/agent/agent.mjs:12\n${canary}\n      ^\n\nTypeError: ${canary}\n    at f (file:///v/agent/agent.mjs:12:3)\n`,
      'TypeError at agent.mjs:12',
    ],
    [`node:internal/errors:1\n\nError [ERR_MODULE_NOT_FOUND]: Cannot find ${canary}\n`, 'Error ERR_MODULE_NOT_FOUND'],
    [`SyntaxError: ${canary}\n    at compile (agent\\agent.mjs:7)\n`, 'SyntaxError at agent.mjs:7'],
    [`Error: ${canary}\n    at x {\n  code: 'ENOSPC'\n}`, 'Error ENOSPC'],
    [
      `<--- Last few GCs --->\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n${canary}`,
      'out of memory: its heap is full',
    ],
    [canary, null],
    ['', null],
  ])('%#: class, code and place alone', (text, expected) => {
    expect(told(text)).toBe(expected);
    expect(told(text) ?? '').not.toContain('Canary');
  });

  test('are the end of what was written, however much that was', () => {
    const words = createCrashWords();
    for (let n = 0; n < 200; n++) words.add(Buffer.alloc(10_000, 'x'));
    words.add(Buffer.from('\nRangeError: too deep\n'));
    expect(words.tell()).toBe('RangeError');
  });
});
