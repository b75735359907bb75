import { createServer, request as forward, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { BatchRequest } from '@flynotes/carestream-server/api';

/** Stands between agent and Flynotes, counts how often each patient travels, and tells of each thing that happens. */
export interface Wire extends AsyncDisposable {
  readonly url: string;
  /** How often each patient was sent since the last start of counting. */
  readonly sent: Map<number, number>;
  /** Called at each request's arrival, with its path, and at each answer's departure, with none. */
  onEvent: (path: string) => void;
  events(): number;
  startCounting(): void;
}

/** @see {@link Wire} */
export async function startWire(target: string): Promise<Wire> {
  let events = 0;
  const wire: Pick<Wire, 'sent' | 'onEvent'> = { sent: new Map(), onEvent: () => undefined };
  const happened = (path: string): void => {
    events += 1;
    wire.onEvent(path);
  };
  const server: Server = createServer((incoming, answer) => {
    void bodyOf(incoming).then(
      (body) => {
        happened(incoming.url ?? '');
        for (const code of patientsIn(incoming, body)) wire.sent.set(code, (wire.sent.get(code) ?? 0) + 1);
        const onward = forward(new URL(incoming.url ?? '/', target), {
          method: incoming.method,
          headers: incoming.headers,
        });
        onward.on('response', (reply) => {
          happened('');
          answer.writeHead(reply.statusCode ?? 502, reply.headers);
          reply.pipe(answer);
        });
        onward.on('error', () => answer.destroy());
        onward.end(body);
      },
      // The agent was killed while it sent.
      () => answer.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(wire, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    events: () => events,
    startCounting() {
      events = 0;
      wire.sent.clear();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function patientsIn(incoming: IncomingMessage, body: Buffer): number[] {
  if (incoming.url?.endsWith('/batches') !== true) return [];
  const coding = incoming.headers['content-encoding'];
  const plain = coding === 'zstd' ? zstdDecompressSync(body) : coding === 'gzip' ? gunzipSync(body) : body;
  return (JSON.parse(plain.toString()) as BatchRequest).patients.map(({ basics }) => basics.patientCode);
}
