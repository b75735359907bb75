import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { BulkPassAnswer, LicenceRequest } from '../contract/index.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { createFlynotesClient, type FlynotesOptions } from './client.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const never = new AbortController().signal;
const licenceKey = 'key-for-tests-only-0123456789';

async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** A server below HTTP, for what an HTTP server would never do. */
async function serveTcp(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const clientOf = (baseUrl: string, options: Partial<FlynotesOptions> = {}) =>
  createFlynotesClient({ clock: createSystemClock() }, { baseUrl, licenceKey, ...options });

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const problem = (status: number, code: string, more: object = {}) => ({
  type: 'about:blank',
  title: 'A sentence that quotes Mrs Canary',
  status,
  code,
  ...more,
});
const passAnswer: BulkPassAnswer = {
  passId: 'pass-1',
  resumed: false,
  nextBatch: 0,
  expiresAt: '2030-01-01T00:00:00Z',
  contentCodings: ['zstd', 'gzip'],
};
const batchAnswer = { changed: 0, unchanged: 0, stale: 0, removed: 0, refused: [] };
const licenceRequest: LicenceRequest = {
  nonce: '0123456789abcdef',
  version: '0.1.0',
  hostVersion: null,
  platform: 'linux-x64',
  canonicalVersions: [1],
  stateSchema: 1,
};

function batchOf(patients: number): Buffer<ArrayBuffer> {
  const batch = {
    n: 0,
    round: 0,
    patients: Array.from({ length: patients }, (_, index) => ({
      readSequence: 7,
      basics: { patientCode: index + 1, surname: `Šimůnek ${index}` },
    })),
    removals: [],
  };
  return Buffer.from(JSON.stringify(batch));
}

test('requests bear the key, the idempotency key and the coding that the server offers', async () => {
  const seen: { url: string | undefined; headers: IncomingMessage['headers']; body: Buffer }[] = [];
  const { url } = await serve((request, response) => {
    void bodyOf(request).then((body) => {
      seen.push({ url: request.url, headers: request.headers, body });
      answer(response, 200, request.url?.endsWith('/batches') ? batchAnswer : passAnswer);
    });
  });
  const client = clientOf(`${url}/behind/a/path/`);
  const batch = batchOf(200);
  await client.sendBatch('pass-1', batch, { idempotencyKey: 'pass-1:0:aa' }, never);
  await client.beginPass({ reason: 'scheduled' }, never);
  await client.sendBatch('pass-1', batch, { idempotencyKey: 'pass-1:0:aa' }, never);
  expect(seen.map((request) => request.url)).toEqual([
    '/behind/a/path/v1/bulk-passes/pass-1/batches',
    '/behind/a/path/v1/bulk-passes',
    '/behind/a/path/v1/bulk-passes/pass-1/batches',
  ]);
  expect(seen.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', undefined, 'zstd']);
  for (const { headers } of seen) expect(headers.authorization).toBe(`Bearer ${licenceKey}`);
  expect(seen[2]?.headers['idempotency-key']).toBe('pass-1:0:aa');
  expect(gunzipSync(seen[0]?.body ?? '')).toEqual(batch);
  expect(zstdDecompressSync(seen[2]?.body ?? '')).toEqual(batch);
  expect(client.sentBytes()).toBe(seen.reduce((sum, { body }) => sum + body.byteLength, 0));
});

test('connections are kept', async () => {
  const { url, server } = await serve((request, response) => {
    request.resume().on('end', () => answer(response, 200, passAnswer));
  });
  let connections = 0;
  server.on('connection', () => connections++);
  const client = clientOf(url);
  for (let time = 0; time < 20; time++) await client.beginPass({ reason: 'scheduled' }, never);
  expect(connections).toBe(1);
});

test('a kept connection that the server closed meanwhile costs no call: it is made anew', async () => {
  let requests = 0;
  const url = await serveTcp((socket) => {
    let answered = 0;
    socket.on('data', () => {
      requests += 1;
      // The second request of each connection finds it closing, as one does that was silent for as long as the server keeps them.
      if (answered > 0) return socket.resetAndDestroy();
      answered += 1;
      const body = JSON.stringify(passAnswer);
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    });
  });
  const client = clientOf(url);
  for (let call = 0; call < 5; call++) await client.beginPass({ reason: 'scheduled' }, never);
  // One on the first connection; then twice each, the second time on a new one.
  expect(requests).toBe(9);
});

test('an answer that something in between has coded is read', async () => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify(passAnswer)));
    });
  });
  await expect(clientOf(url).beginPass({ reason: 'scheduled' }, never)).resolves.toMatchObject({ passId: 'pass-1' });
});

test.each([
  [401, problem(401, 'LICENCE_UNKNOWN'), 'LICENCE_UNKNOWN', 'fatal'],
  [401, '', 'LICENCE_UNKNOWN', 'fatal'],
  [403, problem(403, 'LICENCE_SUSPENDED'), 'LICENCE_SUSPENDED', 'fatal'],
  [426, problem(426, 'AGENT_TOO_OLD'), 'AGENT_TOO_OLD', 'fatal'],
  [404, problem(404, 'PASS_UNKNOWN'), 'PASS_UNKNOWN', 'permanent'],
  [409, problem(409, 'PASS_ENDED'), 'PASS_ENDED', 'permanent'],
  [409, problem(409, 'BATCH_CONFLICT'), 'BATCH_CONFLICT', 'permanent'],
  [400, problem(400, 'REQUEST_INVALID', { fields: ['round'] }), 'REQUEST_INVALID', 'permanent'],
  [413, '', 'REQUEST_TOO_LARGE', 'permanent'],
  [418, problem(418, 'TEAPOT_OF_A_NEWER_SERVER'), 'FLYNOTES_REFUSED', 'permanent'],
  [400, 'not even JSON', 'FLYNOTES_REFUSED', 'permanent'],
  [408, '', 'FLYNOTES_UNAVAILABLE', 'ambiguous'],
  [425, '', 'FLYNOTES_UNAVAILABLE', 'ambiguous'],
  [429, '', 'FLYNOTES_UNAVAILABLE', 'transient'],
  [500, problem(500, 'SERVER_INTERNAL'), 'FLYNOTES_UNAVAILABLE', 'ambiguous'],
  [503, '', 'FLYNOTES_UNAVAILABLE', 'transient'],
  [302, '', 'FLYNOTES_ANSWER_INVALID', 'ambiguous'],
])('a refusal %i %j is %s, %s', async (status, body, code, disposition) => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => {
      if (typeof body === 'string') response.writeHead(status, { location: 'http://example.com/' }).end(body);
      else answer(response, status, body, { 'content-type': 'application/problem+json' });
    });
  });
  const failure = await clientOf(url)
    .beginPass({ reason: 'scheduled' }, never)
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code, disposition, details: { status } });
  // Flynotes' own sentence may quote anything; it goes nowhere.
  expect(JSON.stringify(failure) + String(failure)).not.toContain('Canary');
});

test.each([
  [403, 'text/html; charset=utf-8', '<h1>Blocked by your filter</h1>'],
  [401, 'text/plain', 'Who are you?'],
  [403, 'application/octet-stream', 'no'],
  [426, 'text/xml', '<upgrade/>'],
])('words from something in between are no word about the licence: %i %s', async (status, type, body) => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => response.writeHead(status, { 'content-type': type }).end(body));
  });
  await expect(clientOf(url).licence(licenceRequest, never)).rejects.toMatchObject({ code: 'FLYNOTES_ANSWER_INVALID' });
});

test('a body that a proxy finds too large is said to be so, page or not', async () => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => response.writeHead(413, { 'content-type': 'text/html' }).end('<h1>413</h1>'));
  });
  await expect(clientOf(url).beginPass({ reason: 'scheduled' }, never)).rejects.toMatchObject({
    code: 'REQUEST_TOO_LARGE',
    disposition: 'permanent',
  });
});

test.each([
  [{ 'retry-after': '7' }, {}, 7_000],
  [{}, { retryAfterMs: 1_500 }, 1_500],
  [{}, { retryAfterMs: 1e12 }, 3_600_000],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, {}, 0],
  [{ 'retry-after': '999999' }, {}, 3_600_000],
  [{ 'retry-after': 'soon' }, {}, undefined],
])('Retry-After %j %j is heeded', async (headers, more, retryAfterMs) => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => answer(response, 503, problem(503, 'SERVER_INTERNAL', more), headers as never));
  });
  await expect(clientOf(url).beginPass({ reason: 'scheduled' }, never)).rejects.toMatchObject({ retryAfterMs });
});

test('answers that cannot be understood name the fields, and the licence has its own code', async () => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => {
      if (request.url === '/v1/licence') answer(response, 200, { practice: { id: 'Mrs Canary' } });
      else response.end('<!doctype html>');
    });
  });
  const client = clientOf(url);
  const failure = await client.licence(licenceRequest, never).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'LICENCE_ANSWER_INVALID' });
  expect((failure as { details: { fields: string } }).details.fields).toContain('practice.id');
  expect(String(failure)).not.toContain('Canary');
  await expect(client.beginPass({ reason: 'scheduled' }, never)).rejects.toMatchObject({
    code: 'FLYNOTES_ANSWER_INVALID',
    details: { fields: 'whole' },
  });
});

test('an endless answer is not read to its end', async () => {
  let written = 0;
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => {
      const more = () => {
        if (response.destroyed) return;
        written += 65_536;
        response.write('x'.repeat(65_536), () => setImmediate(more));
      };
      more();
    });
  });
  await expect(
    clientOf(url, { answerBytesMost: 200_000 }).beginPass({ reason: 'scheduled' }, never),
  ).rejects.toMatchObject({ code: 'FLYNOTES_ANSWER_INVALID', details: { reason: 'too-long' } });
  expect(written).toBeLessThan(50_000_000);
});

test('nobody there is FLYNOTES_UNREACHABLE: it cannot have arrived', async () => {
  const { url, server } = await serve(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  closing.length = 0;
  await expect(clientOf(url).beginPass({ reason: 'scheduled' }, never)).rejects.toMatchObject({
    code: 'FLYNOTES_UNREACHABLE',
    disposition: 'transient',
    details: { host: new URL(url).host, reason: 'ECONNREFUSED' },
  });
});

test('a proxy that wants a password is FLYNOTES_UNREACHABLE', async () => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end());
  });
  await expect(clientOf(url).beginPass({ reason: 'scheduled' }, never)).rejects.toMatchObject({
    code: 'FLYNOTES_UNREACHABLE',
    details: { reason: 'UNKNOWN' },
  });
});

test('no such host is FLYNOTES_UNREACHABLE', async () => {
  await expect(clientOf('http://no-such-host.invalid').beginPass({ reason: 'scheduled' }, never)).rejects.toMatchObject(
    { code: 'FLYNOTES_UNREACHABLE', disposition: 'transient' },
  );
});

test.each<[string, (socket: Socket) => void]>([
  ['a reset after the request', (socket) => socket.once('data', () => socket.resetAndDestroy())],
  ['an end without a word', (socket) => socket.once('data', () => socket.end())],
  [
    'half an answer',
    (socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"passId":"pass-1","resu')),
  ],
  ['no HTTP', (socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))],
  [
    'a broken gzip',
    (socket) =>
      socket.once('data', () =>
        socket.end('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\nnot gzip!'),
      ),
  ],
])('%s is ambiguous: it may have arrived', async (_name, onSocket) => {
  const url = await serveTcp(onSocket);
  await expect(clientOf(url).beginPass({ reason: 'scheduled' }, never)).rejects.toMatchObject({
    code: 'FLYNOTES_UNREACHABLE',
    disposition: 'ambiguous',
  });
});

test('TLS that cannot be is FLYNOTES_UNREACHABLE with its code', async () => {
  const url = await serveTcp((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  const failure = await clientOf(url.replace('http:', 'https:'))
    .beginPass({ reason: 'scheduled' }, never)
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'FLYNOTES_UNREACHABLE' });
  expect((failure as { details: { reason: string } }).details.reason).toMatch(/SSL|TLS|EPROTO/);
});

test.each<[string, (socket: Socket) => void]>([
  ['never', () => undefined],
  [
    'its head, and then nothing',
    (socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{')),
  ],
])('a server that answers %s is FLYNOTES_TIMEOUT', async (_name, onSocket) => {
  const url = await serveTcp(onSocket);
  await expect(
    clientOf(url, { timeouts: { beginPassMs: 60 } }).beginPass({ reason: 'scheduled' }, never),
  ).rejects.toMatchObject({ code: 'FLYNOTES_TIMEOUT', disposition: 'ambiguous' });
});

test('whoever aborts gets the reason back, before and during a call', async () => {
  const stop = new AbortController();
  const url = await serveTcp((socket) => socket.once('data', () => stop.abort(new Error('stopping'))));
  const client = clientOf(url);
  await expect(client.beginPass({ reason: 'scheduled' }, stop.signal)).rejects.toThrow('stopping');
  await expect(client.beginPass({ reason: 'scheduled' }, stop.signal)).rejects.toThrow('stopping');
});

test('an empty answer will do where nothing is expected', async () => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  });
  const result = {
    messageId: 'm-1',
    type: 'test',
    outcome: 'done' as const,
    at: '2026-01-05T08:00:00Z',
    legs: {},
  };
  await expect(clientOf(url).commandResult(result, never)).resolves.toBeUndefined();
  await expect(clientOf(url).beginPass({ reason: 'scheduled' }, never)).rejects.toMatchObject({
    code: 'FLYNOTES_ANSWER_INVALID',
  });
});
