import type { StartOptions, StartResult } from './start-options.ts';

export { version } from './version.ts';
export * from './messages.ts';
export type { ConfigInput, StartOptions, StartResult } from './start-options.ts';

/**
 * Runs the agent: opens the scope, is the right version, uploads, serves the queue, until the day is over or something asks for an end.
 * Needs Node.js 24. Everything behind it is loaded by this call alone, so that importing the message types costs nothing.
 * @param options - the configuration (a file or an object), a signal that ends it, and times in milliseconds
 * @returns the exit code for the host ({@link exitCodes}) and why; it never throws, and never ends the process itself
 */
export async function start(options: StartOptions = {}): Promise<StartResult> {
  const { startAgent } = await import('./start.ts');
  return startAgent(options);
}
