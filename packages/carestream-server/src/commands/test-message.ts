import type { Log } from '../runtime/index.ts';
import type { Command } from './command.ts';

/** Logs a test message to Rollbar, to see that reports arrive. */
export function createTestMessage(deps: { readonly log: Log; readonly version: string }): Command<'test'> {
  return async (_message, { messageId }) => {
    deps.log.emit('command.test', { messageId, version: deps.version });
    return { outcome: 'done' };
  };
}
