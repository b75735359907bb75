import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startPostgres } from '@flynotes/testkit';
import type { TestPostgres } from '@flynotes/testkit';
import { startFauxqs } from 'fauxqs';
import { createFlynotesServer } from '../index.ts';
import type { DatabaseOptions, FlynotesServer, FlynotesServerOptions } from '../index.ts';

/** The token of every server under test. */
export const operatorToken = 'operator-token-of-the-tests';

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly type: string | null;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
}

/** Sends one request and reads its answer. */
export async function send(
  url: string,
  init: RequestInit & { token?: string | undefined; json?: unknown } = {},
): Promise<Answer> {
  const { token, json, ...rest } = init;
  const headers = new Headers(rest.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  if (json !== undefined) headers.set('content-type', 'application/json');
  const answer = await fetch(url, { ...rest, headers, ...(json === undefined ? {} : { body: JSON.stringify(json) }) });
  const text = await answer.text();
  return { status: answer.status, type: answer.headers.get('content-type'), body: text === '' ? null : parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Calls of an agent and of an operator on one practice. */
export interface PracticeUnderTest {
  readonly id: string;
  readonly licenceKey: string;
  agent(method: string, path: string, json?: unknown): Promise<Answer>;
  operator(method: string, path: string, json?: unknown): Promise<Answer>;
}

/** Creates a practice over the operator API. */
export async function addPractice(server: FlynotesServer, name = 'Highgate'): Promise<PracticeUnderTest> {
  const made = await send(`${server.url}/v1/operator/practices`, {
    method: 'POST',
    token: operatorToken,
    json: { name },
  });
  if (made.status !== 200) throw new Error(JSON.stringify(made.body));
  const { practice, licenceKey } = made.body as { practice: { id: string }; licenceKey: string };
  return {
    id: practice.id,
    licenceKey,
    agent: (method, path, json) => send(server.url + path, { method, token: licenceKey, json }),
    operator: (method, path, json) =>
      send(`${server.url}/v1/operator/practices/${practice.id}${path}`, { method, token: operatorToken, json }),
  };
}

/** The databases that the suites run on. Null for PostgreSQL where it is not installed. */
export const databaseKinds = ['pglite', 'postgres'] as const;

/** Makes databases of one kind; what was started ends with it. */
export interface DatabaseSource extends AsyncDisposable {
  /** Null: not installed, and said so. */
  fresh(): Promise<DatabaseOptions | null>;
}

/** @see {@link DatabaseSource} */
export function databaseSource(kind: (typeof databaseKinds)[number]): DatabaseSource {
  let postgres: Promise<TestPostgres | null> | null = null;
  return {
    async fresh() {
      if (kind === 'pglite') return { dataDir: null };
      const server = await (postgres ??= startPostgres());
      return server === null ? null : { url: await server.createDatabase() };
    },
    async [Symbol.asyncDispose]() {
      await (await postgres)?.stop();
    },
  };
}

/** A server on a free port with the token of the tests. */
export function startServer(options: Partial<FlynotesServerOptions> = {}): Promise<FlynotesServer> {
  return createFlynotesServer({ operatorToken, ...options });
}

/** An SQS emulator with an issuer of keys, as options of a server. */
export async function startQueues() {
  const sqs = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1', defaultRegion: 'eu-west-2' });
  const asked: unknown[] = [];
  const issuer = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { durationS: number };
      asked.push(body);
      response.setHeader('content-type', 'application/json');
      const expiresAt = new Date(Date.now() + body.durationS * 1000).toISOString();
      response.end(
        JSON.stringify({ accessKeyId: 'ASIATEST', secretAccessKey: 'secret', sessionToken: 'token', expiresAt }),
      );
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => issuer.once('listening', resolve));
  const endpoint = `http://127.0.0.1:${sqs.port}`;
  return {
    asked,
    endpoint,
    options: {
      kind: 'local' as const,
      region: 'eu-west-2',
      namePrefix: 'carestream-',
      sqsEndpoint: endpoint,
      issuerUrl: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`,
    },
    async [Symbol.asyncDispose]() {
      issuer.close();
      issuer.closeAllConnections();
      await sqs.stop();
    },
  };
}
