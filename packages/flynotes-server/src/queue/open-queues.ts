import type { AwsQueueOptions } from './aws-queue.ts';
import type { LocalQueueOptions } from './local-queue.ts';
import type { QueueProvider } from './queue-provider.ts';

/** Where queues come from. */
export type QueueOptions =
  | ({ readonly kind: 'aws' } & AwsQueueOptions)
  | ({ readonly kind: 'local' } & LocalQueueOptions)
  | { readonly kind: 'none' };

/** The provider that the options name. AWS's libraries are loaded only where they are used. */
export async function openQueues(options: QueueOptions): Promise<QueueProvider | null> {
  switch (options.kind) {
    case 'aws':
      return (await import('./aws-queue.ts')).createAwsQueues(options);
    case 'local':
      return (await import('./local-queue.ts')).createLocalQueues(options);
    case 'none':
      return null;
  }
}
