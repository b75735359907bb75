import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createR4Server, type R4Server } from '@flynotes/sandbox/r4-server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hostEventSchema } from '../contract/index.ts';
import { version } from '../version.ts';
import { createLoopbackCloud, type LoopbackCloud } from './testing/loopback-cloud.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const key = 'flk_not-to-be-seen-anywhere';
let r4: R4Server;
let cloud: LoopbackCloud;
let folder = '';
const running: ChildProcess[] = [];

beforeAll(async () => {
  r4 = await createR4Server({ patients: 20, seed: 1 });
});
afterAll(() => r4.close());
beforeEach(async () => {
  cloud = await createLoopbackCloud(version);
  folder = mkdtempSync(join(tmpdir(), 'agent-process-'));
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  }
  await cloud[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null; errors: string; output: string }>;
  readonly health: string[];
}

/** Starts the command line; `host` gives it a role, a pipe on descriptor 3 and a standard input to close. */
function run(
  options: { words?: string[]; config?: object; host?: boolean; preload?: string; input?: 'ignore' | 'pipe' } = {},
): Run {
  const file = join(folder, 'config.json');
  writeFileSync(
    file,
    JSON.stringify({
      licenceKey: key,
      flynotesUrl: cloud.url,
      database: r4.connectionString(),
      dataDir: join(folder, 'data'),
      rollbarToken: 'config-token',
      rollbarEndpoint: cloud.url,
      times: { heartbeatEveryMs: 200, healthEveryMs: 200 },
      ...options.config,
    }),
  );
  const preload = options.preload ? ['--import', `data:text/javascript,${encodeURIComponent(options.preload)}`] : [];
  const child = spawn(
    process.execPath,
    [
      ...preload,
      '--conditions=@flynotes/source',
      '--disable-warning=ExperimentalWarning',
      main,
      ...(options.words ?? ['start', '--config', file]),
    ],
    {
      stdio: [
        options.input ?? (options.host ? 'pipe' : 'ignore'),
        'pipe',
        'pipe',
        ...(options.host ? ['pipe' as const] : []),
      ],
      env: {
        ...process.env,
        ...(options.host ? { CARESTREAM_ROLE: 'candidate', CARESTREAM_HOST_VERSION: '1.0.0' } : {}),
      },
    },
  );
  running.push(child);
  let errors = '';
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (part: string) => (output += part));
  child.stderr!.setEncoding('utf8').on('data', (part: string) => (errors += part));
  const health: string[] = [];
  if (options.host) {
    let rest = '';
    (child.stdio[3] as NodeJS.ReadableStream).setEncoding('utf8').on('data', (part: string) => {
      const lines = (rest + part).split('\n');
      rest = lines.pop() ?? '';
      health.push(...lines);
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
    errors,
    output,
  }));
  return { child, ended, health };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 1_500) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const titles = (): string[] => cloud.items.map(({ data }) => data.title);
const everything = (): string =>
  readdirSync(join(folder, 'data'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n') + JSON.stringify(cloud.items);

/** The command line ends a process that something still holds; a clean end never needs it. */
const tellsForcedEnd = `const exit = process.exit; process.exit = (code) => { process.stderr.write('forced'); exit(code); };`;

describe('a living agent', () => {
  test('SIGTERM ends it cleanly with 0; nothing holds the process; the next start finds nothing amiss', async () => {
    for (let time = 0; time < 2; time++) {
      const agent = run({ preload: tellsForcedEnd });
      await until(() => cloud.receiving() > 0);
      agent.child.kill('SIGTERM');
      expect(await agent.ended).toMatchObject({ code: 0, signal: null, errors: '' });
      await until(() => cloud.receiving() === 0);
    }
    expect(titles().filter((title) => title === 'agent.ended')).toHaveLength(2);
    expect(titles().some((title) => title.includes('crashed'))).toBe(false);
    expect(cloud.items.find(({ data }) => data.title === 'agent.ended')!.data.custom).toMatchObject({
      reason: 'stopped',
      exitCode: 0,
    });
    expect(everything()).not.toContain(key);
  });

  test('under a host, closing standard input ends it; health comes on descriptor 3', async () => {
    const agent = run({ host: true });
    await until(() => agent.health.length >= 3 && cloud.heartbeats.length > 1);
    const last = hostEventSchema.parse(JSON.parse(agent.health.at(-1)!));
    expect(last).toMatchObject({ event: 'health', checks: { database: true, licence: true, upload: false } });
    expect(cloud.heartbeats[0]).toMatchObject({ version, hostVersion: '1.0.0' });
    agent.child.stdin!.end();
    expect(await agent.ended).toMatchObject({ code: 0, signal: null });
  });

  test('without a host, a standard input that is closed means nothing', async () => {
    const agent = run({ input: 'ignore' });
    await until(() => cloud.heartbeats.length > 3);
    expect(agent.child.exitCode).toBeNull();
    agent.child.kill('SIGINT');
    expect(await agent.ended).toMatchObject({ code: 0 });
  });

  test('something that still holds the process, or nobody who reads its words, changes nothing about its end', async () => {
    const agent = run({ preload: `setInterval(() => process.stderr.write('.'), 50)` });
    await until(() => cloud.receiving() > 0);
    agent.child.stderr!.destroy();
    agent.child.kill('SIGTERM');
    expect(await agent.ended).toMatchObject({ code: 0, signal: null });
  });

  test('with Flynotes, queue and Rollbar hanging it still ends in time, by itself', { timeout: 40_000 }, async () => {
    const agent = run({ host: true });
    await until(() => cloud.receiving() > 0);
    cloud.hangs = true;
    agent.child.stdin!.end();
    expect(await agent.ended).toMatchObject({ code: 0, signal: null });
  });

  test('another dictated version: reported, exit 12', async () => {
    cloud.dictated = '9.9.9';
    expect(await run({ host: true }).ended).toMatchObject({ code: 12 });
    expect(titles()).toContain('version.differs UPDATE_UNSIGNED');
  });

  test('a second agent on the same data folder is turned away, and says so', async () => {
    const first = run();
    await until(() => cloud.receiving() > 0);
    const second = await run().ended;
    expect(second.code).toBe(20);
    expect(second.errors).toContain('STATE_IN_USE');
    await until(() => titles().includes('error STATE_IN_USE'));
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
  });
});

describe('a crash', () => {
  const secret = 'Gwendolyn-Okonkwo';
  test.each([
    ['thrown', `setTimeout(() => { throw new RangeError('${secret}') }, 1200)`],
    ['a rejection that nobody handles', `setTimeout(() => { void Promise.reject(new RangeError('${secret}')) }, 1200)`],
  ])('%s: exit 1, sent before the end, told again by the next start', async (_name, crash) => {
    const crashed = await run({ preload: crash }).ended;
    expect(crashed.code).toBe(1);
    expect(crashed.errors).toContain('CRASH');
    expect(crashed.errors + crashed.output).not.toContain(secret);
    const item = cloud.items.find(({ data }) => data.title === 'agent.crashed CRASH')!.data;
    expect(item).toMatchObject({ level: 'critical', custom: { class: 'RangeError', code: 'CRASH' } });
    const next = run();
    await until(() => titles().includes('agent.previous-run-crashed PREVIOUS_RUN_CRASHED'));
    next.child.kill('SIGTERM');
    expect((await next.ended).code).toBe(0);
    const told = cloud.items.find(({ data }) => data.title.startsWith('agent.previous-run-crashed'))!.data;
    expect(told.custom).toMatchObject({ class: 'RangeError', startedAt: expect.stringContaining('T') as string });
    expect(everything()).not.toContain(secret);
  });

  test('with Rollbar away: kept, and sent by the next start', async () => {
    cloud.rollbarStatus = 503;
    expect((await run({ preload: `setTimeout(() => { throw new Error('x') }, 1200)` }).ended).code).toBe(1);
    expect(cloud.items).toEqual([]);
    cloud.rollbarStatus = 200;
    const next = run();
    await until(
      () => titles().includes('agent.crashed CRASH') && titles().some((title) => title.includes('previous-run')),
    );
    next.child.kill('SIGTERM');
    await next.ended;
  });

  test('kill -9: the next start tells of it, and the one after that does not', async () => {
    const killed = run();
    await until(() => cloud.receiving() > 0);
    killed.child.kill('SIGKILL');
    await killed.ended;
    for (let time = 0; time < 2; time++) {
      const next = run();
      await until(() => titles().filter((title) => title === 'agent.started').length === 2 + time);
      await until(() => cloud.receiving() > 0);
      next.child.kill('SIGTERM');
      expect((await next.ended).code).toBe(0);
    }
    expect(titles().filter((title) => title.includes('PREVIOUS_RUN_CRASHED'))).toHaveLength(1);
  });
});

describe('an agent that cannot begin', () => {
  test.each([
    [401, 'LICENCE_UNKNOWN'],
    [403, 'LICENCE_SUSPENDED'],
  ])('licence answer %s: exit 20, said in words, sent with the configuration’s token', async (status, code) => {
    Object.assign(cloud, { licenceStatus: status, licenceCode: code });
    const { code: exitCode, errors } = await run().ended;
    expect(exitCode).toBe(20);
    expect(errors).toMatch(new RegExp(`^carestream-server: ${code}: .+\\n$`));
    expect(errors).not.toContain(key);
    const item = cloud.items.find(({ data }) => data.title === `error ${code}`)!;
    expect(item.token).toBe('config-token');
  });

  test('a wrong password and a wrong key: both are said and sent', async () => {
    cloud.licenceStatus = 401;
    const database = r4.connectionString().replace(/pwd=[^;]*/i, 'PWD=wrong');
    const { code, errors } = await run({ config: { database } }).ended;
    expect(code).toBe(20);
    expect(errors).toContain('PRACTICE_LOGIN_FAILED');
    expect(errors).toContain('LICENCE_UNKNOWN');
    expect(titles()).toEqual(expect.arrayContaining(['error PRACTICE_LOGIN_FAILED', 'error LICENCE_UNKNOWN']));
  });

  test('SQL Server away: exit 21, sent with the token of the licence answer', async () => {
    const { code, errors } = await run({ config: { database: 'server=127.0.0.1,1;uid=a;pwd=b' } }).ended;
    expect(code).toBe(21);
    expect(errors).toContain('PRACTICE_UNREACHABLE');
    expect(cloud.items.find(({ data }) => data.title === 'error PRACTICE_UNREACHABLE')!.token).toBe('answer-token');
  });

  test('a data folder that cannot be used: exit 20, sent from memory', async () => {
    writeFileSync(join(folder, 'file'), '');
    const { code, errors } = await run({ config: { dataDir: join(folder, 'file', 'data') } }).ended;
    expect(code).toBe(20);
    expect(errors).toContain('STATE_UNUSABLE');
    expect(titles()).toContain('error STATE_UNUSABLE');
  });

  test('a configuration that cannot be read: exit 20 and where to mend it', async () => {
    writeFileSync(join(folder, 'bad.json'), '\uFEFF{\r\n  "dataDir": "C:\\Data"\r\n}');
    const { code, errors } = await run({ words: ['start', '--config', join(folder, 'bad.json')] }).ended;
    expect(code).toBe(20);
    expect(errors).toContain('CONFIG_NOT_JSON');
    expect(errors).toContain('line: 2, column: 17');
  });
});

describe('the command line', () => {
  test.each([
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
    [['--help'], 0, /start/],
    [['start', '--help'], 0, /--config/],
  ])('%j', async (words, code, output) => {
    const result = await run({ words }).ended;
    expect(result).toMatchObject({ code, errors: '' });
    expect(result.output).toMatch(output);
  });

  test.each([[['begin']], [['start', '--konfig', 'x']], [[]]])('%j is not understood: exit 20', async (words) => {
    const { code, errors } = await run({ words }).ended;
    expect(code).toBe(20);
    expect(errors).toContain('Usage');
  });
});
