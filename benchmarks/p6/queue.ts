/**
 * The queue service in a process of its own, which tells when it was first asked for messages: `{"receive":true}` is answered once
 * a receive has been let through, with the time since the epoch at which that was; `{"forget":true}` begins anew.
 */
import { createSqs } from '../../packages/sandbox/src/sqs/index.ts';
import { answerCommands } from '../rig/commands.ts';

let first = Promise.withResolvers<number>();
await using sqs = await createSqs({
  onAccepted(action) {
    if (action === 'ReceiveMessage') first.resolve(performance.timeOrigin + performance.now());
  },
});
const { endpoint, issuerUrl, region, adminCredentials } = sqs;
await answerCommands({ endpoint, issuerUrl, region, ...adminCredentials }, async ({ forget }) => {
  if (forget !== true) return { atMs: await first.promise };
  first = Promise.withResolvers<number>();
  return {};
});
