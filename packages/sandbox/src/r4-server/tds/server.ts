import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { SqlEngine } from '../engine.ts';
import { createCodePages } from './code-page.ts';
import { serveConnection } from './connection.ts';
import { blackHoleStage, createFaults } from './faults.ts';
import type { Faults } from './faults.ts';
import { DEFAULTS } from './options.ts';
import type { TdsEvent, TdsServerOptions } from './options.ts';
import { createServerSecureContext } from './tls-context.ts';

/** A listening server. */
export interface TdsServer {
  readonly port: number;
  readonly address: string;
  /** Connections open now. */
  connections(): number;
  /** Closes all connections and stops listening. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Session ids below 51 are the real server's own. */
const FIRST_CONNECTION_ID = 51;
const LAST_CONNECTION_ID = 32_767;

/**
 * Starts a server that speaks TDS 7.1 to 7.3 and hands what clients ask to `engine`.
 * @param deps `faults` may be changed at any time to make things go wrong on purpose.
 */
export async function createTdsServer(
  deps: { readonly engine: SqlEngine; readonly faults?: Faults },
  options: TdsServerOptions = {},
): Promise<TdsServer> {
  const { engine, faults = createFaults() } = deps;
  const report = (event: TdsEvent): void => {
    try {
      options.onEvent?.(event);
    } catch {
      // An observer's trouble is not the client's.
    }
  };
  const secureContext = await createServerSecureContext(options.tls ?? 'off');
  const context = { engine, faults, codePages: createCodePages(), options, secureContext, report };
  const open = new Map<Socket, { close(): void }>();
  let lastId = FIRST_CONNECTION_ID - 1;

  const listener = createServer({ noDelay: true }, (socket) => {
    socket.on('close', () => open.delete(socket));
    lastId = lastId >= LAST_CONNECTION_ID ? FIRST_CONNECTION_ID : lastId + 1;
    const connectionId = lastId;
    if (faults.arm(['refuse'])?.fire() === true) {
      report({ kind: 'fault', connectionId, fault: 'refuse' });
      socket.on('error', () => undefined);
      socket.resetAndDestroy();
      return;
    }
    if (faults.arm(['black-hole'], (fault) => blackHoleStage(fault) === 'connect')?.fire() === true) {
      report({ kind: 'fault', connectionId, fault: 'black-hole' });
      socket.on('error', () => undefined);
      socket.resume();
      open.set(socket, { close: () => socket.destroy() });
      return;
    }
    open.set(socket, serveConnection(socket, connectionId, context));
  });
  listener.maxConnections = options.maxConnections ?? DEFAULTS.maxConnections;
  listener.listen(options.port ?? 0, options.host ?? DEFAULTS.host);
  await once(listener, 'listening');
  const { port, address } = listener.address() as AddressInfo;

  return {
    port,
    address,
    connections: () => open.size,
    [Symbol.asyncDispose]: async () => {
      const closed = once(listener, 'close');
      listener.close();
      for (const connection of open.values()) connection.close();
      await closed;
    },
  };
}
