import { join } from 'node:path';
import { statusOf, statusPage, type Status } from '../doctor/index.ts';
import { isAgentError, type AgentError } from '../runtime/index.ts';
import { createSystemClock } from '../runtime/system-clock.ts';
import { isRunning, readState } from '../state/index.ts';
import { configurationOf } from './configuration-of.ts';
import { requireFolder } from './folder-probe.ts';

/** Told: 0. Could not be told, because configuration or state cannot be read: 2. */
const untold = 2;

/** Runs `status`: reads the state database beside a running agent, or without one, and changes nothing. */
export function runStatus(options: { readonly config?: string; readonly json?: boolean }): number {
  const say = (text: string): void => void process.stdout.write(text);
  // oxlint-disable-next-line eslint/no-restricted-properties -- the command line reads the environment
  const reading = configurationOf(options.config, process.env);
  const complain = (failures: readonly AgentError[]): number => {
    for (const failure of failures) process.stderr.write(`carestream-server: ${failure.message}\n`);
    if (options.json === true) say(`${JSON.stringify({ error: failures[0]?.code ?? 'CRASH' })}\n`);
    return untold;
  };
  if (reading.outcome === 'invalid') return complain(reading.failures);
  try {
    const status = read(reading.config.dataDir);
    say(options.json === true ? `${JSON.stringify(status)}\n` : statusPage(status, createSystemClock().now()));
    return 0;
  } catch (error) {
    if (!isAgentError(error)) throw error;
    return complain([error]);
  }
}

function read(dataDir: string): Status {
  requireFolder(dataDir);
  const path = join(dataDir, 'agent.db');
  const running = isRunning(path);
  using state = readState(path);
  return statusOf(state ?? { note: () => null, waitingReports: () => 0 }, running);
}
