import type { Command } from './command.ts';

/**
 * Ends the process, so that the host starts it again. The message is taken off the queue first: one that came back after the start
 * would end every process anew.
 */
export function createRestart(deps: { requestRestart(): void }): Command<'restart'> {
  return async (_message, context) => {
    await context.acknowledge();
    deps.requestRestart();
    return { outcome: 'done' };
  };
}
