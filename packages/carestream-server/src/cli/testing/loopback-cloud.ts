import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Everything that the agent reaches beyond the practice, on one loopback port: Flynotes, an empty queue, Rollbar. */
export interface LoopbackCloud extends AsyncDisposable {
  readonly url: string;
  /** Bodies of Rollbar items in the order of arrival. */
  readonly items: { readonly token: string; readonly data: RollbarData }[];
  readonly heartbeats: unknown[];
  /** How many receives are outstanding. */
  receiving(): number;
  /** Answers of Flynotes and Rollbar that replace the usual ones. */
  licenceStatus: number;
  licenceCode: string;
  rollbarStatus: number;
  dictated: string;
  /** Nothing is answered any more. */
  hangs: boolean;
  /** How long an empty receive takes. */
  pollMs: number;
}

/** The part of an item that tests look at. */
export interface RollbarData {
  readonly title: string;
  readonly level: string;
  readonly custom: Readonly<Record<string, unknown>>;
}

/** @see {@link LoopbackCloud} */
export async function createLoopbackCloud(version: string): Promise<LoopbackCloud> {
  let receiving = 0;
  const timers = new Set<NodeJS.Timeout>();
  const json = (response: ServerResponse, status: number, value: unknown, type = 'application/json'): void => {
    response.writeHead(status, { 'content-type': type });
    response.end(JSON.stringify(value));
  };

  const licence = (nonce: string) => ({
    practice: { id: 'elm-street', name: 'Elm Street', timeZone: 'Europe/London' },
    queue: {
      url: `${cloud.url}/000000000000/elm-street`,
      region: 'eu-west-2',
      endpoint: cloud.url,
      credentials: {
        accessKeyId: 'AKIAEXAMPLE',
        secretAccessKey: 'secret',
        sessionToken: 'token',
        expiresAt: new Date(Date.now() + 129_600_000).toISOString(),
      },
    },
    rollbar: { accessToken: 'answer-token', environment: 'test', level: 'info', endpoint: cloud.url },
    registry: null,
    digest: { key: Buffer.alloc(32, 7).toString('base64'), canonicalVersion: 1 },
    schemaOverrides: {},
    features: {},
    directive: {
      payload: Buffer.from(
        JSON.stringify({
          practice: 'elm-street',
          nonce,
          sequence: 1,
          version: cloud.dictated,
          attempt: 1,
          floor: '0.0.1',
          expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      ).toString('base64'),
      signature: '',
      keyId: '0123456789abcdef',
    },
    releaseManifest: null,
  });

  const answer = (request: IncomingMessage, response: ServerResponse, text: string): void => {
    if (cloud.hangs) return;
    const path = request.url ?? '';
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    if (path === '/api/1/item/') {
      if (cloud.rollbarStatus === 200) {
        cloud.items.push({
          token: String(request.headers['x-rollbar-access-token']),
          data: body['data'] as RollbarData,
        });
      }
      json(response, cloud.rollbarStatus, { err: 0 });
    } else if (path === '/v1/licence') {
      if (cloud.licenceStatus === 200) json(response, 200, licence(String(body['nonce'])));
      else {
        const problem = { type: 'about:blank', title: 'No', status: cloud.licenceStatus, code: cloud.licenceCode };
        json(response, cloud.licenceStatus, problem, 'application/problem+json');
      }
    } else if (path === '/v1/heartbeats') {
      cloud.heartbeats.push(body);
      json(response, 200, {});
    } else if (path === '/v1/command-results') json(response, 200, {});
    else if (request.headers['x-amz-target'] === 'AmazonSQS.ReceiveMessage') {
      receiving += 1;
      // oxlint-disable-next-line eslint/no-restricted-globals -- a fake of the cloud keeps real time
      const timer = setTimeout(() => {
        if (cloud.hangs) return;
        receiving -= 1;
        timers.delete(timer);
        json(response, 200, {}, 'application/x-amz-json-1.0');
      }, cloud.pollMs);
      timers.add(timer);
    } else json(response, 503, { type: 'about:blank', title: 'Away', status: 503, code: 'SERVER_INTERNAL' });
  };

  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => answer(request, response, request.headers['content-encoding'] ? '' : text));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cloud: LoopbackCloud = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    items: [],
    heartbeats: [],
    receiving: () => receiving,
    licenceStatus: 200,
    licenceCode: 'LICENCE_UNKNOWN',
    rollbarStatus: 200,
    dictated: version,
    hangs: false,
    pollMs: 300,
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return cloud;
}
