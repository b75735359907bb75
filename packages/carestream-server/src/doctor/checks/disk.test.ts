import { expect, test } from 'vitest';
import { createDiskCheck } from './disk.ts';

const never = new AbortController().signal;
const mb = 1_048_576;

test.each([
  [5_000, true, 'pass', null],
  [5_000, false, 'pass', null],
  [300, true, 'warn', 'DISK_LOW'],
  [3, true, 'fail', 'DISK_FULL'],
])('%s MB free', async (freeMb, exists, status, code) => {
  const check = createDiskCheck({ lookAtFolder: async () => ({ exists, freeBytes: freeMb * mb, agentRuns: true }) });
  const finding = await check.run(never);
  expect(finding).toMatchObject({ status, code });
  expect(finding.found).toContain(`${freeMb} MB free`);
});
