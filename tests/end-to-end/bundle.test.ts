import { copyFileSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freeTdsString, odbcMissing } from '../../packages/carestream-server/src/practice/odbc/odbc-rig.ts';
import { buildAgent } from '../../tools/agent-bundle.ts';
import { createRig, eventually, type Rig } from './rig.ts';

const packages = path.resolve(import.meta.dirname, '../../node_modules');

/** The release's file alone in a folder with no packages above it, and an ODBC binary as a host keeps it. */
let folder = '';
let bundle = '';
let nativeDir = '';
let rig: Rig;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'carestream-bundle-'));
  nativeDir = path.join(folder, 'native');
  bundle = path.join(folder, 'agent/agent.mjs');
  await buildAgent(bundle);
  mkdirSync(nativeDir);
  const [binary] = globSync(`${packages}/msnodesqlv8/prebuilds/${process.platform}-${process.arch}/*.node`).filter(
    (name) => !name.includes('musl'),
  );
  if (binary !== undefined) copyFileSync(binary, path.join(nativeDir, 'msnodesqlv8.node'));
  rig = await createRig({ patients: 2_500 });
});
afterAll(async () => {
  await rig?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const missing = odbcMissing();

describe('the release’s one file, alone in a folder, started as a host does', () => {
  test.each([
    { driver: 'tedious', database: () => rig.r4.connectionString(), skip: undefined },
    { driver: 'ODBC', database: () => freeTdsString(rig.r4.connectionString()), skip: missing },
  ])('a whole pass over $driver, health, and an end when standard input closes', async (way) => {
    if (way.skip !== undefined) throw new Error(`not run: ${way.skip}`);
    const agent = rig.startAgent(rig.config({ database: way.database() }), {
      bundle,
      underHost: true,
      environment: { CARESTREAM_NATIVE_DIR: nativeDir },
    });
    const healthy = await eventually('four checks', () => {
      const last = agent.health().at(-1);
      return last !== undefined && Object.values(last.checks).every(Boolean) && last;
    });
    expect(healthy.checks).toEqual({ database: true, licence: true, queue: true, upload: true });
    agent.closeInput();
    expect(await agent.ended).toBe(0);
    expect(agent.words()).toBe('');
  });
});
