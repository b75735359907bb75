import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildServiceHost } from './service-host.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'host-build-'));
  await buildServiceHost(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(['supervisor', 'carestream-service'])('%s.mjs', (name) => {
  const source = () => readFileSync(path.join(folder, `${name}.mjs`), 'utf8');

  test('needs Node alone', () => {
    const imported = [...source().matchAll(/^\s*(?:import|export)\b[^;]*?from\s*["']([^"']+)["']/gm)].map(
      (found) => found[1],
    );
    expect(imported.length).toBeGreaterThan(3);
    expect(imported.filter((each) => !builtinModules.includes(each?.replace(/^node:/, '') ?? ''))).toEqual([]);
    expect(source()).not.toMatch(/\brequire\(|\bimport\(/);
  });

  test('runs, and says how it is called', () => {
    const { status, stderr } = spawnSync(process.execPath, [path.join(folder, `${name}.mjs`)], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain(name);
  });
});
