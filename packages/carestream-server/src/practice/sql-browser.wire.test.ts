import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { askBrowser, parseBrowserAnswer, portOfInstance } from './sql-browser.ts';

const signal = new AbortController().signal;

/** [MC-SQLR] 2.2.5: 0x05, the size, the text. */
function answerOf(text: string): Buffer {
  const body = Buffer.from(text, 'latin1');
  const header = Buffer.alloc(3);
  header[0] = 5;
  header.writeUInt16LE(body.length, 1);
  return Buffer.concat([header, body]);
}

const two =
  'ServerName;R4SERVER;InstanceName;MSSQLSERVER;IsClustered;No;Version;10.50.4000.0;tcp;1433;np;\\\\R4SERVER\\pipe\\sql\\query;;' +
  'ServerName;R4SERVER;InstanceName;SQLEXPRESS;IsClustered;No;Version;11.0.2100.60;;' +
  'ServerName;R4SERVER;InstanceName;R4;IsClustered;No;Version;10.0.1600.22;tcp;49172;;';

/** A SQL Server Browser that answers from its `silentFor`-th datagram on. */
async function startBrowser(answers: readonly Buffer[], silentFor = 0) {
  const asked: number[][] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    asked.push([...message]);
    if (asked.length <= silentFor) return;
    for (const answer of answers) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => void socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  return {
    port,
    asked,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void socket.close(() => resolve())),
  };
}

test('asks one machine, and reads what instances it has', async () => {
  await using browser = await startBrowser([answerOf(two)]);
  expect(await askBrowser({ host: '127.0.0.1', port: browser.port, waitMs: 2_000 }, signal)).toEqual([
    { server: 'R4SERVER', instance: 'MSSQLSERVER', version: '10.50.4000.0', tcpPort: 1433 },
    { server: 'R4SERVER', instance: 'SQLEXPRESS', version: '11.0.2100.60' },
    { server: 'R4SERVER', instance: 'R4', version: '10.0.1600.22', tcpPort: 49_172 },
  ]);
  expect(browser.asked).toEqual([[3]]);
});

test('asks again when a datagram got lost', async () => {
  await using browser = await startBrowser([answerOf(two)], 1);
  expect(await askBrowser({ host: '127.0.0.1', port: browser.port, waitMs: 2_000 }, signal)).toHaveLength(3);
  expect(browser.asked).toEqual([[3], [3]]);
});

test('a broadcast gathers every answer until the wait is over', async () => {
  const other = answerOf('ServerName;OTHER;InstanceName;SQL2008;IsClustered;No;Version;10.0.1600.22;tcp;1434;;');
  await using browser = await startBrowser([answerOf(two), other]);
  const found = await askBrowser({ host: '127.0.0.1', port: browser.port, waitMs: 300, broadcast: true }, signal);
  expect(found.map(({ server, instance }) => `${server}\\${instance}`)).toEqual([
    'R4SERVER\\MSSQLSERVER',
    'R4SERVER\\SQLEXPRESS',
    'R4SERVER\\R4',
    'OTHER\\SQL2008',
  ]);
  expect(browser.asked[0]).toEqual([2]);
});

test('nobody answers, nobody is there, no such host: an empty list', async () => {
  await using silent = await startBrowser([]);
  const ask = (host: string, port: number) => askBrowser({ host, port, waitMs: 200 }, signal);
  expect(await ask('127.0.0.1', silent.port)).toEqual([]);
  expect(await ask('127.0.0.1', 9)).toEqual([]);
  expect(await ask('no-such-host.invalid', 1434)).toEqual([]);
});

test('an abort ends the wait', async () => {
  await using silent = await startBrowser([]);
  const stop = new AbortController();
  const asking = askBrowser({ host: '127.0.0.1', port: silent.port, waitMs: 60_000 }, stop.signal);
  setTimeout(() => stop.abort(new Error('enough')), 20);
  await expect(asking).rejects.toThrow('enough');
});

test.each([
  ['R4', 49_172, undefined],
  ['sqlexpress', undefined, /TCP/],
  ['NOPE', undefined, /does not know it/],
])('the port of %s', async (...[instance, port, reason]) => {
  await using browser = await startBrowser([answerOf(two)]);
  const asking = portOfInstance({ server: '127.0.0.1', instance, browserPort: browser.port, waitMs: 1_000 }, signal);
  if (port !== undefined) expect(await asking).toBe(port);
  else
    await expect(asking).rejects.toMatchObject({
      code: 'PRACTICE_INSTANCE_NOT_FOUND',
      details: { host: `127.0.0.1\\${instance}`, reason: expect.stringMatching(reason!) },
    });
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['another message', Buffer.from([4, 1, 0, 65])],
  ['no text', answerOf('')],
  ['a size that is not there', Buffer.from([5, 255, 255, 65, 59, 66])],
  ['names that would break out of a connection string', answerOf('ServerName;X;InstanceName;A}{PWD=x;tcp;1;;')],
  ['names with a space or quote', answerOf("ServerName;a b;InstanceName;'R4';tcp;1;;")],
  ['one name alone', answerOf('ServerName;R4SERVER;;;;;')],
])('an answer that is none: %s', (_, message) => {
  expect(parseBrowserAnswer(message)).toEqual([]);
});

test('a port that is none is left out', () => {
  for (const port of ['0', '65536', '-1', 'x', '1.5', ''])
    expect(parseBrowserAnswer(answerOf(`ServerName;R4;InstanceName;X;tcp;${port};;`))).toEqual([
      { server: 'R4', instance: 'X' },
    ]);
});
