import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { version } from '@flynotes/carestream-server';
import { agentNodeFlags, nativeFiles } from '@flynotes/carestream-server/api';
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
  if (binary !== undefined) copyFileSync(binary, path.join(nativeDir, nativeFiles.odbcDriver));
  rig = await createRig({ patients: 2_500 });
});
afterAll(async () => {
  await rig?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs one word of the command line to its end. R4 and Flynotes are in this process, which must not stand still meanwhile. */
async function run(words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [...agentNodeFlags, bundle, ...words], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}

/** A configuration file over ODBC. */
function odbcConfig(): string {
  const file = path.join(folder, 'odbc.json');
  writeFileSync(file, JSON.stringify(rig.config({ database: freeTdsString(rig.r4.connectionString()) })));
  return file;
}

const missing = odbcMissing();

describe('the release’s one file, alone in a folder, started as a host does', () => {
  test.each([
    { driver: 'tedious', database: () => rig.r4.connectionString(), skip: undefined },
    { driver: 'ODBC', database: () => freeTdsString(rig.r4.connectionString()), skip: missing },
  ])('a whole pass over $driver, health, and an end when standard input closes', async ({ database, skip }) => {
    if (skip !== undefined) throw new Error(`cannot be run: ${skip}`);
    const held = (await rig.operator.passes(100)).length;
    const agent = rig.startAgent(rig.config({ database: database() }), {
      bundle,
      underHost: true,
      environment: { CARESTREAM_NATIVE_DIR: nativeDir },
    });
    const healthy = await eventually('four checks', () => {
      const last = agent.health().at(-1);
      return last !== undefined && Object.values(last.checks).every(Boolean) && last;
    });
    expect(healthy.checks).toEqual({ database: true, licence: true, queue: true, upload: true });
    const passes = await rig.operator.passes(100);
    expect(passes.length).toBe(held + 1);
    expect(passes[0]).toMatchObject({ status: 'equal', patients: 2_500 });
    agent.closeInput();
    // The outstanding receive returns with it, instead of after its 20 s.
    await rig.operator.send({ type: 'test' });
    expect(await agent.ended).toBe(0);
    expect(agent.words()).toBe('');
  });

  test('of a failure it tells lines and functions that a person can look up', async () => {
    const before = rig.rollbar.items().length;
    const database = rig.r4.connectionString().replace(/pwd=[^;]*/i, 'PWD=wrong');
    expect(await rig.startAgent(rig.config({ database }), { bundle }).ended).toBe(20);
    const told = JSON.stringify(rig.rollbar.items().slice(before));
    expect(told).toContain('PRACTICE_LOGIN_FAILED');
    const frames = [
      ...told.matchAll(/"filename":"agent\/agent\.mjs","lineno":(\d+),"colno":\d+,"method":"([\w$.]+)"/g),
    ];
    const lines = readFileSync(bundle, 'utf8').split('\n');
    expect(frames.length).toBeGreaterThan(0);
    expect(frames.map(([, , method]) => method)).toContain('practiceError');
    // The line is one of that very function.
    const [, lineno] = frames.find(([, , method]) => method === 'practiceError') ?? [];
    expect(lines.slice(Number(lineno) - 60, Number(lineno)).join('\n')).toContain('function practiceError(');
  });

  test('as a library: start() of the same file', async () => {
    const { startAgent } = (await import(pathToFileURL(bundle).href)) as {
      startAgent: (options: object) => Promise<{ exitCode: number; failures: readonly { code: string }[] }>;
    };
    const { exitCode, failures } = await startAgent({ config: {}, environment: {} });
    expect(exitCode).toBe(20);
    expect(failures.map(({ code }) => code)).toContain('CONFIG_FIELD_MISSING');
  });

  test('the command line: version, help, a configuration that is not there, an unknown word', async () => {
    expect(await run(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    for (const word of ['start', 'doctor', 'status', 'schema']) {
      expect((await run(['--help'])).stdout).toContain(word);
      expect(await run([word, '--help'])).toMatchObject({ status: 0, stderr: '' });
    }
    expect(await run(['start', '--config', path.join(folder, 'nowhere.json')])).toMatchObject({
      status: 20,
      stdout: '',
    });
    expect(await run(['begin'])).toMatchObject({ status: 20 });
  });

  test('schema over ODBC, with the host’s binary', async () => {
    if (missing !== undefined) throw new Error(`cannot be run: ${missing}`);
    const told = await run(['schema', '--json', '--config', odbcConfig()], { CARESTREAM_NATIVE_DIR: nativeDir });
    expect(told.status, told.stderr).toBe(0);
    expect(JSON.parse(told.stdout)).toMatchObject({ failure: null, unavailable: [] });
  });

  test('doctor examines what is there, status tells what was', async () => {
    const config = rig.config();
    const file = path.join(folder, 'tedious.json');
    writeFileSync(file, JSON.stringify(config));
    const examined = await run(['doctor', '--json', '--config', file]);
    const { checks } = JSON.parse(examined.stdout) as {
      checks: readonly { name: string; status: string; code: string }[];
    };
    expect(checks.length).toBeGreaterThan(12);
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
    const status = await run(['status', '--json', '--config', file]);
    expect(JSON.parse(status.stdout)).toBeTypeOf('object');
    expect(status.stderr).toBe('');
  });

  test.each([
    ['no folder for native parts', undefined, 'package-missing'],
    ['an empty one', null, 'package-missing'],
    ['a binary that is none', 'MZ', 'load-failed'],
  ])('ODBC with %s: a code that says what is missing', async (_, content, reason) => {
    const native = mkdtempSync(path.join(folder, 'native-'));
    if (typeof content === 'string') writeFileSync(path.join(native, nativeFiles.odbcDriver), content);
    const environment = content === undefined ? {} : { CARESTREAM_NATIVE_DIR: native };
    const told = await run(['schema', '--config', odbcConfig()], environment);
    expect(told.status).not.toBe(0);
    expect(told.stderr).toContain('PRACTICE_DRIVER_MISSING');
    expect(told.stderr).toContain(reason);
  });
});
