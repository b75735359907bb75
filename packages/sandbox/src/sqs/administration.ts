import * as z from 'zod';
import { queueNameOf } from './guard.ts';
import type { AdminCredentials } from './keys.ts';
import { signHeaders } from './signature.ts';

/** A practice's queue and the queue that takes what cannot be handled. */
export interface PracticeQueue {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

/** A message as it lies in a queue. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly body: string;
  readonly receiveCount: number;
}

/** What lies in a queue, by state; looking changes nothing. */
export interface QueueContents {
  readonly ready: readonly QueuedMessage[];
  readonly delayed: readonly QueuedMessage[];
  readonly inFlight: readonly QueuedMessage[];
}

/** What an administrator does; over the wire with the long-term credentials, but for `contents`. */
export interface QueueAdministration {
  /** A standard queue with a dead-letter queue, as Flynotes makes them for a practice. Creating it again changes nothing. */
  createPracticeQueue(
    name: string,
    options?: { readonly receivesMost?: number; readonly visibilityS?: number },
  ): Promise<PracticeQueue>;
  deleteQueue(queueUrl: string): Promise<void>;
  sendMessage(queueUrl: string, body: string): Promise<{ readonly messageId: string }>;
  /** Null where there is no such queue. */
  contents(queueUrl: string): Promise<QueueContents | null>;
}

const messageSchema = z.object({ messageId: z.string(), body: z.string(), approximateReceiveCount: z.number() });
const inspectionSchema = z.object({
  messages: z.object({
    ready: z.array(messageSchema),
    delayed: z.array(messageSchema),
    inflight: z.array(z.object({ message: messageSchema })),
  }),
});

/** @see {@link QueueAdministration} */
export function createQueueAdministration(deps: {
  readonly endpoint: string;
  readonly region: string;
  readonly admin: AdminCredentials;
  readonly now: () => number;
  inspect(queueName: string): Promise<unknown>;
}): QueueAdministration {
  async function call<Answer>(action: string, request: object, schema: z.ZodType<Answer>): Promise<Answer> {
    const body = Buffer.from(JSON.stringify(request));
    const { host } = new URL(deps.endpoint);
    const signed = signHeaders(
      {
        method: 'POST',
        target: '/',
        headers: { host, 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
        body,
      },
      { ...deps.admin, region: deps.region, service: 'sqs' },
      deps.now(),
    );
    const { host: _host, ...headers } = signed;
    const answer = await fetch(deps.endpoint, { method: 'POST', headers, body, signal: AbortSignal.timeout(30_000) });
    if (!answer.ok) throw new Error(`${action} was answered with ${answer.status}: ${await answer.text()}`);
    const text = await answer.text();
    return schema.parse(text === '' ? {} : JSON.parse(text));
  }

  const queueUrlSchema = z.object({ QueueUrl: z.string() });
  return {
    async createPracticeQueue(name, options = {}) {
      const deadLetter = await call('CreateQueue', { QueueName: `${name}-dead-letter` }, queueUrlSchema);
      const attributes = await call(
        'GetQueueAttributes',
        { QueueUrl: deadLetter.QueueUrl, AttributeNames: ['QueueArn'] },
        z.object({ Attributes: z.object({ QueueArn: z.string() }) }),
      );
      const redrive = {
        deadLetterTargetArn: attributes.Attributes.QueueArn,
        maxReceiveCount: options.receivesMost ?? 12,
      };
      const queue = await call(
        'CreateQueue',
        {
          QueueName: name,
          Attributes: { VisibilityTimeout: String(options.visibilityS ?? 30), RedrivePolicy: JSON.stringify(redrive) },
        },
        queueUrlSchema,
      );
      return { queueUrl: queue.QueueUrl, deadLetterQueueUrl: deadLetter.QueueUrl };
    },
    async deleteQueue(queueUrl) {
      await call('DeleteQueue', { QueueUrl: queueUrl }, z.unknown());
    },
    async sendMessage(queueUrl, body) {
      const sent = await call(
        'SendMessage',
        { QueueUrl: queueUrl, MessageBody: body },
        z.object({ MessageId: z.string() }),
      );
      return { messageId: sent.MessageId };
    },
    async contents(queueUrl) {
      const parsed = inspectionSchema.nullable().parse(await deps.inspect(queueNameOf(queueUrl)));
      if (!parsed) return null;
      const { ready, delayed, inflight } = parsed.messages;
      const plain = (message: z.infer<typeof messageSchema>): QueuedMessage => ({
        messageId: message.messageId,
        body: message.body,
        receiveCount: message.approximateReceiveCount,
      });
      return {
        ready: ready.map(plain),
        delayed: delayed.map(plain),
        inFlight: inflight.map(({ message }) => plain(message)),
      };
    },
  };
}
