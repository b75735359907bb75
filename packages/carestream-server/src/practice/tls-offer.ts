import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

/**
 * How a SQL Server's connections are kept from being overheard, at best: by a TLS that is still good, by TLS 1.0 or 1.1, by none; or
 * nothing told.
 */
export type TlsOffer = 'current' | 'old' | 'none' | 'unknown';

/** Packet types and the header's size ([MS-TDS] 2.2.3.1). */
const preloginType = 0x12;
const headerBytes = 8;
const lastPacket = 0x01;
/** Clients wrap their handshake in packets of this size; every server takes it. */
const packetBytes = 4_096;
/** Longer than any server's answer and certificate together. */
const answerMostBytes = 131_072;
/** Options of PRELOGIN, and ENCRYPT_ON and ENCRYPT_NOT_SUP ([MS-TDS] 2.2.6.5). */
const option = { version: 0x00, encryption: 0x01, terminator: 0xff } as const;
const encryptOn = 0x01;
const encryptNotSupported = 0x02;

/** An answer that no SQL Server gives. */
class NotSqlServer extends Error {}

/**
 * Asks a SQL Server which TLS it speaks at best, by the beginning of a connection that goes no further than the handshake: no login
 * is sent, and no right is needed. What this one connection accepts, and that it trusts any certificate, touches no other.
 *
 * Never throws; whatever goes wrong leaves it unknown.
 */
export async function offeredTls(
  place: { readonly host: string; readonly port: number },
  waitMs: number,
  signal: AbortSignal,
): Promise<TlsOffer> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  const socket = connect({ host: place.host, port: place.port });
  const { promise, resolve } = Promise.withResolvers<TlsOffer>();
  const unknown = (): void => resolve('unknown');
  ended.addEventListener('abort', unknown, { once: true });
  if (ended.aborted) unknown();
  socket.on('error', unknown);
  socket.on('close', unknown);
  const packets = createPackets(socket, unknown);
  packets.onMessage((answer) => {
    try {
      if (encryptionOf(answer) === encryptNotSupported) resolve('none');
      else void handshake(packets).then(resolve, unknown);
    } catch {
      unknown();
    }
  });
  socket.once('connect', () => packets.write(preloginRequest()));
  try {
    return await promise;
  } finally {
    ended.removeEventListener('abort', unknown);
    socket.destroy();
  }
}

/** SQL Server of 2008 has TLS 1.0 and a key that OpenSSL refuses unless told. Versions beyond 1.2 have no place in TDS 7. */
function handshake(packets: Packets): Promise<TlsOffer> {
  const { promise, resolve, reject } = Promise.withResolvers<TlsOffer>();
  const tunnel = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      packets.write(chunk);
      done();
    },
  });
  packets.onMessage((bytes) => void tunnel.push(bytes));
  const tls = connectTls({
    socket: tunnel,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.2',
    ciphers: 'DEFAULT@SECLEVEL=0',
    // Nothing is sent over it: whose certificate this is does not matter.
    rejectUnauthorized: false,
  });
  tls.on('error', reject);
  tls.once('secureConnect', () => {
    const version = tls.getProtocol();
    resolve(version === 'TLSv1.2' ? 'current' : version === 'TLSv1' || version === 'TLSv1.1' ? 'old' : 'unknown');
  });
  return promise.finally(() => tls.destroy());
}

interface Packets {
  write(payload: Buffer): void;
  /** Who is told of whatever the next packets hold; replaces whoever was told before. */
  onMessage(listener: (payload: Buffer) => void): void;
}

/** Payloads in packets: the handshake's flights travel in PRELOGIN packets too ([MS-TDS] 3.2.5.2). */
function createPackets(socket: Socket, onForeign: () => void): Packets {
  let listener: (payload: Buffer) => void = () => undefined;
  let arrived = Buffer.alloc(0);
  let total = 0;
  const take = (): void => {
    while (arrived.length >= headerBytes) {
      const lengthBytes = arrived.readUInt16BE(2);
      const isPacket = arrived[0] === 0x04 || arrived[0] === preloginType;
      if (!isPacket || lengthBytes < headerBytes || total > answerMostBytes) throw new NotSqlServer();
      if (arrived.length < lengthBytes) return;
      const payload = arrived.subarray(headerBytes, lengthBytes);
      arrived = arrived.subarray(lengthBytes);
      listener(payload);
    }
  };
  socket.on('data', (chunk) => {
    arrived = Buffer.concat([arrived, chunk]);
    total += chunk.length;
    try {
      take();
    } catch {
      onForeign();
      socket.destroy();
    }
  });
  return {
    onMessage: (next) => void (listener = next),
    write(payload) {
      if (socket.destroyed) return;
      const bodyBytes = packetBytes - headerBytes;
      for (let at = 0; at < payload.length; at += bodyBytes) {
        const body = payload.subarray(at, at + bodyBytes);
        const header = Buffer.alloc(headerBytes);
        header.writeUInt8(preloginType, 0);
        header.writeUInt8(at + bodyBytes >= payload.length ? lastPacket : 0, 1);
        header.writeUInt16BE(headerBytes + body.length, 2);
        header.writeUInt8(1, 6);
        socket.write(Buffer.concat([header, body]));
      }
    },
  };
}

/** A table of options, each with offset and length, then their data. */
function preloginRequest(): Buffer {
  const tableBytes = 2 * 5 + 1;
  const version = Buffer.from([9, 0, 0, 0, 0, 0]);
  return Buffer.concat([
    Buffer.from([option.version, 0, tableBytes, 0, version.length]),
    Buffer.from([option.encryption, 0, tableBytes + version.length, 0, 1, option.terminator]),
    version,
    Buffer.from([encryptOn]),
  ]);
}

/** @throws NotSqlServer */
function encryptionOf(answer: Buffer): number {
  for (let at = 0; at + 5 <= answer.length && answer[at] !== option.terminator; at += 5) {
    if (answer[at] !== option.encryption) continue;
    const offset = answer.readUInt16BE(at + 1);
    if (offset >= answer.length) break;
    return answer.readUInt8(offset) & 0x0f;
  }
  throw new NotSqlServer();
}
