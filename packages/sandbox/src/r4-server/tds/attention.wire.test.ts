import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import type { TdsEvent } from './options.ts';
import { createMemoryEngine } from './memory-engine.ts';
import { createMessageReader, PACKET, PACKET_HEADER_BYTES } from './packet.ts';
import type { Message } from './packet.ts';
import { batchBody, clientPacket, connectRaw, login7Body, preloginBody } from './raw-client.fixture.ts';
import { createTdsServer } from './server.ts';
import { DONE, TOKEN_TYPE } from './tokens.ts';

const ATTENTION = clientPacket(PACKET.attention, Buffer.alloc(0));
const batch = (text: string, status = 1): Buffer => clientPacket(PACKET.batch, batchBody(text), status);

/** The status of the DONE that ends a message. */
function endOf(message: Message | undefined): { type: number; status: number } {
  const done = message!.payload.subarray(-13);
  return { type: done[0]!, status: done.readUInt16LE(1) };
}

const acknowledged = { type: TOKEN_TYPE.done, status: DONE.attention };

test('an attention is acknowledged once, in a message of its own, after the end of what it stopped', async () => {
  await using server = await createTdsServer({ engine: createMemoryEngine() });
  using client = await connectRaw(server.port);
  await client.login();
  client.send(batch("waitfor delay '60000'"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.send(ATTENTION);
  expect(endOf(await client.next())).toEqual({ type: TOKEN_TYPE.done, status: DONE.final });
  expect(endOf(await client.next())).toEqual(acknowledged);
  client.send(ATTENTION);
  expect(endOf(await client.next())).toEqual(acknowledged);
  client.send(Buffer.concat([batch('select 1'), ATTENTION, batch('select 1')]));
  const seen = [endOf(await client.next()), endOf(await client.next()), endOf(await client.next())];
  expect(seen).toEqual([
    { type: TOKEN_TYPE.done, status: DONE.count },
    acknowledged,
    { type: TOKEN_TYPE.done, status: DONE.count },
  ]);
});

test('a request that the client took back is answered without being run', async () => {
  const events: TdsEvent[] = [];
  await using server = await createTdsServer(
    { engine: createMemoryEngine() },
    { onEvent: (event) => events.push(event) },
  );
  using client = await connectRaw(server.port);
  await client.login();
  client.send(batch('select 1', 0x03));
  expect(endOf(await client.next())).toEqual({ type: TOKEN_TYPE.done, status: DONE.final });
  expect(events.some((event) => event.kind === 'statement')).toBe(false);
});

test('Windows authentication is refused as by a server outside the domain', async () => {
  await using server = await createTdsServer({ engine: createMemoryEngine() });
  using client = await connectRaw(server.port);
  client.send(clientPacket(PACKET.login7, login7Body({ user: '', password: '', flags2: 0x80 })));
  const answer = await client.next();
  expect(answer?.payload[0]).toBe(TOKEN_TYPE.error);
  expect(answer?.payload.readUInt32LE(3)).toBe(18_452);
  await client.closed();
});

test('login-only encryption: the password through TLS, the rest in the clear', async () => {
  const events: TdsEvent[] = [];
  await using server = await createTdsServer(
    { engine: createMemoryEngine() },
    { tls: '1.2', onEvent: (event) => events.push(event) },
  );
  using client = await connectRaw(server.port);
  client.send(clientPacket(PACKET.prelogin, preloginBody(0)));
  await client.next();
  const { socket } = client;
  socket.removeAllListeners('data');
  const secure = await handshake(socket);
  const answered = nextMessage(socket);
  secure.write(clientPacket(PACKET.login7, login7Body()));
  // Not decrypted by anyone on the way: the answer is plain packets on the socket.
  expect((await answered).payload[0]).toBe(TOKEN_TYPE.envChange);
  const row = nextMessage(socket);
  socket.write(batch('select 1'));
  expect((await row).payload[0]).toBe(TOKEN_TYPE.colMetadata);
  expect(events.find((event) => event.kind === 'login')).toMatchObject({ encryption: 'login-only' });
});

function nextMessage(socket: NodeJS.ReadableStream): Promise<Message> {
  return new Promise((resolve) => {
    const reader = createMessageReader({ maxMessageBytes: () => 1e6, onMessage: resolve });
    socket.removeAllListeners('data');
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
  });
}

/** A client's side of the handshake inside PRELOGIN packets; afterwards records travel bare. */
async function handshake(socket: NodeJS.ReadWriteStream): Promise<TLSSocket> {
  let wrapped = true;
  let flights = 0;
  const records = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      socket.write(wrapped ? clientPacket(PACKET.prelogin, chunk) : chunk);
      done();
    },
  });
  const reader = createMessageReader({
    maxMessageBytes: () => 1e6,
    onMessage: ({ type, payload }) => {
      expect(type).toBe(PACKET.prelogin);
      flights += 1;
      records.push(payload);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    expect(chunk.length).toBeGreaterThan(PACKET_HEADER_BYTES);
    reader.push(chunk);
  });
  const secure = connectTls({ socket: records, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  await new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', resolve);
    secure.once('error', reject);
  });
  wrapped = false;
  // Each of the server's two flights arrives as one message.
  expect(flights).toBe(2);
  return secure;
}
