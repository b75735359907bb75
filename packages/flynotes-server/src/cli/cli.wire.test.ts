import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from '../testing/server-under-test.ts';

const program = fileURLToPath(new URL('../cli.ts', import.meta.url));

describe('flynotes-server', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'flynotes-cli-'));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  const start = (args: string[], env: Record<string, string> = {}) =>
    spawn(process.execPath, ['--conditions=@flynotes/source', program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...env },
    });
  const run = async (args: string[], env: Record<string, string> = {}) => {
    const child = start(args, env);
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, out, err };
  };

  it('adds a practice, then serves it until told to stop', async () => {
    const added = await run([
      'practice',
      'add',
      '--name',
      'Highgate',
      '--id',
      'highgate',
      '--json',
      '--data-dir',
      dataDir,
    ]);
    expect(added).toMatchObject({ code: 0, err: '' });
    const { id, licenceKey } = JSON.parse(added.out) as { id: string; licenceKey: string };
    expect(id).toBe('highgate');

    const server = start(['start', '--port', '0', '--json', '--data-dir', dataDir]);
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const ready = JSON.parse(line) as { event: string; url: string; database: string; operatorToken: string };
    expect(ready).toMatchObject({ event: 'ready', database: 'pglite' });
    expect(ready.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const begun = await send(`${ready.url}/v1/bulk-passes`, {
      method: 'POST',
      token: licenceKey,
      json: { reason: 'scheduled' },
    });
    expect(begun.status).toBe(200);
    expect((await send(`${ready.url}/v1/operator/practices`, { token: ready.operatorToken })).status).toBe(200);

    const meanwhile = await run(['practice', 'add', '--name', 'Other', '--data-dir', dataDir]);
    expect(meanwhile.code).toBe(1);
    expect(meanwhile.err).toContain('is in use by another flynotes-server');

    // An open stream of events does not hold a stop up.
    const stream = await fetch(`${ready.url}/v1/operator/events`, {
      headers: { authorization: `Bearer ${ready.operatorToken}` },
    });
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
    await stream.text().catch(() => undefined);
  });

  it('says in plain words what is wrong', async () => {
    const cases: [string[], Record<string, string>, number, string][] = [
      [
        ['practice', 'add', '--name', 'Highgate', '--id', 'highgate', '--data-dir', dataDir],
        {},
        1,
        'PRACTICE_ID_TAKEN',
      ],
      [['practice', 'add', '--name', 'x', '--time-zone', 'Mars'], {}, 2, '--timeZone: must be an IANA time zone'],
      [['start'], { FLYNOTES_QUEUE: 'rabbit' }, 2, 'FLYNOTES_QUEUE'],
      [['start'], { FLYNOTES_QUEUE: 'aws' }, 2, 'AWS_REGION: is needed'],
      [['start'], { FLYNOTES_QUEUE: 'local' }, 2, 'FLYNOTES_SQS_ENDPOINT: is needed'],
      [['start'], { DATABASE_URL: 'mysql://SECRET@x/y' }, 2, 'DATABASE_URL'],
      [['start'], { FLYNOTES_OPERATOR_TOKEN: 'SECRET' }, 2, 'at least 16 characters'],
      [['start'], { DATABASE_URL: 'postgres://u:SECRET@127.0.0.1:1/y' }, 1, 'ECONNREFUSED'],
      [['start', '--port', 'x'], {}, 2, 'must be a port'],
    ];
    for (const [args, env, code, text] of cases) {
      const ended = await run(args, env);
      expect({ code: ended.code, err: ended.err }).toEqual({ code, err: expect.stringContaining(text) });
      expect(ended.err).not.toContain('SECRET');
    }
  });
});
