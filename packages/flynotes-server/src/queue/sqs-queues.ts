import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { problemError } from '../http/problem.ts';
import type { DeadLetter, PracticeQueue, QueueProvider } from './queue-provider.ts';

/** How queues are named and made. */
export interface QueueShape {
  /** Begins every queue's name. */
  readonly namePrefix: string;
  /**
   * After so many receives without a delete, a message goes to the dead-letter queue; 12. The agent hands back what it can't do yet at
   * growing pauses, so that this covers two hours of an outage; what is no message it lets through at once, whatever the number.
   */
  readonly receivesMost?: number;
  /** How long a received message is hidden unless the agent says otherwise; 30. */
  readonly visibilityS?: number;
}

const fourteenDaysS = 1_209_600;

/** A service that does not answer is told of within seconds; the SDK by itself waits for as long as the network lets it. */
export const timeLimits = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 8_000, throwOnRequestTimeout: true },
} as const;

/** What SQS itself does the same way everywhere; only the keys come from different places. */
export function createSqsQueues(
  client: SQSClient,
  options: QueueShape & { region: string; endpoint?: string },
): Omit<QueueProvider, 'issueCredentials'> {
  const create = async (name: string, attributes: Record<string, string>): Promise<string> => {
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    if (QueueUrl === undefined) throw new Error('no address of the queue');
    return options.endpoint === undefined ? QueueUrl : atEndpoint(QueueUrl, options.endpoint);
  };
  const kept = { MessageRetentionPeriod: String(fourteenDaysS), SqsManagedSseEnabled: 'true' };
  return {
    forgetful: options.endpoint !== undefined,
    createQueue: (practiceId) =>
      reaching(async () => {
        const name = `${options.namePrefix}${practiceId}`;
        const deadLetterUrl = await create(`${name}-dead-letters`, kept);
        const { Attributes } = await client.send(
          new GetQueueAttributesCommand({ QueueUrl: deadLetterUrl, AttributeNames: ['QueueArn'] }),
        );
        const url = await create(name, {
          ...kept,
          VisibilityTimeout: String(options.visibilityS ?? 30),
          ReceiveMessageWaitTimeSeconds: '20',
          RedrivePolicy: JSON.stringify({
            deadLetterTargetArn: Attributes?.['QueueArn'],
            maxReceiveCount: options.receivesMost ?? 12,
          }),
        });
        const { region, endpoint } = options;
        return { url, deadLetterUrl, region, ...(endpoint === undefined ? {} : { endpoint }) };
      }),
    send: (queue, body) =>
      reaching(async () => {
        const { MessageId } = await client.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: body }));
        if (MessageId === undefined) throw new Error('no message id');
        return { messageId: MessageId };
      }),
    deadLetters: (queue) => reaching(() => look(client, queue)),
    close: () => client.destroy(),
  };
}

/** Emulators give addresses with hosts that do not exist (`sqs.eu-west-2.127.0.0.1`): only account and name count. */
function atEndpoint(queueUrl: string, endpoint: string): string {
  return endpoint.replace(/\/$/, '') + queueUrl.replace(/^[a-z]+:\/\/[^/]*/, '');
}

async function look(client: SQSClient, queue: PracticeQueue): Promise<{ count: number; letters: DeadLetter[] }> {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: queue.deadLetterUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  const count =
    Number(Attributes?.['ApproximateNumberOfMessages'] ?? 0) +
    Number(Attributes?.['ApproximateNumberOfMessagesNotVisible'] ?? 0);
  if (count === 0) return { count, letters: [] };
  // Visible again in two seconds: a look takes nothing away.
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: queue.deadLetterUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 2,
      WaitTimeSeconds: 0,
      MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
    }),
  );
  const letters = Messages.map(({ MessageId = '', Body = '', Attributes: attributes }) => ({
    messageId: MessageId,
    sentAt: attributes?.SentTimestamp === undefined ? null : new Date(Number(attributes.SentTimestamp)).toISOString(),
    receiveCount: Number(attributes?.ApproximateReceiveCount ?? 0),
    body: Body,
  }));
  return { count: Math.max(count, letters.length), letters };
}

/** Translates what the SDK throws. */
export async function reaching<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { name = '' } = error as { name?: string };
    if (name === 'QueueDoesNotExist' || name.endsWith('NonExistentQueue'))
      throw problemError('QUEUE_MISSING', { cause: error });
    throw problemError('QUEUE_UNREACHABLE', {
      detail: 'The queue service did not do what it was asked.',
      retryAfterMs: 5_000,
      cause: error,
    });
  }
}
