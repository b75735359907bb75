import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { DEFAULT_CIPHERS, DEFAULT_MIN_VERSION, connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { createR4Server, type R4ServerOptions, type TdsEvent } from '@flynotes/sandbox/r4-server';
import { describe, expect, test } from 'vitest';
import { createSelfSignedCertificate } from '../../../sandbox/src/r4-server/tds/certificate.ts';
import { testDrivers } from './driver-rig.ts';
import { createPracticeRig } from './practice-rig.ts';
import { offeredTls } from './tls-offer.ts';

const signal = new AbortController().signal;
const plenty = 5_000;

/** Somebody who is no SQL Server. */
async function other(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).resume();
    answer(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    open: () => [...sockets].filter((socket) => !socket.destroyed).length,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

const packet = (type: number, payload: Buffer): Buffer => {
  const header = Buffer.from([type, 1, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(8 + payload.length, 2);
  return Buffer.concat([header, payload]);
};

describe('what a server offers', () => {
  test.each([
    ['1.2', 'current'],
    ['1.0-only', 'old'],
    ['off', 'none'],
  ] as const)('TLS %s: %s; nobody logs in, nothing stays open', async (tls, offer) => {
    const events: TdsEvent[] = [];
    await using server = await createR4Server({ patients: 1, tls, onEvent: (event) => void events.push(event) });
    expect(await offeredTls({ host: '127.0.0.1', port: server.port }, plenty, signal)).toBe(offer);
    await expect.poll(() => server.connections()).toBe(0);
    expect(events.filter(({ kind }) => kind !== 'connected' && kind !== 'closed')).toEqual([]);
  });

  test.each([
    ['a web server', (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['one that hangs up', (socket: Socket) => void socket.end()],
    ['a table without encryption', (socket: Socket) => void socket.write(packet(4, Buffer.from([0, 0, 6, 0, 1, 255])))],
    ['an option outside the packet', (socket: Socket) => void socket.write(packet(4, Buffer.from([1, 99, 99, 0, 1])))],
    ['an empty packet', (socket: Socket) => void socket.write(packet(4, Buffer.alloc(0)))],
    ['a length below the header', (socket: Socket) => void socket.write(Buffer.from([4, 1, 0, 2, 0, 0, 0, 0]))],
    [
      'no handshake where one was agreed',
      (socket: Socket) => {
        socket.write(packet(4, Buffer.from([1, 0, 6, 0, 1, 255, 1])));
        socket.on('data', () => socket.write(packet(18, Buffer.from('no handshake'))));
      },
    ],
    [
      'packets without end',
      (socket: Socket) => {
        const more = (): void => {
          while (!socket.destroyed && socket.write(packet(18, Buffer.alloc(30_000))));
        };
        socket.write(packet(4, Buffer.from([1, 0, 6, 0, 1, 255, 1])));
        socket.on('drain', more);
        more();
      },
    ],
  ])('%s: not known', async (_, answer) => {
    await using server = await other(answer);
    expect(await offeredTls({ host: '127.0.0.1', port: server.port }, plenty, signal)).toBe('unknown');
    await expect.poll(() => server.open()).toBe(0);
  });

  test('silence, a closed port, no such host, an abort: not known, and nothing stays open', async () => {
    await using silent = await other(() => undefined);
    expect(await offeredTls({ host: '127.0.0.1', port: silent.port }, 50, signal)).toBe('unknown');
    await expect.poll(() => silent.open()).toBe(0);
    const stopped = AbortSignal.abort(new Error('enough'));
    expect(await offeredTls({ host: '127.0.0.1', port: silent.port }, plenty, stopped)).toBe('unknown');
    const closed = silent.port;
    await silent[Symbol.asyncDispose]();
    expect(await offeredTls({ host: '127.0.0.1', port: closed }, plenty, signal)).toBe('unknown');
    expect(await offeredTls({ host: 'no-such-host.invalid', port: 1433 }, plenty, signal)).toBe('unknown');
  });

  test('an answer that comes byte by byte is the same answer', async () => {
    await using behind = await createR4Server({ patients: 1, tls: '1.0-only' });
    await using slow = await other((socket) => {
      const onward = connect({ host: '127.0.0.1', port: behind.port });
      onward.on('error', () => undefined);
      socket.pipe(onward);
      onward.on('data', (chunk) => {
        for (const byte of chunk) socket.write(Buffer.of(byte));
      });
      socket.on('close', () => onward.destroy());
    });
    expect(await offeredTls({ host: '127.0.0.1', port: slow.port }, plenty, signal)).toBe('old');
  });
});

const startRig = async (driver: (typeof testDrivers)[number], options: R4ServerOptions) =>
  createPracticeRig(driver.reached(await createR4Server({ patients: 30, seed: 7, ...options })));

for (const driver of testDrivers) {
  describe.runIf(driver.present)(`over ${driver.title}`, () => {
    test.each([
      ['1.0-only', 'old'],
      ['1.2', 'current'],
      ['off', 'none'],
    ] as const)('TLS %s is known to be %s', async (tls, offer) => {
      await using rig = await startRig(driver, { tls });
      await using reader = await rig.open();
      expect(reader.schema.tls).toBe(offer);
      expect(reader.schema.warnings.includes('PRACTICE_TLS_OLD')).toBe(offer === 'old');
      expect(rig.log.events.some(({ fields }) => fields['code'] === 'PRACTICE_TLS_OLD')).toBe(offer === 'old');
    });

    test('an old TLS to SQL Server weakens nothing else in the process', async () => {
      await using rig = await startRig(driver, { tls: '1.0-only' });
      const before = [DEFAULT_MIN_VERSION, DEFAULT_CIPHERS];
      await using reader = await rig.open();
      await reader.readPatient(1_000_005, signal);
      expect(reader.schema.tls).toBe('old');
      expect([DEFAULT_MIN_VERSION, DEFAULT_CIPHERS]).toEqual(before);
      // Somebody else who speaks the same old TLS, while that connection is open.
      const certificate = await createSelfSignedCertificate({
        commonName: '127.0.0.1',
        modulusBits: 1024,
        digest: 'sha1',
      });
      const old = createTlsServer({
        ...certificate,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      old.on('tlsClientError', () => undefined);
      await new Promise<void>((resolve) => void old.listen(0, '127.0.0.1', resolve));
      const { port } = old.address() as AddressInfo;
      const refused = await new Promise<Error | null>((resolve) => {
        const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => resolve(null));
        socket.on('error', resolve);
      });
      expect(refused).toMatchObject({ code: expect.stringMatching(/SSL|PROTOCOL|ECONNRESET/) });
      await expect(fetch(`https://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed');
      await new Promise<void>((resolve) => void old.close(() => resolve()));
      expect(process.env['NODE_TLS_REJECT_UNAUTHORIZED']).toBeUndefined();
    });
  });
}
