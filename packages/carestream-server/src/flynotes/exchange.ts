import http, { type Agent, type AgentOptions, type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Clock } from '../runtime/index.ts';
import { readBounded } from './answer.ts';

/** A request as it goes over the wire. */
export interface HttpRequest {
  readonly method: 'POST' | 'PUT' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** How long the answer's body may be. */
  readonly answerBytesMost: number;
}

/** What came back, whole. */
export interface HttpAnswer {
  readonly status: number;
  /** The value of a header field, by its name in lower case. */
  header(name: string): string | null;
  readonly text: string;
}

/** Sends requests over connections that it keeps. */
export interface HttpExchange {
  /** Sends one request. @throws what Node's HTTP client fails with */
  (request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
}

/** A proxy or a firewall that swallows connections: whoever has not connected by then never will. */
const connectMostMs = 10_000;
/** After this much silence the system asks whether the other end is still there; routers forget connections that say nothing. */
const probeAfterMs = 30_000;

/** No connection stood in time: the request cannot have arrived. */
export class ConnectTimeout extends Error {
  readonly code = 'CONNECT_TIMEOUT';
}

/**
 * Node's own HTTP client: half a millisecond quicker than fetch, and it keeps a connection as long as the server does, where fetch
 * drops it after four silent seconds unless the server promises more. It follows no redirect: the licence key would go along.
 */
export function createHttpExchange(clock: Clock): HttpExchange {
  const agents = new Map<string, Agent>();

  /** Made when first needed: by then the process has been told of its proxy. */
  const agentFor = (protocol: string): Agent => {
    const known = agents.get(protocol);
    if (known) return known;
    const { globalAgent, Agent } = protocol === 'https:' ? https : http;
    const { proxyEnv } = (globalAgent as { readonly options?: AgentOptions }).options ?? {};
    const options = { keepAlive: true, keepAliveMsecs: probeAfterMs, ...(proxyEnv ? { proxyEnv } : {}) };
    const agent = new Agent(options);
    agents.set(protocol, agent);
    return agent;
  };

  async function once(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { protocol } = request.url;
    const { request: begin } = protocol === 'https:' ? https : http;
    const asked = begin(request.url, {
      method: request.method,
      agent: agentFor(protocol),
      signal,
      headers: {
        ...request.headers,
        ...(request.body ? { 'content-length': String(request.body.byteLength) } : {}),
      },
    });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.once('response', resolve).on('error', reject);
      giveUpConnecting(asked, clock);
      asked.end(request.body);
    }).catch((error: unknown) => {
      throw closedMeanwhile(asked, error) ? new ClosedMeanwhile() : error;
    });
    const header = (name: string) => {
      const value = response.headers[name];
      return (Array.isArray(value) ? value[0] : value) ?? null;
    };
    return {
      status: response.statusCode ?? 0,
      header,
      text: await readBounded(decoded(response), response.statusCode ?? 0, request.answerBytesMost),
    };
  }

  return async (request, signal) => {
    for (;;) {
      try {
        return await once(request, signal);
      } catch (error) {
        // The next kept connection may have been closed too; in the end there is none left, and a new one is made.
        if (!(error instanceof ClosedMeanwhile)) throw error;
      }
    }
  };
}

/** The server closed a kept connection while the request was on its way. Most likely nobody read it, and every call may be repeated. */
class ClosedMeanwhile extends Error {}

function closedMeanwhile(asked: ClientRequest, error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return asked.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
}

function giveUpConnecting(asked: ClientRequest, clock: Clock): void {
  asked.once('socket', (socket) => {
    if (!socket.connecting) return;
    const connected = new AbortController();
    const stop = () => connected.abort();
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', stop).once('close', stop);
    void clock.sleep(connectMostMs, connected.signal).then(
      () => asked.destroy(new ConnectTimeout('no connection in time')),
      () => undefined,
    );
  });
}

/** Nothing coded is asked for; something in between may code it all the same. */
function decoded(response: IncomingMessage): Readable {
  const decoder = decoderOf(response.headers['content-encoding']);
  if (!decoder) return response;
  response.once('error', (error) => decoder.destroy(error));
  decoder.once('close', () => response.destroy());
  return response.pipe(decoder);
}

function decoderOf(coding: string | undefined): Duplex | null {
  switch (coding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return null;
  }
}
