import type { Agent } from '../compose.ts';
import { exitCodes, hostEnvironment, hostRoleSchema, stopWithinMs } from '../contract/host.ts';
import { AgentError, isAgentError } from '../runtime/index.ts';
import { startAgent } from '../start.ts';

/** Whatever still holds the process after its end is given this long: state and log are closed by then. */
const lingerMs = 500;
/** A stop is never later than this, whatever hangs; the next start tells of it. */
const stopMostMs = stopWithinMs - 400;

/** Runs `start` as a process: signals, standard input, crashes, and words for a person on standard error. Resolves to the exit code. */
export async function runStart(configFile: string | undefined): Promise<number> {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) return;
    stop.abort(new Error('told to stop'));
    endAfter(stopMostMs, exitCodes.crash);
  };
  // Whoever read our standard error may be gone; that is no reason to crash.
  process.stderr.on('error', () => undefined);
  const unwatch = isUnderHost() ? watchStandardInput(onSignal) : () => undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
  let agent: Agent | undefined;
  guardAgainstCrashes(() => agent);

  const { exitCode, failures } = await startAgent(
    { ...(configFile === undefined ? {} : { config: configFile }), signal: stop.signal },
    (composed) => {
      agent = composed;
    },
  );
  for (const failure of failures) complain(failure);
  unwatch();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, onSignal);
  endAfter(lingerMs, exitCode);
  return exitCode;
}

function isUnderHost(): boolean {
  // oxlint-disable-next-line eslint/no-restricted-properties -- the command line reads the environment
  return hostRoleSchema.safeParse(process.env[hostEnvironment.role]).success;
}

/** Under a host, the end of standard input is the order to stop: the one signal that Windows has too. */
function watchStandardInput(onEnd: () => void): () => void {
  const { stdin } = process;
  // A broken pipe is an end as well.
  for (const event of ['end', 'close', 'error'] as const) stdin.once(event, onEnd);
  stdin.resume();
  return () => {
    for (const event of ['end', 'close', 'error'] as const) stdin.off(event, onEnd);
    stdin.on('error', () => undefined);
    stdin.destroy();
  };
}

/**
 * What nobody foresaw ends the process with code 1: it is written down at once, tried to be sent for a few seconds, and told again by
 * the next start. Nothing goes on after it, because nobody knows what state it left behind.
 */
function guardAgainstCrashes(agentOf: () => Agent | undefined): void {
  let crashed = false;
  const onCrash = async (error: unknown): Promise<void> => {
    if (crashed) return;
    crashed = true;
    process.exitCode = exitCodes.crash;
    complain(isAgentError(error) ? error : new AgentError('CRASH', { cause: error }));
    // oxlint-disable-next-line eslint/no-restricted-properties -- only the command line ends the process
    const end = (): void => process.exit(exitCodes.crash);
    // oxlint-disable-next-line eslint/no-restricted-globals -- the clock may be part of what broke
    setTimeout(end, 3_500);
    try {
      await agentOf()?.crashed(error);
    } finally {
      end();
    }
  };
  process.on('uncaughtException', (error) => void onCrash(error));
  process.on('unhandledRejection', (error) => void onCrash(error));
}

/** One line for a person: what happened and what to do. Never a third party's message, which may quote a patient. */
function complain(failure: AgentError): void {
  try {
    process.stderr.write(`carestream-server: ${failure.message}\n`);
  } catch {
    // Nobody reads it.
  }
}

/** The process ends by itself once nothing is left to do. Should something be left, this ends it; the timer itself holds nothing. */
function endAfter(ms: number, exitCode: number): void {
  // oxlint-disable-next-line eslint/no-restricted-globals, eslint/no-restricted-properties -- only the command line ends the process
  setTimeout(() => process.exit(exitCode), ms).unref();
}
