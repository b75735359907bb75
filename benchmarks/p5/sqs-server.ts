/**
 * The queue service in a process of its own. Prints one JSON line with its address and its administrator's keys; ends when its
 * standard input does.
 */
import { createSqs } from '../../packages/sandbox/src/sqs/index.ts';

await using sqs = await createSqs();
process.stdout.write(
  `${JSON.stringify({ endpoint: sqs.endpoint, issuerUrl: sqs.issuerUrl, region: sqs.region, admin: sqs.adminCredentials })}\n`,
);
await new Promise<void>((resolve) => process.stdin.resume().on('end', resolve));
