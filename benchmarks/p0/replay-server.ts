/**
 * A dumb server for P0, in a process of its own: it passes one conversation on to the real server and keeps the answers; from
 * then on it replays them from memory, one recorded answer per request, to whoever connects.
 *
 * `node replay-server.ts UPSTREAM_PORT` prints `{"port":N}`; the first connection is recorded.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const headerBytes = 8;
const endOfMessage = 0x01;
const chunkBytes = 64 * 1024;

/** Tells where a client's messages end ([MS-TDS] 2.2.3.1: status bit 0x01 of a packet's header). */
const createBoundaries = (onMessage: () => void): ((chunk: Buffer) => void) => {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= headerBytes) {
      const length = held.readUInt16BE(2);
      if (held.length < length) return;
      const ends = ((held[1] ?? 0) & endOfMessage) !== 0;
      held = held.subarray(length);
      if (ends) onMessage();
    }
  };
};

const answers: Buffer[][] = [];
let recorded = false;

const record = (client: Socket, upstreamPort: number): void => {
  recorded = true;
  const upstream = connect(upstreamPort, '127.0.0.1');
  const boundaries = createBoundaries(() => answers.push([]));
  client.on('data', (chunk) => {
    boundaries(chunk);
    upstream.write(chunk);
  });
  upstream.on('data', (chunk) => {
    answers.at(-1)?.push(chunk);
    client.write(chunk);
  });
  const end = (): void => {
    upstream.destroy();
    client.destroy();
    for (const [index, chunks] of answers.entries()) answers[index] = slices(Buffer.concat(chunks));
  };
  client.on('close', end).on('error', end);
  upstream.on('error', end);
};

const slices = (bytes: Buffer): Buffer[] => {
  const list: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; offset += chunkBytes)
    list.push(bytes.subarray(offset, offset + chunkBytes));
  return list;
};

const replay = (client: Socket): void => {
  client.setNoDelay(true);
  let request = 0;
  const boundaries = createBoundaries(() => {
    const chunks = answers[request] ?? [];
    request += 1;
    let next = 0;
    const send = (): void => {
      while (next < chunks.length) {
        const chunk = chunks[next];
        next += 1;
        if (chunk !== undefined && !client.write(chunk)) {
          client.once('drain', send);
          return;
        }
      }
    };
    send();
  });
  client.on('data', boundaries);
  client.on('error', () => client.destroy());
};

const upstreamPort = Number(process.argv[2]);
const server = createServer((client) => (recorded ? replay(client) : record(client, upstreamPort)));
server.listen(0, '127.0.0.1', () =>
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`),
);
process.stdin.resume().on('end', () => process.exit(0));
