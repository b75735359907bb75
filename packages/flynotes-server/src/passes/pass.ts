/** A row of `passes` as its calls need it. */
export interface Pass {
  readonly id: string;
  readonly status: 'running' | 'equal' | 'failed' | 'expired';
  readonly overdue: boolean;
  readonly nextBatch: number;
  readonly askedRound: number | null;
  readonly askedBuckets: number[] | null;
  readonly roundFloor: number | null;
  readonly completeHash: string | null;
  readonly completeAnswer: unknown;
  /** About how many patients were held when it began. */
  readonly heldBefore: number;
  /** How many it has removed so far. */
  readonly removed: number;
  /** An operator has confirmed that most may be removed. */
  readonly removalsConfirmed: boolean;
}

/** The columns of {@link Pass}, of a table named `p`. */
export const passColumns = `p.id, p.status, p.expires_at <= now() as overdue, p.next_batch as "nextBatch",
  p.asked_round as "askedRound", p.asked_buckets as "askedBuckets", p.round_floor as "roundFloor",
  p.complete_hash as "completeHash", p.complete_answer as "completeAnswer",
  p.held_before as "heldBefore", p.removed,
  (select coalesce(c.removals_confirmed_until > now(), false) from practices c where c.id = p.practice_id) as "removalsConfirmed"`;
