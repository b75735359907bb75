import { expect, it } from 'vitest';
import { createLicenceKey, licenceKeyHash } from './licence-key.ts';

it('holds 256 random bits in letters that are not read for each other', () => {
  const keys = Array.from({ length: 50 }, createLicenceKey);
  expect(new Set(keys).size).toBe(50);
  for (const key of keys) expect(key).toMatch(/^fln_[0-9a-hjkmnp-tv-z]{52}$/);
  // 256 bits in 52 letters of five: the last letter holds one bit alone.
  expect(new Set(keys.map((key) => key.at(-1)))).toEqual(new Set(['0', 'g']));
});

it('is stored as a hash', () => {
  expect(licenceKeyHash('fln_x')).toMatch(/^[0-9a-f]{64}$/);
  expect(licenceKeyHash('fln_x')).not.toBe(licenceKeyHash('fln_y'));
});
