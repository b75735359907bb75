import { expect, test } from 'vitest';
import { localDateOf } from './local-date.ts';

test.each([
  ['2026-06-30T22:59:59Z', 'Europe/London', '2026-06-30'],
  ['2026-06-30T23:00:00Z', 'Europe/London', '2026-07-01'],
  ['2026-12-31T23:59:59Z', 'Europe/London', '2026-12-31'],
  ['2026-12-31T23:59:59Z', 'Pacific/Auckland', '2027-01-01'],
  ['2026-06-30T23:30:00Z', 'Europe/Londn', '2026-06-30'],
  ['2026-06-30T23:30:00Z', '', '2026-06-30'],
])('the date of %s in %j is %s', (instant, timeZone, date) => {
  expect(localDateOf(Date.parse(instant), timeZone)).toBe(date);
});
