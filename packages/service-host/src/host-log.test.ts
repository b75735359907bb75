import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHostLog, type HostEvent } from './host-log.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'host-log-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));
const event: HostEvent = { event: 'promoted', version: '1.0.0', folder: '1.0.0-01234567' };

test('the log turns over and stays within its bounds', () => {
  const lines: string[] = [];
  const log = createHostLog(
    dataDir,
    { now: () => 0, tell: (line) => lines.push(line) },
    { fileBytes: 1_000, files: 3 },
  );
  for (let n = 0; n < 200; n++) log.write(event);
  expect(lines).toHaveLength(200);
  const files = readdirSync(path.join(dataDir, 'logs')).sort();
  expect(files).toEqual(['host.1.log', 'host.2.log', 'host.log']);
  for (const file of files) expect(statSync(path.join(dataDir, 'logs', file)).size).toBeLessThan(1_200);
  const last = readFileSync(path.join(dataDir, 'logs/host.log'), 'utf8').trim().split('\n').at(-1);
  expect(JSON.parse(last ?? '')).toEqual({ at: '1970-01-01T00:00:00.000Z', ...event });
});

test('a log that cannot be written disturbs nobody', () => {
  writeFileSync(path.join(dataDir, 'logs'), 'not a folder');
  const lines: string[] = [];
  createHostLog(dataDir, { now: () => 0, tell: (line) => lines.push(line) }).write(event);
  expect(lines).toHaveLength(1);
});
