/** From Flynotes' queue to commands: receive, lanes, acknowledge, set aside. The only area that knows the AWS SDK. */
export { createQueue, type Queue, type QueueDeps, type QueueOptions, type QueueStats } from './queue.ts';
export type { CommandContext, CommandOutcome, HandleCommand } from './command-port.ts';
export type { CommandInbox } from './dispatcher.ts';
export type { CredentialSource } from './queue-credentials.ts';
export type { QueueTransport, ReceivedMessage, VisibilityChange } from './queue-transport.ts';
export { createInMemoryQueue, type InMemoryQueue } from './in-memory-queue.ts';
export { lookAtQueue } from './look-at-queue.ts';
export type { SqsAddress } from './sqs-client.ts';
