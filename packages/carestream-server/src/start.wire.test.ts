import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start, version } from '@flynotes/carestream-server';
import { createR4Server } from '@flynotes/sandbox/r4-server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLoopbackCloud, type LoopbackCloud } from './cli/testing/loopback-cloud.ts';

let cloud: LoopbackCloud;
let folder = '';
beforeEach(async () => {
  cloud = await createLoopbackCloud(version);
  folder = mkdtempSync(join(tmpdir(), 'start-'));
});
afterEach(async () => {
  await cloud[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const environment = {};

test('start takes its configuration as an object, a signal, and times; it returns and never ends the process', async () => {
  await using r4 = await createR4Server({ patients: 5, seed: 2 });
  const exit = vi.spyOn(process, 'exit');
  const config = {
    licenceKey: 'flk_example-key',
    flynotesUrl: cloud.url,
    database: r4.connectionString(),
    dataDir: folder,
  };
  const stop = new AbortController();
  const stopped = start({ config, signal: stop.signal, environment });
  for (let tries = 0; cloud.receiving() === 0 && tries < 1_000; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  stop.abort();
  expect(await stopped).toEqual({ exitCode: 0, reason: 'stopped', failures: [] });

  // A day of a second and a half, in which an hour is a third of a second.
  const day = await start({ config, environment, times: { hourMs: 300, dayMs: 1_500 } });
  expect(day).toEqual({ exitCode: 0, reason: 'day-over', failures: [] });
  expect(exit).not.toHaveBeenCalled();
  exit.mockRestore();
});

test('a configuration that cannot be used is told in the result', async () => {
  const result = await start({ config: { flynotesUrl: cloud.url }, environment });
  expect(result).toMatchObject({ exitCode: 20, reason: 'configuration' });
  expect(result.failures.map(({ code }) => code)).toEqual(['CONFIG_FIELD_MISSING', 'CONFIG_FIELD_MISSING']);
  const missing = await start({ environment: { CARESTREAM_DATA_DIR: join(folder, 'nowhere') } });
  expect(missing.failures.map(({ code }) => code)).toEqual(['CONFIG_FILE_MISSING']);
});
