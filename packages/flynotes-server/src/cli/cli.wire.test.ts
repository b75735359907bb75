import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pinnedKeySchema, signEnvelope } from '@flynotes/carestream-server/api';
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

  // Each command opens and closes an embedded database.
  it('adds releases, lists them, pins, and tells the key that dictates versions', { timeout: 240_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flynotes-cli-release-'));
    const command = (...args: string[]) => run([...args, '--json', '--data-dir', join(folder, 'data')]);
    const { privateKey } = generateKeyPairSync('ed25519');
    const tarball = Buffer.from('a tarball');
    const manifest = {
      name: '@flynotes/carestream-server',
      version: '7.1.0',
      tarball: { sha512: createHash('sha512').update(tarball).digest('hex'), sizeBytes: tarball.length },
      files: { 'package.json': '0'.repeat(128) },
      node: '24.0.0',
      hostMin: '0.1.0',
      stateSchema: 1,
    };
    const envelope = signEnvelope(Buffer.from(JSON.stringify(manifest)), 'releaseManifest', privateKey);
    await writeFile(join(folder, 'a.release.json'), JSON.stringify(envelope));
    await writeFile(join(folder, 'a.tgz'), tarball);
    const added = await command('release', 'add', join(folder, 'a.release.json'), '--tarball', join(folder, 'a.tgz'));
    expect(added).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(added.out)).toMatchObject({ version: '7.1.0', hasTarball: true });
    await command('practice', 'add', '--name', 'Elm Street', '--id', 'elm-street');
    expect(await command('release', 'pin', '7.1.0', '--practice', 'elm-street')).toMatchObject({ code: 0 });
    expect(await command('release', 'canary', '--practice', 'elm-street')).toMatchObject({ code: 0 });
    expect(await command('release', 'canary', '7.1.0')).toMatchObject({ code: 0 });
    expect(JSON.parse((await command('release', 'retry', '--practice', 'elm-street')).out)).toMatchObject({
      attempt: 2,
    });
    expect(await command('release', 'floor', '99.0.0')).toMatchObject({ code: 1 });
    const listed = JSON.parse((await command('release', 'list')).out) as { releases: unknown[] };
    expect(listed).toMatchObject({ canaryVersion: '7.1.0', floor: '0.0.0' });
    expect(listed.releases).toMatchObject([{ version: '7.1.0', hasTarball: true, canary: true, dictated: false }]);
    const key = JSON.parse((await command('signing-key')).out) as object;
    expect(pinnedKeySchema.safeParse(key).success).toBe(true);
    await writeFile(join(folder, 'broken.json'), '{');
    const broken = await command('release', 'add', join(folder, 'broken.json'));
    expect(broken.code).toBe(2);
    expect(broken.err).toContain('is no JSON');
    await rm(folder, { recursive: true });
  });
});
