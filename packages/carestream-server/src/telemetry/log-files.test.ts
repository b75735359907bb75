import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogFiles } from './log-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const all = (): string[] =>
  readdirSync(folder)
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean));

test('files follow one another by number, none much beyond its size, the oldest go', () => {
  const files = createLogFiles({ folder, sizeBytes: 1_000, files: 3 });
  for (let line = 0; line < 200; line++) expect(files.write(`line ${String(line).padStart(90)}`)).toBe(true);
  files.close();
  const names = readdirSync(folder).sort();
  expect(names).toHaveLength(3);
  expect(names[0]).toMatch(/^agent-\d{6}\.jsonl$/);
  for (const name of names) expect(readFileSync(join(folder, name)).length).toBeLessThanOrEqual(1_100);
  const lines = all();
  expect(lines.at(-1)).toContain('199');
  expect(new Set(lines).size).toBe(lines.length);
});

test('a new process goes on in the newest file, and strangers’ files are left alone', () => {
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  for (let run = 0; run < 3; run++) {
    const files = createLogFiles({ folder, sizeBytes: 1_000, files: 2 });
    files.write(`run ${run}`);
    files.close();
    expect(files.write('after the end')).toBe(false);
  }
  expect(readdirSync(folder).sort()).toEqual(['agent-000001.jsonl', 'notes.txt']);
  expect(readFileSync(join(folder, 'agent-000001.jsonl'), 'utf8')).toBe('run 0\nrun 1\nrun 2\n');
});

test('a folder that cannot be made never throws, and is used once it can', () => {
  const blocked = join(folder, 'logs');
  writeFileSync(blocked, 'a file in the way');
  const files = createLogFiles({ folder: blocked, sizeBytes: 1_000, files: 2 });
  expect(files.write('one')).toBe(false);
  rmSync(blocked);
  expect(files.write('two')).toBe(true);
  files.close();
  expect(readFileSync(join(blocked, 'agent-000001.jsonl'), 'utf8')).toBe('two\n');
});

test.runIf(process.platform === 'linux')('a full disk loses lines and says so', () => {
  // /dev/full refuses each write as a full disk does.
  symlinkSync('/dev/full', join(folder, 'agent-000001.jsonl'));
  const files = createLogFiles({ folder, sizeBytes: 1_000, files: 2 });
  expect(files.write('lost')).toBe(false);
  expect(files.write('lost too')).toBe(false);
  files.close();
});
