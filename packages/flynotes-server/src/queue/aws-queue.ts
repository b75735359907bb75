import { SQSClient } from '@aws-sdk/client-sqs';
import { GetFederationTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { federationPolicy, queueArnOf } from './federation-policy.ts';
import type { QueueProvider } from './queue-provider.ts';
import { createSqsQueues, reaching, timeLimits } from './sqs-queues.ts';
import type { QueueShape } from './sqs-queues.ts';

/** How AWS is reached. Keys are found as AWS's tools find them: environment, profile, role. They must be an IAM user's. */
export interface AwsQueueOptions extends QueueShape {
  readonly region: string;
  /** Only for tests. */
  readonly stsEndpoint?: string;
  readonly sqsEndpoint?: string;
}

/** Real queues, and federated keys of at most 36 hours to one of them each. */
export function createAwsQueues(options: AwsQueueOptions): QueueProvider {
  const { region, stsEndpoint, sqsEndpoint } = options;
  const sqs = new SQSClient({ ...timeLimits, region, ...(sqsEndpoint === undefined ? {} : { endpoint: sqsEndpoint }) });
  const sts = new STSClient({ ...timeLimits, region, ...(stsEndpoint === undefined ? {} : { endpoint: stsEndpoint }) });
  return {
    ...createSqsQueues(sqs, options),
    issueCredentials: (queue, durationS) =>
      reaching(async () => {
        const { Credentials } = await sts.send(
          new GetFederationTokenCommand({
            // Shown in CloudTrail; 2 to 32 characters.
            Name: 'carestream-server',
            Policy: federationPolicy(queueArnOf(queue.url, queue.region)),
            DurationSeconds: durationS,
          }),
        );
        if (
          !Credentials?.AccessKeyId ||
          !Credentials.SecretAccessKey ||
          !Credentials.SessionToken ||
          !Credentials.Expiration
        ) {
          throw new Error('incomplete credentials');
        }
        return {
          accessKeyId: Credentials.AccessKeyId,
          secretAccessKey: Credentials.SecretAccessKey,
          sessionToken: Credentials.SessionToken,
          expiresAt: Credentials.Expiration.toISOString(),
        };
      }),
    close() {
      sqs.destroy();
      sts.destroy();
    },
  };
}
