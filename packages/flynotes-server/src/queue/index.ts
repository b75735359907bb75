export type { AwsQueueOptions } from './aws-queue.ts';
export type { LocalQueueOptions } from './local-queue.ts';
export { federationPolicy, queueArnOf } from './federation-policy.ts';
export { credentialDurationS } from './queue-provider.ts';
export type { DeadLetter, PracticeQueue, QueueProvider } from './queue-provider.ts';
export { openQueues } from './open-queues.ts';
export type { QueueOptions } from './open-queues.ts';
