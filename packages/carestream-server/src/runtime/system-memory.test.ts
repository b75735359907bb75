import { expect, test } from 'vitest';
import { giveBackMemory } from './system-memory.ts';

test('what nobody holds any more is given back', () => {
  let pile: object[] = Array.from({ length: 400_000 }, (_, index) => ({ index, text: `text ${index}` }));
  expect(pile).toHaveLength(400_000);
  const before = process.memoryUsage().heapTotal;
  pile = [];
  giveBackMemory();
  expect(before - process.memoryUsage().heapTotal).toBeGreaterThan(15_000_000);
  expect(pile).toEqual([]);
});
