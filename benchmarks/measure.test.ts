import { describe, expect, it } from 'vitest';
import type { Benchmark } from './benchmark.ts';
import { alternate, median } from './measure.ts';
import { renderJson, renderTable } from './table.ts';

const silent = (): void => undefined;

describe('median', () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %d', (values, expected) => expect(median(values)).toBe(expected));

  it('of nothing does not exist', () => expect(() => median([])).toThrow(RangeError));
});

describe('alternate', () => {
  it('warms both sides up, then changes who goes first', async () => {
    const order: string[] = [];
    const side = (name: string, value: number) => () => {
      order.push(name);
      return Promise.resolve(value);
    };
    const pairs = await alternate({ first: side('a', 10), second: side('b', 20) }, 3, silent);
    expect(order.join('')).toBe('ababbaab');
    expect(pairs).toEqual({ ratio: 0.5, first: 10, second: 20, count: 3 });
  });

  it('compares within pairs, so that a machine that slows down favours neither side', async () => {
    let speed = 100;
    const slowing = (share: number) => () => Promise.resolve((speed *= 0.999) * share);
    const { ratio } = await alternate({ first: slowing(0.8), second: slowing(1) }, 5, silent);
    expect(ratio).toBeCloseTo(0.8, 2);
  });
});

describe('results', () => {
  const benchmark: Benchmark = {
    title: 'something against nothing',
    figures: [
      { name: 'ratio', bound: 'at-least', value: 0.7 },
      { name: 'bytes', bound: 'at-most', value: 2000 },
    ],
    run: () => Promise.reject(new Error('not run here')),
  };
  const measured = (ratio: number, bytes: number) => [
    {
      key: 'P9',
      benchmark,
      outcome: {
        figures: { ratio, bytes },
        legs: [{ name: 'something', value: 123_456.7, unit: 'rows/s' }],
        method: '5 pairs',
      },
    },
  ];

  it('are a table with the absolute sides under the ratio', () => {
    const table = renderTable(measured(0.834, 2500));
    expect(table).toMatch(/P9 +ratio +0\.834 +≥ 0\.7 +reached/);
    expect(table).toMatch(/bytes +2,500 +≤ 2,000 +missed/);
    expect(table).toContain('123,457 rows/s');
  });

  it('are one JSON object on one line', () => {
    const line = renderJson(measured(0.5, 1));
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      P9: { ratio: 0.5, bytes: 1, reached: false, legs: { 'something (rows/s)': 123_500 } },
    });
  });
});
