import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { PACKET, PACKET_HEADER_BYTES, writePacketHeader } from './packet.ts';
import { ProtocolError } from './protocol-error.ts';

/** TLS on the server's side, whose handshake travels inside PRELOGIN packets and whose records then travel bare ([MS-TDS] 2.2.6.5, 3.3.5.2). */
export interface TlsTunnel {
  /** Where plain bytes are written to be encrypted. */
  readonly stream: TLSSocket;
  /** What arrived on the socket. */
  receive(chunk: Buffer): void;
  /** Leaves the socket alone from now on, without a closing alert: login-only encryption simply ends. */
  detach(): void;
}

export interface TlsTunnelHandlers {
  readonly onBytes: (chunk: Buffer) => void;
  readonly onFailure: (error: Error) => void;
}

/** TLS record types: change cipher spec, alert, handshake, application data. No TDS packet type has these numbers. */
const FIRST_RECORD_TYPE = 0x14;
const LAST_RECORD_TYPE = 0x17;
const HANDSHAKE_PACKET_BYTES = 4096;

export function createTlsTunnel(socket: Socket, secureContext: SecureContext, handlers: TlsTunnelHandlers): TlsTunnel {
  let wrapped = true;
  let detached = false;
  const header = Buffer.alloc(PACKET_HEADER_BYTES);
  let headerFilled = 0;
  let bodyLeft = 0;

  const deliver = (bytes: Buffer): void => {
    if (!records.push(bytes)) socket.pause();
  };

  const unwrap = (chunk: Buffer): void => {
    let at = 0;
    while (at < chunk.length) {
      if (bodyLeft > 0) {
        const taken = Math.min(bodyLeft, chunk.length - at);
        deliver(chunk.subarray(at, at + taken));
        bodyLeft -= taken;
        at += taken;
        continue;
      }
      const first = chunk[at]!;
      if (headerFilled === 0 && first >= FIRST_RECORD_TYPE && first <= LAST_RECORD_TYPE) {
        // The client has finished its handshake; both sides go on without packets.
        wrapped = false;
        deliver(chunk.subarray(at));
        return;
      }
      header[headerFilled++] = first;
      at += 1;
      if (headerFilled < PACKET_HEADER_BYTES) continue;
      headerFilled = 0;
      const length = header.readUInt16BE(2);
      if (header[0] !== PACKET.prelogin || length < PACKET_HEADER_BYTES)
        throw new ProtocolError('no TLS handshake where one was agreed');
      bodyLeft = length - PACKET_HEADER_BYTES;
    }
  };

  const send = (chunks: Buffer[], done: (error?: Error | null) => void): void => {
    if (detached || socket.destroyed) {
      done();
      return;
    }
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    socket.write(wrapped ? wrapHandshake(bytes) : bytes, () => done());
  };

  const records = new Duplex({
    read: () => {
      if (!detached) socket.resume();
    },
    // A whole flight arrives here at once: clients expect each flight in one message.
    writev: (parts, done) =>
      send(
        parts.map((part) => part.chunk as Buffer),
        done,
      ),
    write: (chunk: Buffer, _encoding, done) => send([chunk], done),
    final: (done) => {
      if (!detached) socket.end();
      done();
    },
  });

  const stream = new TLSSocket(records, { isServer: true, secureContext });
  const fail = (error: Error): void => {
    if (!detached) handlers.onFailure(error);
  };
  stream.on('data', (chunk: Buffer) => {
    if (!detached) handlers.onBytes(chunk);
  });
  stream.on('error', fail);
  stream.on('tlsClientError', fail);
  stream.on('_tlsError', fail);
  records.on('error', fail);
  socket.on('close', () => {
    if (!detached) stream.destroy();
  });

  return {
    stream,
    receive: (chunk) => {
      if (wrapped) unwrap(chunk);
      else deliver(chunk);
    },
    detach: () => {
      if (detached) return;
      detached = true;
      socket.resume();
      stream.destroy();
    },
  };
}

function wrapHandshake(bytes: Buffer): Buffer {
  const bodyBytes = HANDSHAKE_PACKET_BYTES - PACKET_HEADER_BYTES;
  const packets = Math.max(1, Math.ceil(bytes.length / bodyBytes));
  const target = Buffer.allocUnsafe(bytes.length + packets * PACKET_HEADER_BYTES);
  let to = 0;
  for (let index = 0; index < packets; index += 1) {
    const body = bytes.subarray(index * bodyBytes, (index + 1) * bodyBytes);
    writePacketHeader(target, to, {
      type: PACKET.prelogin,
      last: index === packets - 1,
      lengthBytes: body.length + PACKET_HEADER_BYTES,
      spid: 0,
      sequence: index,
    });
    body.copy(target, to + PACKET_HEADER_BYTES);
    to += body.length + PACKET_HEADER_BYTES;
  }
  return target;
}
