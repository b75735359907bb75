import { seededRandom, timesOf } from '@flynotes/testkit';
import { describe, expect, test } from 'vitest';
import { createMemoryEngine } from './memory-engine.ts';
import { PACKET } from './packet.ts';
import { batchBody, clientPacket, connectRaw, HEADERS, login7Body, preloginBody } from './raw-client.fixture.ts';
import type { RawClient } from './raw-client.fixture.ts';
import { createTdsServer } from './server.ts';
import type { TdsEvent, TdsServerOptions } from './options.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_081_107);
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? timesOf(400, 5_000));

async function start(options: TdsServerOptions = {}) {
  let pulled = 0;
  const wide = 'x'.repeat(1000);
  const engine = createMemoryEngine({
    tables: {
      endless: {
        columns: [{ name: 'w', type: { name: 'varchar', length: 1000 }, nullable: false }],
        rows: {
          *[Symbol.iterator]() {
            for (;;) {
              pulled += 1;
              yield [wide];
            }
          },
        },
      },
    },
  });
  const events: TdsEvent[] = [];
  const server = await createTdsServer({ engine }, { ...options, onEvent: (event) => events.push(event) });
  return {
    server,
    engine,
    events,
    port: server.port,
    pulled: () => pulled,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function settled(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500 && !condition(); attempt += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

async function isAlive(port: number): Promise<void> {
  using client = await connectRaw(port);
  await client.login();
  client.send(clientPacket(PACKET.batch, batchBody('select 1')));
  const answer = await client.next();
  expect(answer?.payload[0]).toBe(0x81);
}

const rpc = (...parts: Buffer[]): Buffer => clientPacket(PACKET.rpc, Buffer.concat([HEADERS, ...parts]));
const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >>> 8]);
const EXECUTE = Buffer.concat([u16(0xffff), u16(10), u16(0)]);
const STATEMENT = Buffer.concat([
  Buffer.from([0, 0, 0xe7, 0x40, 0x1f, 9, 4, 0xd0, 0, 0x34]),
  u16(16),
  Buffer.from('select 1', 'utf16le'),
]);

describe('a client that breaks the protocol is disconnected, alone', () => {
  const before: [string, Uint8Array][] = [
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n')],
    ['a packet shorter than its header', Buffer.from([0x12, 1, 0, 3, 0, 0, 0, 0])],
    ['a packet longer than any', Buffer.from([0x12, 1, 0xff, 0xff, 0, 0, 0, 0])],
    ['a PRELOGIN without an end', clientPacket(PACKET.prelogin, Buffer.from([0, 0, 6, 0, 6]))],
    ['a PRELOGIN option outside the packet', clientPacket(PACKET.prelogin, Buffer.from([1, 0xff, 0xff, 0, 1, 0xff]))],
    ['a batch before login', clientPacket(PACKET.batch, batchBody('select 1'))],
    ['an attention before login', clientPacket(PACKET.attention, Buffer.alloc(0))],
    ['an empty LOGIN7', clientPacket(PACKET.login7, Buffer.alloc(0))],
    ['a LOGIN7 cut short', clientPacket(PACKET.login7, login7Body().subarray(0, 60))],
    [
      'a LOGIN7 whose fields lie outside',
      clientPacket(PACKET.login7, Buffer.concat([login7Body().subarray(0, 36), Buffer.alloc(58, 0xff)])),
    ],
    [
      'a login that never ends',
      Buffer.concat(Array.from({ length: 40 }, () => clientPacket(PACKET.login7, Buffer.alloc(4000), 0))),
    ],
    [
      'two PRELOGINs',
      Buffer.concat([clientPacket(PACKET.prelogin, preloginBody(2)), clientPacket(PACKET.prelogin, preloginBody(2))]),
    ],
  ];
  test.each(before)('%s', async (_, bytes) => {
    await using server = await start();
    using client = await connectRaw(server.port);
    client.send(bytes);
    await client.closed();
    expect(server.events.some((event) => event.kind === 'protocol-error')).toBe(true);
    await isAlive(server.port);
  });

  const after: [string, Uint8Array][] = [
    ['headers longer than the message', clientPacket(PACKET.batch, Buffer.from([0xff, 0xff, 0xff, 0x7f, 1, 2, 3, 4]))],
    ['a batch of an odd length', clientPacket(PACKET.batch, Buffer.concat([HEADERS, Buffer.from([1, 2, 3])]))],
    ['an RPC without a call', clientPacket(PACKET.rpc, HEADERS)],
    ['a parameter that ends too early', rpc(EXECUTE, STATEMENT.subarray(0, 12))],
    ['a value longer than the message', rpc(EXECUTE, Buffer.from([0, 0, 0xa5, 0x40, 0x1f, 0xff, 0x7f, 1]))],
    [
      'parts without an end',
      rpc(
        EXECUTE,
        Buffer.from([0, 0, 0xa5, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 4, 0, 0, 0, 1]),
      ),
    ],
    ['a decimal of impossible precision', rpc(EXECUTE, Buffer.from([0, 0, 0x6a, 17, 99, 3, 0]))],
    ['a second login', clientPacket(PACKET.login7, login7Body())],
    ['a bulk load', clientPacket(PACKET.bulkLoad, Buffer.alloc(10))],
    [
      'a type that changes within a message',
      Buffer.concat([clientPacket(PACKET.batch, Buffer.alloc(4), 0), clientPacket(PACKET.rpc, Buffer.alloc(4))]),
    ],
    [
      'requests without waiting for answers',
      Buffer.concat(Array.from({ length: 50 }, () => clientPacket(PACKET.batch, batchBody("waitfor delay '50'")))),
    ],
  ];
  test.each(after)('%s', async (_, bytes) => {
    await using server = await start();
    using client = await connectRaw(server.port);
    await client.login();
    client.send(bytes);
    await client.closed();
    expect(server.events.some((event) => event.kind === 'protocol-error')).toBe(true);
    await settled(() => server.engine.sessions.size === 0);
    await isAlive(server.port);
  });

  test('a request larger than allowed', async () => {
    await using server = await start({ maxRequestBytes: 100_000 });
    using client = await connectRaw(server.port);
    await client.login();
    for (let sent = 0; sent < 120_000; sent += 30_000) client.send(clientPacket(PACKET.batch, Buffer.alloc(30_000), 0));
    await client.closed();
    expect(server.events).toContainEqual({
      kind: 'protocol-error',
      connectionId: 51,
      message: 'a message of more than 100000 bytes',
    });
  });

  test('a client that never logs in', async () => {
    await using server = await start({ loginTimeoutMs: 50 });
    using client = await connectRaw(server.port);
    await client.closed();
    await settled(() => server.server.connections() === 0);
  });

  test('no TLS where TLS was agreed', async () => {
    await using server = await start({ tls: '1.2' });
    for (const bytes of [
      clientPacket(PACKET.login7, login7Body()),
      Buffer.from([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]),
      Buffer.alloc(2000, 0x17),
    ]) {
      using client = await connectRaw(server.port);
      client.send(clientPacket(PACKET.prelogin, preloginBody(1)));
      expect((await client.next())?.type).toBe(PACKET.reply);
      client.send(bytes);
      await client.closed();
    }
  });
});

test('an unknown type is an error, and the connection goes on', async () => {
  await using server = await start();
  using client = await connectRaw(server.port);
  await client.login();
  client.send(rpc(EXECUTE, Buffer.from([0, 0, 0xf3, 0, 0, 0])));
  const answer = await client.next();
  expect(answer?.payload[0]).toBe(0xaa);
  expect(answer?.payload.readUInt32LE(3)).toBe(8009);
  client.send(rpc(EXECUTE, STATEMENT));
  expect((await client.next())?.payload[0]).toBe(0x81);
});

test('a client that stops reading stops the rows', async () => {
  await using server = await start();
  using client = await connectRaw(server.port);
  await client.login();
  client.socket.pause();
  client.send(clientPacket(PACKET.batch, batchBody('select * from endless')));
  let last = -1;
  await settled(() => server.pulled() > 0);
  for (let attempt = 0; attempt < 100 && last !== server.pulled(); attempt += 1) {
    last = server.pulled();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(server.pulled()).toBe(last);
  // The kernel's buffers on both sides hold some megabytes; the server adds less than one.
  expect(last).toBeLessThan(32_000);
  await isAlive(server.port);
  client.socket.destroy();
  await settled(() => server.engine.sessions.size === 0);
});

test(`random bytes, mutated and cut messages (seed ${SEED}, ${ROUNDS} rounds)`, async () => {
  await using server = await start({ tls: '1.2' });
  const random = seededRandom(SEED);
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random(256)));
  const valid: (() => Buffer)[] = [
    () => clientPacket(PACKET.prelogin, preloginBody(random(5))),
    () => clientPacket(PACKET.login7, login7Body({ packetSize: random(70_000) })),
    () => clientPacket(PACKET.batch, batchBody('select 1')),
    () => clientPacket(PACKET.attention, Buffer.alloc(0)),
    () => rpc(EXECUTE, STATEMENT),
    () => rpc(EXECUTE, STATEMENT, Buffer.from([0, 0, random(256)]), bytes(random(40))),
    () => clientPacket(PACKET.transaction, Buffer.concat([HEADERS, u16(random(12)), bytes(random(6))])),
    () => clientPacket(random(32), bytes(random(200)), random(256)),
    () => bytes(random(300)),
  ];
  const send = (client: RawClient): void => {
    let message = valid[random(valid.length)]!();
    if (random(3) === 0)
      for (let flips = 1 + random(6); flips > 0 && message.length > 0; flips -= 1)
        message[random(message.length)] = random(256);
    if (random(6) === 0) message = message.subarray(0, random(message.length + 1));
    client.send(message);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    using client = await connectRaw(server.port);
    if (random(2) === 0) client.send(clientPacket(PACKET.login7, login7Body()));
    for (let messages = 1 + random(6); messages > 0; messages -= 1) send(client);
    if (random(4) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    client.socket.end();
    if (round % 50 === 0) await isAlive(server.port);
  }
  await settled(() => server.server.connections() === 0);
  expect(server.engine.sessions.size).toBe(0);
  expect(server.events.filter((event) => event.kind === 'internal-error')).toEqual([]);
  await isAlive(server.port);
});
