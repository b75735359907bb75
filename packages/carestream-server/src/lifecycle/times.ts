/** Every time of the agent's life, so that tests and the sandbox can shorten them. All in milliseconds. */
export interface LifeTimes {
  /** Between two bulk uploads, renewals of the licence, and looks at the dictated version. */
  readonly hourMs: number;
  /** How long a process lives. */
  readonly dayMs: number;
  /** How often health is written when nothing changes. */
  readonly healthEveryMs: number;
  readonly heartbeatEveryMs: number;
  /** How often the database is asked whether it is there. */
  readonly pingEveryMs: number;
  readonly pingWithinMs: number;
  /** How long opening the scope may take. */
  readonly scopeWithinMs: number;
  /** The longest that an end may take, the last reports included. */
  readonly stopWithinMs: number;
  /** The part of it that the last reports may take. */
  readonly flushWithinMs: number;
  /** At most one look at the version out of turn in this time. */
  readonly versionCheckEveryMs: number;
  /** How long the start waits for another version to be staged before it begins to work with the one that it is. */
  readonly updateWithinMs: number;
  /** Pauses after failures grow from this… */
  readonly retryFirstMs: number;
  /** …to this. */
  readonly retryMostMs: number;
  /** How often a warning that stays true is repeated. */
  readonly warnEveryMs: number;
}

/** The times that the contract names, and sensible ones for the rest. */
export const lifeTimes: LifeTimes = {
  hourMs: 3_600_000,
  dayMs: 86_400_000,
  healthEveryMs: 30_000,
  heartbeatEveryMs: 60_000,
  pingEveryMs: 60_000,
  pingWithinMs: 15_000,
  scopeWithinMs: 60_000,
  stopWithinMs: 25_000,
  flushWithinMs: 3_000,
  versionCheckEveryMs: 60_000,
  updateWithinMs: 20_000,
  retryFirstMs: 5_000,
  retryMostMs: 300_000,
  warnEveryMs: 86_400_000,
};
