import { SQSClient } from '@aws-sdk/client-sqs';
import { queueCredentialsSchema } from '@flynotes/carestream-server/api';
import type { QueueProvider } from './queue-provider.ts';
import { createSqsQueues, reaching, timeLimits } from './sqs-queues.ts';
import type { QueueShape } from './sqs-queues.ts';

/** Queues in an emulator. */
export interface LocalQueueOptions extends QueueShape {
  readonly region: string;
  readonly sqsEndpoint: string;
  /** `POST {issuerUrl}/credentials` with `{ queueUrl, durationS }` gives temporary keys. */
  readonly issuerUrl: string;
  /** This server's own keys for the emulator. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
}

/** Queues of an SQS emulator, with keys from an issuer over HTTP. */
export function createLocalQueues(options: LocalQueueOptions): QueueProvider {
  const { region, sqsEndpoint, issuerUrl } = options;
  const client = new SQSClient({
    ...timeLimits,
    region,
    endpoint: sqsEndpoint,
    credentials: {
      accessKeyId: options.accessKeyId ?? 'flynotes-server',
      secretAccessKey: options.secretAccessKey ?? 'flynotes-server',
    },
  });
  return {
    ...createSqsQueues(client, { ...options, endpoint: sqsEndpoint }),
    issueCredentials: (queue, durationS) =>
      reaching(async () => {
        const answer = await fetch(`${issuerUrl.replace(/\/$/, '')}/credentials`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ queueUrl: queue.url, durationS }),
          signal: AbortSignal.timeout(10_000),
        });
        if (!answer.ok) throw new Error(`the issuer answered ${answer.status}`);
        return queueCredentialsSchema.parse(await answer.json());
      }),
  };
}
