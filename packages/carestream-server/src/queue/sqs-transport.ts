import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import type { CachedCredentials } from './queue-credentials.ts';
import { refusesCredentials, translateQueueError } from './queue-errors.ts';
import { createSqsClient, type SqsAddress } from './sqs-client.ts';
import { batchMost, type QueueTransport, type ReceivedMessage } from './queue-transport.ts';

/** A {@link QueueTransport} over the AWS SDK: the only file that knows it. */
export function createSqsTransport(
  credentials: CachedCredentials,
  address: SqsAddress & { /** How long a message stays hidden once received. */ readonly visibilityS: number },
): QueueTransport {
  const { client, destroy } = createSqsClient(() => credentials.provide(), address);

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
    close: () => destroy(),
  };
}

function failedPlaces(failed: readonly { Id?: string | undefined }[] | undefined): number[] {
  return (failed ?? []).map(({ Id }) => Number(Id));
}
