import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { SQSClient } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { SdkCredentials } from './queue-credentials.ts';

/** Where the queue is and how it is reached. */
export interface SqsAddress {
  readonly url: string;
  readonly region: string;
  /** Set for emulators alone: without it the SDK goes to the host of the queue's URL. */
  readonly endpoint?: string;
  /**
   * The variables that Node's agents read a proxy from: `{ HTTPS_PROXY, HTTP_PROXY, NO_PROXY }`. The SDK has agents of its own, which do not
   * see Node's global setting.
   */
  readonly proxyEnv?: Readonly<Record<string, string>>;
  /** A long poll takes 20 s; whoever has not answered after this is gone. */
  readonly requestMostMs?: number;
}

const requestMostMs = 30_000;
const connectMostMs = 5_000;
const silent = { trace: noop, debug: noop, info: noop, warn: noop, error: noop };

/** The SDK's client for one queue, and what ends it with all its connections. */
export interface OpenedSqsClient {
  readonly client: SQSClient;
  readonly destroy: () => void;
}

/** Makes a client that waits for nothing without bound and says nothing in logs. */
export function createSqsClient(provide: () => Promise<SdkCredentials>, address: SqsAddress): OpenedSqsClient {
  const agentOptions = {
    keepAlive: true,
    maxSockets: 20,
    ...(address.proxyEnv ? { proxyEnv: { ...address.proxyEnv } } : {}),
  };
  const httpsAgent = new HttpsAgent(agentOptions);
  const httpAgent = new HttpAgent(agentOptions);
  const client = new SQSClient({
    region: address.region,
    ...(address.endpoint === undefined ? {} : { endpoint: address.endpoint }),
    credentials: () => provide(),
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    // The second try is what mends a wrong clock: the refusal tells the right time. Patience is the caller's affair.
    maxAttempts: 2,
    retryMode: 'standard',
    logger: silent,
    requestHandler: new NodeHttpHandler({
      httpsAgent,
      httpAgent,
      connectionTimeout: connectMostMs,
      requestTimeout: address.requestMostMs ?? requestMostMs,
      // Without this the SDK only warns, and waits for a quarter of an hour.
      throwOnRequestTimeout: true,
      logger: silent,
    }),
  });
  return {
    client,
    destroy() {
      client.destroy();
      httpsAgent.destroy();
      httpAgent.destroy();
    },
  };
}

function noop(): void {
  // The SDK's words stay out of our logs: they may quote anything.
}
