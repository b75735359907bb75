import { createHash } from 'node:crypto';
import { createServer, request, setGlobalProxyFromEnv, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { createSelfSignedCertificate } from '../../../sandbox/src/r4-server/tds/certificate.ts';
import { codeOf } from '../runtime/index.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { fetchRelease, sourcesOf, type ReleaseSource } from './release-fetch.ts';

const tarball = Buffer.from('the bytes of a release '.repeat(5_000));
const manifest = {
  name: '@flynotes/carestream-server' as const,
  version: '1.4.0',
  tarball: { sha512: createHash('sha512').update(tarball).digest('hex'), sizeBytes: tarball.length },
};
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Seen {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly encoding: string | undefined;
}

async function serve(listener: RequestListener): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((incoming: IncomingMessage, response) => {
    seen.push({
      url: incoming.url ?? '',
      authorization: incoming.headers.authorization,
      encoding: String(incoming.headers['accept-encoding']),
    });
    listener(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const fetched = (sources: readonly ReleaseSource[], times = { idleMs: 2_000, wholeMs: 20_000 }, signal?: AbortSignal) =>
  fetchRelease(sources, manifest, { clock: createSystemClock(), times }, signal ?? new AbortController().signal);
const codeAfter = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'fetched',
    (error: unknown) => codeOf(error),
  );
const packument = (address: string, others: object = {}) =>
  JSON.stringify({ versions: { ...others, '1.4.0': { dist: { tarball: address } } } });
const registry = (url: string): ReleaseSource => ({ kind: 'registry', url, token: 'read-only' });
const address = (url: string, token: string | null = null): ReleaseSource => ({ kind: 'address', url, token });

test('from a registry: the packument, then the tarball, both with the token, as they are', async () => {
  const server = await serve((incoming, response) => {
    if (incoming.url === '/npm/@flynotes%2fcarestream-server')
      response.end(packument(`${server.url}/npm/a.tgz`, { '1.3.0': 'odd' }));
    else response.end(tarball);
  });
  expect((await fetched([registry(`${server.url}/npm`)])).equals(tarball)).toBe(true);
  expect(server.seen).toEqual([
    { url: '/npm/@flynotes%2fcarestream-server', authorization: 'Bearer read-only', encoding: 'identity' },
    { url: '/npm/a.tgz', authorization: 'Bearer read-only', encoding: 'identity' },
  ]);
});

test('a token goes to whom it was given for, and to nobody whom that one names', async () => {
  const elsewhere = await serve((_request, response) => response.end(tarball));
  const server = await serve((_request, response) => response.end(packument(`${elsewhere.url}/a.tgz`)));
  await fetched([registry(server.url)]);
  const redirecting = await serve((_request, response) =>
    response.writeHead(302, { location: `${elsewhere.url}/b.tgz` }).end(),
  );
  await fetched([address(`${redirecting.url}/release`, 'the-licence-key')]);
  expect(redirecting.seen.map(({ authorization }) => authorization)).toEqual(['Bearer the-licence-key']);
  expect(elsewhere.seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
});

test('the licence key is shown to Flynotes alone', () => {
  const flynotes = { url: 'https://flynotes.example.com/api', licenceKey: 'the-licence-key' };
  const of = (releaseUrl: string) => sourcesOf({ releaseUrl, registry: null }, flynotes)[0]?.token;
  expect(of('https://flynotes.example.com/v1/releases/a/tarball')).toBe('the-licence-key');
  expect(of('https://cdn.example.com/a.tgz')).toBeNull();
  expect(of('http://flynotes.example.com/a.tgz')).toBeNull();
});

test('the address is asked first, the registry where it fails, or has other bytes', async () => {
  const good = await serve((incoming, response) =>
    incoming.url?.startsWith('/@') ? response.end(packument(`${good.url}/a.tgz`)) : response.end(tarball),
  );
  for (const status of [200, 404, 500]) {
    const first = await serve((_request, response) => response.writeHead(status).end('other bytes'));
    expect((await fetched([address(first.url), registry(good.url)])).equals(tarball), String(status)).toBe(true);
    expect(first.seen).toHaveLength(1);
  }
  const wrong = await serve((_request, response) => response.end('other bytes'));
  expect(await codeAfter(fetched([address(wrong.url), registry('http://127.0.0.1:9')]))).toBe('UPDATE_TARBALL_WRONG');
});

test('an answer that never ends is left as soon as it is too long, one that stalls when it is too slow', async () => {
  let sent = 0;
  const endless = await serve((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  expect(await codeAfter(fetched([address(endless.url)]))).toBe('UPDATE_TARBALL_WRONG');
  expect(sent).toBeLessThan(20_000_000);
  const stalling = await serve((_request, response) => response.write('half'));
  const slow = fetched([address(stalling.url)], { idleMs: 200, wholeMs: 20_000 }).catch((error: unknown) => error);
  expect(await slow).toMatchObject({ code: 'UPDATE_FETCH_FAILED', details: { reason: 'too-slow' } });
  const trickling = await serve((_request, response) => {
    const timer = setInterval(() => response.write('x'), 50);
    response.once('close', () => clearInterval(timer));
  });
  expect(await codeAfter(fetched([address(trickling.url)], { idleMs: 1_000, wholeMs: 500 }))).toBe(
    'UPDATE_FETCH_FAILED',
  );
});

test('an answer that was packed on the way has other bytes: it is not taken for the release', async () => {
  const helpful = await serve((_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(tarball)),
  );
  // fetch unpacks what says that it is packed; the bytes are then the right ones.
  expect(await codeAfter(fetched([address(helpful.url)]))).toBe('fetched');
  const mislabelled = await serve((_request, response) => response.end(gzipSync(tarball)));
  expect(await codeAfter(fetched([address(mislabelled.url)]))).toBe('UPDATE_TARBALL_WRONG');
});

test('an end of the agent ends fetching, with the reason that was given', async () => {
  const stalling = await serve((_request, response) => response.write('half'));
  const ending = new AbortController();
  const fetching = fetched([address(stalling.url)], { idleMs: 20_000, wholeMs: 20_000 }, ending.signal);
  await expect.poll(() => stalling.seen.length).toBe(1);
  ending.abort(new Error('the day is over'));
  await expect(fetching).rejects.toThrow('the day is over');
});

/** A forward proxy that leads every name to one server, and is this process's own until the test's end. */
async function throughProxy(originUrl: string): Promise<readonly string[]> {
  const asked: string[] = [];
  const proxy = createServer((incoming, response) => {
    asked.push(incoming.url ?? '');
    request(originUrl, { headers: incoming.headers }, (answer) => answer.pipe(response)).end();
  });
  proxy.on('connect', (incoming, socket) => {
    asked.push(incoming.url ?? '');
    const onward = connect(Number(new URL(originUrl).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const restore = setGlobalProxyFromEnv({ HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl, NO_PROXY: '' });
  closing.push(() => {
    restore();
    proxy.closeAllConnections();
    proxy.close();
  });
  return asked;
}

test('through the proxy that was set for the process; no token goes over a line on which others read along', async () => {
  const origin = await serve((_request, response) => response.end(tarball));
  const asked = await throughProxy(origin.url);
  expect((await fetched([address('http://registry.example.com/a.tgz', 'a-token')])).equals(tarball)).toBe(true);
  expect(asked.join()).toContain('registry.example.com');
  expect(origin.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
});

test('through a firewall that looks into TLS: refused, until this machine trusts its certificate', async () => {
  const { key, cert } = await createSelfSignedCertificate({
    commonName: 'localhost',
    modulusBits: 2048,
    digest: 'sha256',
  });
  const server = createSecureServer({ key, cert }, (_request, response) => response.end(tarball));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const before = getCACertificates('default');
  closing.push(() => {
    setDefaultCACertificates(before);
    server.closeAllConnections();
    server.close();
  });
  const release = address(`https://127.0.0.1:${(server.address() as AddressInfo).port}/a.tgz`);
  expect(await codeAfter(fetched([release]))).toBe('UPDATE_FETCH_FAILED');
  // What the agent does at its start with the certificates of the machine.
  setDefaultCACertificates([...before, cert]);
  expect(await codeAfter(fetched([release]))).toBe('fetched');
});
