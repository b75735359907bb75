import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { proxyVariablesOf } from './network.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
let folder = '';
let asked: string[] = [];
const proxy = createServer();
proxy.on('connect', (request, socket) => {
  asked.push(request.url ?? '');
  socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
});

beforeEach(async () => {
  asked = [];
  folder = mkdtempSync(join(tmpdir(), 'network-'));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const proxyUrl = (): string => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;

async function start(config: object, environment: Record<string, string>) {
  const file = join(folder, 'config.json');
  writeFileSync(
    file,
    JSON.stringify({
      licenceKey: 'flk_example-key',
      flynotesUrl: 'https://flynotes.example.com',
      database: 'server=127.0.0.1,1;uid=a;pwd=b',
      dataDir: join(folder, 'data'),
      rollbarToken: 'token',
      rollbarEndpoint: 'https://rollbar.example.com',
      ...config,
    }),
  );
  const child = spawn(
    process.execPath,
    ['--conditions=@flynotes/source', '--disable-warning=ExperimentalWarning', main, 'start', '--config', file],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env['PATH'], ...environment } },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (errors += part));
  const [code] = (await once(child, 'close')) as [number];
  return { code, errors };
}

describe('a proxy', () => {
  test('of the configuration carries what goes to Flynotes and Rollbar', async () => {
    const { code, errors } = await start({ proxy: proxyUrl() }, {});
    expect(code).toBe(21);
    expect(errors).toContain('FLYNOTES_UNREACHABLE');
    expect(asked).toContain('flynotes.example.com:443');
    expect(asked).toContain('rollbar.example.com:443');
  });

  test('of the environment does so too', async () => {
    const { code } = await start({}, { https_proxy: proxyUrl() });
    expect(code).toBe(21);
    expect(asked).toContain('flynotes.example.com:443');
  });
});

describe('the variables of a proxy', () => {
  test.each([
    [undefined, {}, null],
    ['http://p:1', {}, { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1' }],
    ['http://p:1', { HTTPS_PROXY: 'http://q:2' }, { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1' }],
    [undefined, { HTTPS_PROXY: 'http://q:2' }, { HTTP_PROXY: '', HTTPS_PROXY: 'http://q:2' }],
    [undefined, { https_proxy: 'http://q:2', no_proxy: '.local' }, { HTTP_PROXY: '', HTTPS_PROXY: 'http://q:2' }],
  ])('%j and %j', (configured, environment: Record<string, string>, expected) => {
    const found = proxyVariablesOf(configured, environment);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toMatchObject(expected);
    // This machine itself is never reached by way of a proxy.
    if (found) expect(found.NO_PROXY).toContain('127.0.0.1');
  });
});
