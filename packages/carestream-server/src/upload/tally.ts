import type { PassFigures } from '../contract/index.ts';
import { instantOf, type Clock } from '../runtime/index.ts';
import type { PassReason } from './ports.ts';

/** Counts how often each name occurs. */
export type Counts = Record<string, number>;

/** Adds one to a name's count. */
export function countOne(counts: Counts, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** What a pass has counted of R4's rows; a pass that is gone on with goes on with it. */
export interface TallyCounts {
  readonly rows: number;
  readonly pages: number;
  readonly refusedByAgent: Readonly<Counts>;
  readonly refusedByServer: Readonly<Counts>;
  readonly rules: Readonly<Counts>;
}

/** A pass's figures while they grow. */
export interface Tally {
  readonly reason: PassReason;
  readonly startedAt: string;
  readonly startedMs: number;
  passId: string | null;
  /** True where pages of an earlier try were not read again. */
  resumed: boolean;
  rows: number;
  pages: number;
  /** Patients whom both sides hold; known at the end. */
  patients: number | null;
  sent: number;
  changed: number;
  removed: number;
  readMs: number;
  pausedMs: number;
  /** The round of healing that runs; 0 before. */
  rounds: number;
  /** Told in rounds of healing, and how many of them Flynotes had held otherwise. */
  retold: number;
  healed: number;
  /** Proved to be held already, and taken into the ledger without travelling. */
  adopted: number;
  readonly refusedByAgent: Counts;
  readonly refusedByServer: Counts;
  readonly rules: Counts;
}

/** @see {@link Tally} */
export function createTally(reason: PassReason, clock: Clock): Tally {
  return {
    reason,
    startedAt: instantOf(clock),
    startedMs: clock.monotonic(),
    passId: null,
    resumed: false,
    rows: 0,
    pages: 0,
    patients: null,
    sent: 0,
    changed: 0,
    removed: 0,
    readMs: 0,
    pausedMs: 0,
    rounds: 0,
    retold: 0,
    healed: 0,
    adopted: 0,
    refusedByAgent: {},
    refusedByServer: {},
    rules: {},
  };
}

/** Starts counting anew for a pass that Flynotes lost; what was read and paused stays spent. */
export function restartTally(tally: Tally): void {
  tally.passId = null;
  tally.patients = null;
  tally.rounds = 0;
  resumeTally(tally, { rows: 0, pages: 0, refusedByAgent: {}, refusedByServer: {}, rules: {} });
  tally.resumed = false;
}

/** Goes on with what an earlier try had counted. */
export function resumeTally(tally: Tally, counts: TallyCounts): void {
  tally.resumed = true;
  tally.rows = counts.rows;
  tally.pages = counts.pages;
  for (const name of ['refusedByAgent', 'refusedByServer', 'rules'] as const) {
    for (const key of Object.keys(tally[name])) delete tally[name][key];
    Object.assign(tally[name], counts[name]);
  }
}

/** What was counted so far, as it stands. */
export function countsOf({ rows, pages, refusedByAgent, refusedByServer, rules }: Tally): TallyCounts {
  return {
    rows,
    pages,
    refusedByAgent: { ...refusedByAgent },
    refusedByServer: { ...refusedByServer },
    rules: { ...rules },
  };
}

/** How a pass ended, for {@link figuresOf}. */
export type PassEnd = { readonly outcome: 'equal' } | { readonly outcome: 'failed'; readonly code: string };

/** The figures as they travel. Without an end, the pass is running, and `patients` are those found good so far. */
export function figuresOf(tally: Tally, clock: Clock, end?: PassEnd): PassFigures {
  return {
    passId: tally.passId,
    reason: tally.reason,
    outcome: end?.outcome ?? 'running',
    ...(end?.outcome === 'failed' ? { code: end.code } : {}),
    startedAt: tally.startedAt,
    endedAt: end ? instantOf(clock) : null,
    ...countsOf(tally),
    patients: tally.patients ?? Math.max(0, tally.rows - total(tally.refusedByAgent) - total(tally.refusedByServer)),
    sent: tally.sent,
    changed: tally.changed,
    removed: tally.removed,
    readMs: tally.readMs,
    pausedMs: tally.pausedMs,
    resumed: tally.resumed,
    rounds: tally.rounds,
    retold: tally.retold,
    healed: tally.healed,
    adopted: tally.adopted,
  };
}

/** The sum of all counts. */
export function total(counts: Readonly<Counts>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
