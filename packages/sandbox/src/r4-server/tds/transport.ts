import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { PacketSink } from './reply.ts';
import { createTlsTunnel } from './tls-tunnel.ts';
import type { TlsTunnel } from './tls-tunnel.ts';

/** The bytes of one connection, in the clear or through TLS. */
export interface Transport extends PacketSink {
  /** From here on TLS, its handshake inside PRELOGIN packets. */
  startTls(context: SecureContext): void;
  /** Login-only encryption: from here on in the clear. */
  dropTls(): void;
  /** Closes after what was written has gone out. */
  finish(done: () => void): void;
  destroy(): void;
}

export interface TransportHandlers {
  readonly onBytes: (chunk: Buffer) => void;
  readonly onFailure: (error: Error) => void;
}

export function createTransport(socket: Socket, handlers: TransportHandlers): Transport {
  let tunnel: TlsTunnel | undefined;

  socket.on('data', (chunk: Buffer) => {
    try {
      if (tunnel !== undefined) tunnel.receive(chunk);
      else handlers.onBytes(chunk);
    } catch (error) {
      handlers.onFailure(error instanceof Error ? error : new Error(String(error)));
    }
  });

  const writer = (): NodeJS.WritableStream & { readonly writableNeedDrain: boolean } => tunnel?.stream ?? socket;

  return {
    get closed() {
      return socket.destroyed;
    },
    write: (packets, sent) => {
      if (socket.destroyed) return undefined;
      const stream = writer();
      if (stream.write(packets, () => sent())) return undefined;
      return new Promise((resolve) => {
        const settle = (): void => {
          stream.removeListener('drain', settle);
          socket.removeListener('close', settle);
          resolve();
        };
        stream.on('drain', settle);
        socket.on('close', settle);
      });
    },
    startTls: (context) => {
      tunnel = createTlsTunnel(socket, context, handlers);
    },
    dropTls: () => {
      tunnel?.detach();
      tunnel = undefined;
    },
    finish: (done) => {
      (tunnel?.stream ?? socket).end(done);
    },
    destroy: () => {
      tunnel?.detach();
      socket.destroy();
    },
  };
}
