/** SQS for one machine: real queues, and credentials that matter. */
export { createSqs, type Sqs, type SqsOptions, type SqsStats } from './sqs.ts';
export type { SqsFault, SqsFaults } from './faults.ts';
export type { AdminCredentials } from './keys.ts';
export type { PracticeQueue, QueueAdministration, QueueContents, QueuedMessage } from './administration.ts';
export { readClaim, signHeaders, signatureOf, type SignableRequest, type SigningKey } from './signature.ts';
