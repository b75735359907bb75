import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { CachedCredentials } from './queue-credentials.ts';
import { refusesCredentials, translateQueueError } from './queue-errors.ts';
import { batchMost, type QueueTransport, type ReceivedMessage } from './queue-transport.ts';

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
  /** How long a message stays hidden once received. */
  readonly visibilityS: number;
  /** A long poll takes 20 s; whoever has not answered after this is gone. */
  readonly requestMostMs?: number;
}

const requestMostMs = 30_000;
const connectMostMs = 5_000;
const silent = { trace: noop, debug: noop, info: noop, warn: noop, error: noop };

/** A {@link QueueTransport} over the AWS SDK: the only file that knows it. */
export function createSqsTransport(credentials: CachedCredentials, address: SqsAddress): QueueTransport {
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
    credentials: () => credentials.provide(),
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

  /** Once more with new credentials where the queue refuses the old ones: the SDK itself would stay stuck until they "expire". */
  async function healing<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    const accessKeyId = credentials.accessKeyId();
    try {
      return await call();
    } catch (error) {
      if (!refusesCredentials(error)) throw translateQueueError(error);
      try {
        if (!(await credentials.replace(accessKeyId))) throw error;
        await client.config.credentials({ forceRefresh: true });
        return await call();
      } catch (second) {
        throw translateQueueError(second);
      }
    }
  }

  return {
    receive: (waitS) =>
      healing(async () => {
        const answer = await client.send(
          new ReceiveMessageCommand({
            QueueUrl: address.url,
            MaxNumberOfMessages: batchMost,
            WaitTimeSeconds: waitS,
            VisibilityTimeout: address.visibilityS,
            MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
          }),
        );
        return (answer.Messages ?? []).map((message): ReceivedMessage => {
          const sentAtMs = Number(message.Attributes?.SentTimestamp);
          return {
            messageId: message.MessageId ?? '',
            receiptHandle: message.ReceiptHandle ?? '',
            body: message.Body ?? '',
            sentAtMs: Number.isSafeInteger(sentAtMs) && sentAtMs > 0 ? sentAtMs : null,
            receiveCount: Number(message.Attributes?.ApproximateReceiveCount) || 1,
          };
        });
      }),
    deleteBatch: (receiptHandles) =>
      healing(async () => {
        const answer = await client.send(
          new DeleteMessageBatchCommand({
            QueueUrl: address.url,
            Entries: receiptHandles.map((ReceiptHandle, place) => ({ Id: String(place), ReceiptHandle })),
          }),
        );
        return failedPlaces(answer.Failed);
      }),
    changeVisibilityBatch: (changes) =>
      healing(async () => {
        const answer = await client.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: address.url,
            Entries: changes.map(({ receiptHandle, visibilityS }, place) => ({
              Id: String(place),
              ReceiptHandle: receiptHandle,
              VisibilityTimeout: visibilityS,
            })),
          }),
        );
        return failedPlaces(answer.Failed);
      }),
    close() {
      client.destroy();
      httpsAgent.destroy();
      httpAgent.destroy();
    },
  };
}

function failedPlaces(failed: readonly { Id?: string | undefined }[] | undefined): number[] {
  return (failed ?? []).map(({ Id }) => Number(Id));
}

function noop(): void {
  // The SDK's words stay out of our logs: they may quote anything.
}
