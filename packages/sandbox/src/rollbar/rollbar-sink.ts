import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { judgeItem, type ItemData } from './item.ts';

/** One item that was taken. */
export interface ReceivedItem {
  /** Counts up from 1. */
  readonly sequence: number;
  readonly receivedAt: string;
  readonly sizeBytes: number;
  readonly data: ItemData;
}

/** Options of {@link createRollbarSink}. */
export interface RollbarSinkOptions {
  /** 0 for any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Made up where not given. */
  readonly accessToken?: string;
  /** How many items are kept to be looked at; all are counted. */
  readonly keepMost?: number;
}

/** Takes items as Rollbar's API does, and shows them. */
export interface RollbarSink extends AsyncDisposable {
  readonly port: number;
  /** Without a path, as an agent's configuration has it. */
  readonly endpoint: string;
  readonly accessToken: string;
  /** The items that are kept, oldest first; those after a sequence number where one is given. */
  items(after?: number): readonly ReceivedItem[];
  /** The kept bodies exactly as they came, refused ones included: whoever looks for what must not be there looks here. */
  rawBodies(): readonly Buffer[];
  /** Bytes of all bodies that came, refused ones included. */
  bytes(): number;
  /** How many items were taken, kept or not. */
  count(): number;
  /** Status → requests that were refused with it. */
  refused(): Readonly<Record<string, number>>;
  onItem(listener: (item: ReceivedItem) => void): () => void;
  /** The next `times` requests are answered with this status; 429 tells to wait for a second. 0 resets the connection. */
  fail(times: number, status: number): void;
  close(): Promise<void>;
}

/** Rollbar's limit for one item. */
const bodyBytesMost = 1_048_576;
const messages: Readonly<Record<number, string>> = {
  401: 'invalid access token',
  403: 'access token does not have the required scope',
  404: 'not found',
  413: 'request entity too large',
  429: 'Rate limit exceeded',
};

/** Starts a {@link RollbarSink}: `POST /api/1/item/`, `GET /items?after=N`, and `GET /events` (server-sent events). */
export async function createRollbarSink(options: RollbarSinkOptions = {}): Promise<RollbarSink> {
  const host = options.host ?? '127.0.0.1';
  const keepMost = options.keepMost ?? 1_000;
  const accessToken = options.accessToken ?? randomBytes(16).toString('hex');
  const kept: ReceivedItem[] = [];
  const raw: Buffer[] = [];
  const refusals = new Map<string, number>();
  const listeners = new Set<(item: ReceivedItem) => void>();
  const streams = new Set<ServerResponse>();
  let failures: { left: number; readonly status: number } | null = null;
  let count = 0;
  let bytes = 0;

  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://sink');
    const isItem = url.pathname === '/api/1/item/' || url.pathname === '/api/1/item';
    if (isItem && request.method === 'POST') return takeItem(request, response);
    request.resume();
    if (request.method !== 'GET') return answer(response, 404, { err: 1, message: messages[404] });
    // The live page comes from another port of this machine.
    response.setHeader('access-control-allow-origin', '*');
    if (url.pathname === '/api/1/status/ping') return answer(response, 200, 'pong');
    if (url.pathname === '/items') {
      const after = Number(url.searchParams.get('after') ?? 0);
      return answer(response, 200, {
        count,
        bytes,
        items: after > 0 ? kept.filter((item) => item.sequence > after) : kept,
      });
    }
    if (url.pathname === '/events') return stream(request, response);
    answer(response, 404, { err: 1, message: messages[404] });
  }

  async function takeItem(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await collect(request);
    bytes += body.sizeBytes;
    const refuse = (status: number, message = messages[status] ?? 'refused') => {
      refusals.set(String(status), (refusals.get(String(status)) ?? 0) + 1);
      if (status === 429) {
        response.setHeader('x-rate-limit-remaining', '0');
        response.setHeader('x-rate-limit-remaining-seconds', '1');
      }
      answer(response, status, { err: 1, message });
    };
    if (body.bytes) keep(raw, body.bytes);
    if (failures) {
      const { status } = failures;
      failures.left -= 1;
      if (failures.left <= 0) failures = null;
      if (status !== 0) return refuse(status);
      refusals.set('reset', (refusals.get('reset') ?? 0) + 1);
      request.socket.resetAndDestroy();
      return;
    }
    if (!body.bytes) return refuse(413);
    if (!isToken(request.headers['x-rollbar-access-token'])) return refuse(401);
    const judged = judgeItem(body.bytes);
    if (judged.outcome === 'refused') return refuse(judged.status, judged.message);
    count += 1;
    const item = {
      sequence: count,
      receivedAt: new Date().toISOString(),
      sizeBytes: body.sizeBytes,
      data: judged.data,
    };
    keep(kept, item);
    for (const listener of listeners) listener(item);
    for (const open of streams) open.write(eventOf(item));
    answer(response, 200, { err: 0, result: { id: null, uuid: judged.data.uuid ?? randomUUID() } });
  }

  function stream(request: IncomingMessage, response: ServerResponse): void {
    const after = Number(request.headers['last-event-id'] ?? 0);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': items as they come\n\n');
    if (after > 0) for (const item of kept) if (item.sequence > after) response.write(eventOf(item));
    streams.add(response);
    response.on('close', () => streams.delete(response));
  }

  function keep<Thing>(list: Thing[], thing: Thing): void {
    list.push(thing);
    if (list.length > keepMost) list.shift();
  }

  function isToken(given: string | string[] | undefined): boolean {
    const [left, right] = [Buffer.from(String(given ?? '')), Buffer.from(accessToken)];
    return left.length === right.length && timingSafeEqual(left, right);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      for (const open of streams) open.end();
      server.close(() => resolve());
      server.closeAllConnections();
    });

  return {
    port,
    endpoint: `http://${host}:${port}`,
    accessToken,
    items: (after = 0) => kept.filter((item) => item.sequence > after),
    rawBodies: () => [...raw],
    bytes: () => bytes,
    count: () => count,
    refused: () => Object.fromEntries(refusals),
    onItem(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    fail(times, status) {
      failures = times > 0 ? { left: times, status } : null;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function collect(request: IncomingMessage): Promise<{ sizeBytes: number; bytes: Buffer | null }> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= bodyBytesMost) chunks.push(chunk);
  }
  return { sizeBytes, bytes: sizeBytes <= bodyBytesMost ? Buffer.concat(chunks) : null };
}

function answer(response: ServerResponse, status: number, body: object | string): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' })
    .end(text);
}

function eventOf(item: ReceivedItem): string {
  return `id: ${item.sequence}\nevent: item\ndata: ${JSON.stringify(item)}\n\n`;
}
