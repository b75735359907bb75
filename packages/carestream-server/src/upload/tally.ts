import type { PassFigures } from '../contract/index.ts';
import { instantOf, type Clock } from '../runtime/index.ts';
import type { PassReason } from './ports.ts';

/** Counts how often each name occurs. */
export type Counts = Record<string, number>;

/** Adds one to a name's count. */
export function countOne(counts: Counts, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** A pass's figures while they grow. */
export interface Tally {
  readonly reason: PassReason;
  readonly startedAt: string;
  readonly startedMs: number;
  passId: string | null;
  rows: number;
  pages: number;
  /** Patients whom both sides hold; known at the end. */
  patients: number | null;
  sent: number;
  changed: number;
  removed: number;
  readMs: number;
  pausedMs: number;
  rounds: number;
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
    rows: 0,
    pages: 0,
    patients: null,
    sent: 0,
    changed: 0,
    removed: 0,
    readMs: 0,
    pausedMs: 0,
    rounds: 0,
    refusedByAgent: {},
    refusedByServer: {},
    rules: {},
  };
}

/** Starts counting anew for a pass that Flynotes lost; what was read and paused stays spent. */
export function restartTally(tally: Tally): void {
  tally.passId = null;
  tally.rows = 0;
  tally.pages = 0;
  tally.patients = null;
  tally.rounds = 0;
  for (const counts of [tally.refusedByAgent, tally.refusedByServer, tally.rules]) {
    for (const name of Object.keys(counts)) delete counts[name];
  }
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
    rows: tally.rows,
    pages: tally.pages,
    patients: tally.patients ?? Math.max(0, tally.rows - total(tally.refusedByAgent) - total(tally.refusedByServer)),
    sent: tally.sent,
    changed: tally.changed,
    removed: tally.removed,
    refusedByAgent: { ...tally.refusedByAgent },
    refusedByServer: { ...tally.refusedByServer },
    rules: { ...tally.rules },
    readMs: tally.readMs,
    pausedMs: tally.pausedMs,
  };
}

/** The sum of all counts. */
export function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
