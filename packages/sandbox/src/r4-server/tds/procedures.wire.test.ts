import { expect, test } from 'vitest';
import { createFaults } from './faults.ts';
import { createMemoryEngine } from './memory-engine.ts';
import type { TdsEvent } from './options.ts';
import { PACKET } from './packet.ts';
import { batchBody, clientPacket, connectRaw, HEADERS } from './raw-client.fixture.ts';
import { createTdsServer } from './server.ts';
import { ENV, TOKEN_TYPE } from './tokens.ts';

const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >>> 8]);
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const call = (id: number): Buffer => Buffer.concat([u16(0xffff), u16(id), u16(0)]);
const int = (value: number, status = 0): Buffer => Buffer.from([0, status, 0x26, 4, 4, value, 0, 0, 0]);
const text = (value: string): Buffer =>
  Buffer.concat([Buffer.from([0, 0, 0xe7, 0x40, 0x1f, 9, 4, 0xd0, 0, 0x34]), u16(value.length * 2), utf16(value)]);
const nullText = Buffer.from([0, 0, 0xe7, 0x40, 0x1f, 9, 4, 0xd0, 0, 0x34, 0xff, 0xff]);
const NEXT = Buffer.from([0xff]);

test('three calls in one request: prepared and run, run by its handle, given back', async () => {
  await using server = await createTdsServer({ engine: createMemoryEngine() });
  using client = await connectRaw(server.port);
  await client.login();
  const calls = [call(13), int(0, 1), nullText, text('select 1'), NEXT, call(12), int(1), NEXT, call(15), int(1)];
  client.send(clientPacket(PACKET.rpc, Buffer.concat([HEADERS, ...calls])));
  const { payload } = (await client.next())!;
  const endings: number[] = [];
  for (let at = payload.indexOf(TOKEN_TYPE.doneProc); at !== -1; at = payload.indexOf(TOKEN_TYPE.doneProc, at + 13))
    endings.push(payload.readUInt16LE(at + 1));
  expect(endings).toEqual([1, 1, 0]);
  // The handle: ordinal 0, no name, output, user type 0, no flags, INTN(4), four bytes, 1.
  expect(
    payload.includes(Buffer.from([TOKEN_TYPE.returnValue, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x26, 4, 4, 1, 0, 0, 0])),
  ).toBe(true);
  client.send(clientPacket(PACKET.rpc, Buffer.concat([HEADERS, call(12), int(1)])));
  const gone = (await client.next())!.payload;
  expect([gone[0], gone.readUInt32LE(3)]).toEqual([TOKEN_TYPE.error, 8179]);
});

test.each([0x08, 0x10])('the reset bit 0x%s in a packet header comes before the request', async (bit) => {
  const engine = createMemoryEngine();
  await using server = await createTdsServer({ engine });
  using client = await connectRaw(server.port);
  await client.login();
  client.send(clientPacket(PACKET.batch, batchBody('use Tutor')));
  await client.next();
  client.send(clientPacket(PACKET.batch, batchBody('select 1'), 0x01 | bit));
  const { payload } = (await client.next())!;
  expect([...payload.subarray(0, 6)]).toEqual([TOKEN_TYPE.envChange, 3, 0, ENV.resetAck, 0, 0]);
  expect([payload[6], payload[9]]).toEqual([TOKEN_TYPE.envChange, ENV.database]);
  expect([...engine.sessions][0]?.database).toBe('sys2000');
});

test("a deadlock's victim loses its transaction", async () => {
  const events: TdsEvent[] = [];
  const faults = createFaults();
  const executed: string[] = [];
  const engine = createMemoryEngine();
  const spied = {
    ...engine,
    login: (request: Parameters<typeof engine.login>[0]) => {
      const session = engine.login(request);
      return {
        ...session,
        execute: (sql: string, parameters: Parameters<typeof session.execute>[1]) => (
          executed.push(sql),
          session.execute(sql, parameters)
        ),
      };
    },
  };
  await using server = await createTdsServer({ engine: spied, faults }, { onEvent: (event) => events.push(event) });
  using client = await connectRaw(server.port);
  await client.login();
  client.send(clientPacket(PACKET.transaction, Buffer.concat([HEADERS, Buffer.from([5, 0, 2, 0])])));
  const begun = (await client.next())!.payload;
  expect(begun[3]).toBe(ENV.begin);
  faults.add({ kind: 'deadlock', times: 1 });
  client.send(clientPacket(PACKET.batch, batchBody('select 1')));
  const { payload } = (await client.next())!;
  expect([payload[0], payload.readUInt32LE(3)]).toEqual([TOKEN_TYPE.error, 1205]);
  expect(executed).toEqual(['BEGIN TRANSACTION', 'ROLLBACK TRANSACTION']);
  expect(payload.includes(Buffer.concat([Buffer.from([ENV.rollback, 0, 8]), begun.subarray(5, 13)]))).toBe(true);
  expect(events).toContainEqual({ kind: 'fault', connectionId: 51, fault: '1205' });
});
