import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody between the agent and Flynotes, who cannot forge a signature but can play an old answer again. */
export interface Interceptor extends AsyncDisposable {
  readonly url: string;
  /** How many licence answers were kept so far. */
  kept(): number;
  /** From now on each licence request gets the answer that was kept as number `index`; `null` lets everything through again. */
  replay(index: number | null): void;
  /** How many requests got an old answer. */
  replayed(): number;
}

/** What of a licence answer is kept. */
interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Of each connection alone (RFC 9110, 7.6.1). */
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'proxy-connection', 'upgrade'];

/** Passes every request on to `target` and keeps the licence answers that come back. */
export async function startInterceptor(target: string): Promise<Interceptor> {
  const answers: KeptAnswer[] = [];
  let replaying: number | null = null;
  let replayed = 0;

  function passOn(incoming: IncomingMessage, reply: ServerResponse): void {
    const isLicence = incoming.method === 'POST' && incoming.url === '/v1/licence';
    const old = replaying === null ? undefined : answers[replaying];
    if (isLicence && old !== undefined) {
      replayed += 1;
      incoming.resume();
      reply.writeHead(old.status, withoutHops(old.headers)).end(old.body);
      return;
    }
    const outgoing = ask(
      new URL(incoming.url ?? '/', target),
      { method: incoming.method, headers: { ...incoming.headers, host: new URL(target).host } },
      (answer) => {
        const status = answer.statusCode ?? 502;
        const headers = withoutHops(answer.headers);
        if (!isLicence) {
          reply.writeHead(status, headers);
          answer.pipe(reply);
          return;
        }
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const body = Buffer.concat(chunks);
          if (status === 200) answers.push({ status, headers, body });
          reply.writeHead(status, headers).end(body);
        });
      },
    );
    outgoing.on('error', () => (reply.headersSent ? reply.destroy() : reply.writeHead(502).end()));
    incoming.pipe(outgoing);
  }

  const server = createServer(passOn);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kept: () => answers.length,
    replay(index) {
      replaying = index;
    },
    replayed: () => replayed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function withoutHops(headers: KeptAnswer['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] => entry[1] !== undefined && !hopByHop.includes(entry[0]),
    ),
  );
}
