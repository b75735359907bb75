import type { Command } from './command.ts';
import { report, type Reporter } from './reporter.ts';

/** Logs a test message to Rollbar, to see that reports arrive. */
export function createTestMessage(deps: { readonly reporter: Reporter; readonly version: string }): Command<'test'> {
  return async (_message, { messageId }) => {
    report(deps.reporter, 'command.test', { messageId, version: deps.version });
    return { outcome: 'done' };
  };
}
