import { readObject, parseObject, wholeOf } from './json-file.ts';

/** Every time that a host waits. Options, so that tests and the sandbox can shorten them. */
export interface HostTimes {
  /** A candidate must be healthy for this long without a break. */
  readonly soakMs: number;
  /** Without health for this long, stable has its turn. */
  readonly unhealthyMostMs: number;
  /** Stable's turn when it does no better; doubled each time. */
  readonly turnFirstMs: number;
  readonly turnMostMs: number;
  /** Between starts after crashes; doubled each time. */
  readonly growFirstMs: number;
  readonly growMostMs: number;
  /** Before another start when the agent could not work as configured, or found no release. */
  readonly waitMs: number;
  /** After this long in health, earlier crashes are forgotten. */
  readonly healthyResetMs: number;
  /** A run that ends sooner than this without health is not started again at once for ever. */
  readonly quickMs: number;
  /** From the closing of standard input to the kill. */
  readonly stopWithinMs: number;
  /** Health that is older than this counts for nothing; the agent tells it every 30 s. */
  readonly staleMs: number;
  /** An agent that told its health once and is silent for this long hangs. */
  readonly silentMostMs: number;
  /** Without having reached Flynotes for this long, stable is compared with the release before it. */
  readonly unheardMostMs: number;
  /** How long a second host waits for the first one to end. */
  readonly lockWaitMs: number;
}

/** As in a practice. */
export const hostTimes: HostTimes = {
  soakMs: 300_000,
  unhealthyMostMs: 600_000,
  turnFirstMs: 600_000,
  turnMostMs: 21_600_000,
  growFirstMs: 1_000,
  growMostMs: 300_000,
  waitMs: 300_000,
  healthyResetMs: 600_000,
  quickMs: 60_000,
  stopWithinMs: 25_000,
  staleMs: 120_000,
  silentMostMs: 600_000,
  unheardMostMs: 86_400_000,
  lockWaitMs: 40_000,
};

/** Times from JSON text or a file of it; what is not named keeps its default. */
export function readTimes(textOrFile: string): HostTimes {
  const given = textOrFile.startsWith('{') ? parseObject(textOrFile) : readObject(textOrFile);
  if (given === null) throw new Error('--times: neither JSON nor a file of it');
  const names = Object.keys(hostTimes) as (keyof HostTimes)[];
  const unknown = Object.keys(given).find((name) => !names.some((known) => known === name));
  if (unknown !== undefined) throw new Error(`--times: ${unknown} is not known`);
  const times = { ...hostTimes };
  for (const name of names) {
    if (given[name] === undefined) continue;
    const ms = wholeOf(given[name], 0);
    if (ms === null) throw new Error(`--times: ${name} is no number of milliseconds`);
    times[name] = ms;
  }
  return times;
}

/** The nth pause of a row that doubles. */
export function growing(first: number, most: number, nth: number): number {
  return Math.min(most, first * 2 ** Math.min(Math.max(nth - 1, 0), 30));
}
