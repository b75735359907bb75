import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examined, runCli } from './doctor-rig.ts';
import type { Status } from '../../packages/carestream-server/src/doctor/status.ts';
import { createRig, type AgentProcess, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig({ patients: 60 });
});
afterAll(() => rig[Symbol.asyncDispose]());

interface Told {
  readonly exitCode: number | null;
  readonly status: Status;
  readonly output: string;
}

async function statusOf(config: Readonly<Record<string, unknown>>): Promise<Told> {
  const file = path.join(rig.folder, 'status.json');
  writeFileSync(file, JSON.stringify(config));
  const { exitCode, output, errors } = await runCli(['status', '--json', '--config', file]);
  expect(errors).toBe('');
  expect(output.split('\n')).toHaveLength(2);
  return { exitCode, status: JSON.parse(output) as Status, output };
}

async function pageOf(config: Readonly<Record<string, unknown>>): Promise<string> {
  const file = path.join(rig.folder, 'status.json');
  writeFileSync(file, JSON.stringify(config));
  return (await runCli(['status', '--config', file])).output;
}

async function until(agent: AgentProcess, told: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await told()); tries++) {
    if (tries > 40) throw new Error(`it did not come to pass: ${agent.words()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe('status', () => {
  test('before the first start: not running, nothing known', async () => {
    const config = rig.config();
    const { exitCode, status } = await statusOf(config);
    expect(exitCode).toBe(0);
    expect(status).toMatchObject({ running: false, version: null, since: null, lastPass: null, warnings: [] });
    expect(await pageOf(config)).toMatch(/^state +not running$/m);
  });

  test('while the agent runs, which is not disturbed; after it was told to stop; after a kill', async () => {
    const config = rig.config({
      database: rig.r4.connectionString('reception'),
      times: { heartbeatEveryMs: 200 },
    });
    const agent = rig.startAgent(config);
    await until(agent, async () => {
      const { status } = await statusOf(config);
      return status.running && status.lastPass?.outcome === 'equal' && status.queue?.lastReceiveAt !== null;
    });
    const { status, output } = await statusOf(config);
    expect(status).toMatchObject({
      running: true,
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      since: expect.stringContaining('T') as string,
      ended: null,
      lastEqualAt: expect.stringContaining('T') as string,
      lastPass: { outcome: 'equal', rows: 60 },
      warnings: ['PRACTICE_WRITABLE'],
      update: { state: 'current' },
    });
    for (const secret of [rig.licenceKey, 'reception-password', rig.rollbar.accessToken]) {
      expect(output).not.toContain(secret);
    }
    const page = await pageOf(config);
    expect(page).toMatch(/^state +running since /m);
    expect(page).toMatch(/^last pass +equal .*; \d+ patients in \d+ pages; /m);
    expect(page).toMatch(/^ {2}PRACTICE_WRITABLE: /m);

    // The doctor beside it: the queue is left to the agent, and the folder is seen to be in use.
    const received = rig.sqs.stats().accepted['ReceiveMessage'] ?? 0;
    const examination = await examined(rig.folder, config);
    expect(examination.exitCode).toBe(1);
    expect(examination.checks.find(({ name }) => name === 'disk')?.found).toContain('An agent is running');
    expect(rig.sqs.stats().accepted['ReceiveMessage'] ?? 0).toBeLessThanOrEqual(received + 1);
    expect((await statusOf(config)).status.running).toBe(true);

    agent.signal('SIGTERM');
    expect(await agent.ended).toBe(0);
    const stopped = await statusOf(config);
    expect(stopped.status).toMatchObject({
      running: false,
      ended: { reason: 'stopped', exitCode: 0, codes: [] },
      lastPass: { outcome: 'equal' },
    });
    expect(stopped.status.since).toBe(stopped.status.ended?.at);
    expect(await pageOf(config)).toMatch(/^state +not running since .*: stopped, exit code 0$/m);

    const again = rig.startAgent(config);
    await until(again, async () => (await statusOf(config)).status.running);
    await until(
      again,
      async () => ((await statusOf(config)).status.lastSeenAt ?? '') > (stopped.status.ended?.at ?? ''),
    );
    again.signal('SIGKILL');
    await again.ended;
    const killed = await statusOf(config);
    expect(killed.status).toMatchObject({ running: false, ended: null });
    expect(await pageOf(config)).toMatch(/^state +not running; it was last seen .* and did not say why it ended$/m);
  });

  test('a start that failed tells why', async () => {
    const config = rig.config({ licenceKey: 'flk_nobody-has-this-one' });
    expect(await rig.startAgent(config).ended).toBe(20);
    const { status } = await statusOf(config);
    expect(status).toMatchObject({
      running: false,
      ended: { reason: 'configuration', exitCode: 20, codes: ['LICENCE_UNKNOWN'] },
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
    });
    expect(await pageOf(config)).toMatch(/^version +\d/m);
    expect(await pageOf(config)).toMatch(/^ {2}LICENCE_UNKNOWN: /m);
  });

  test.each([
    ['no configuration', 'none.json', 'CONFIG_FILE_MISSING'],
    ['a data folder that is a file', (folder) => path.join(folder, 'a-file'), 'STATE_UNUSABLE'],
    ['a data folder under a file', (folder) => path.join(folder, 'a-file', 'data'), 'STATE_UNUSABLE'],
    ['a data folder that nobody can make', () => '/proc/no-such-folder/data', 'STATE_UNUSABLE'],
    ['a state that is no database', null, 'STATE_UNUSABLE'],
  ] as [string, string | null | ((folder: string) => string), string][])('%s: exit 2 and the code', async (...row) => {
    const [, name, code] = row;
    const config = rig.config();
    const file = path.join(rig.folder, typeof name === 'string' ? name : 'damaged.json');
    if (typeof name === 'function') {
      writeFileSync(path.join(rig.folder, 'a-file'), 'no folder');
      writeFileSync(file, JSON.stringify({ ...config, dataDir: name(rig.folder) }));
    }
    if (name === null) {
      writeFileSync(
        path.join(String(config['dataDir']), 'agent.db'),
        'this is no database, but it is long enough for one'.repeat(100),
      );
      writeFileSync(file, JSON.stringify(config));
    }
    const { exitCode, output, errors } = await runCli(['status', '--json', '--config', file]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(output)).toEqual({ error: code });
    expect(errors).toContain(code);
  });
});
