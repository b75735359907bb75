import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { QueueCredentials } from '../contract/index.ts';
import { translateQueueError } from './queue-errors.ts';
import { createSqsClient, type SqsAddress } from './sqs-client.ts';

/**
 * Asks a queue how many messages wait. It proves address, credentials and the way there without taking a message: one that is
 * received here would be hidden from the agent that serves the queue.
 * @throws AgentError QUEUE_…; the signal's reason
 */
export async function lookAtQueue(
  address: SqsAddress,
  credentials: QueueCredentials,
  signal: AbortSignal,
): Promise<number> {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = credentials;
  const provide = async () => ({ accessKeyId, secretAccessKey, sessionToken, expiration: new Date(expiresAt) });
  const { client, destroy } = createSqsClient(provide, address);
  try {
    const answer = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: address.url, AttributeNames: ['ApproximateNumberOfMessages'] }),
      { abortSignal: signal },
    );
    return Number(answer.Attributes?.['ApproximateNumberOfMessages']) || 0;
  } catch (error) {
    signal.throwIfAborted();
    throw translateQueueError(error);
  } finally {
    destroy();
  }
}
