/** What waits for delivery: items for Rollbar, results of commands for Flynotes. */
export type ReportKind = 'rollbar' | 'command-result';

/** One report as the outbox holds it. */
export interface Report {
  readonly id: number;
  readonly payloadJson: string;
}

/** Where reports are kept across restarts; the state database implements it. */
export interface Outbox {
  add(kind: ReportKind, payloadJson: string): void;
  /** The oldest first. */
  next(kind: ReportKind, limit: number): readonly Report[];
  delete(ids: readonly number[]): void;
  /** How many were dropped for want of room and have not been told of yet. */
  dropped?(kind: ReportKind): number;
  /** Takes what has been told of off that count. */
  forgetDropped?(kind: ReportKind, count: number): void;
}

/** Reports on their way: at first in memory, and in the outbox as soon as there is one. */
export interface Reports {
  /**
   * What is not urgent is gathered for a moment, so that no commit to disk delays who reports.
   * @returns whether it is in the outbox already, where no crash can take it away
   */
  add(kind: ReportKind, payloadJson: string, urgency: 'urgent' | 'soon'): boolean;
  /** Puts what was gathered into the outbox. */
  persist(): void;
  /** From now on this outbox keeps what is added; what waited in memory moves into it. */
  attach(outbox: Outbox): void;
  /** Back to memory alone: the outbox is about to be closed. */
  detach(): void;
  next(kind: ReportKind, limit: number): readonly Report[];
  delete(ids: readonly number[]): void;
  /** How many were lost because nothing more could be held, in memory or in the outbox. Asking sets it to nought. */
  takeOverflowed(kind: ReportKind): number;
  /** Called when something can be delivered. */
  onAdded(listener: (kind: ReportKind) => void): void;
  /** Called when something begins to be gathered. */
  onGathering(listener: () => void): void;
}

/** Enough for what happens before a state database is open, or while its disk is full. */
const heldMost = 1_000;
const gatheredMost = 100;

/** @see {@link Reports} */
export function createReports(): Reports {
  let outbox: Outbox | undefined;
  const overflowed = { rollbar: 0, 'command-result': 0 };
  // Numbers below nought are held here; the outbox has those above.
  let lastHeldId = 0;
  const held = new Map<number, { readonly kind: ReportKind; readonly payloadJson: string }>();
  const listeners: ((kind: ReportKind) => void)[] = [];
  const gatherers: (() => void)[] = [];
  let gathered: { readonly kind: ReportKind; readonly payloadJson: string }[] = [];

  const keep = (kind: ReportKind, payloadJson: string): boolean => {
    if (!outbox) return false;
    try {
      outbox.add(kind, payloadJson);
      return true;
    } catch {
      // A full disk: memory holds it until the disk has room again.
      return false;
    }
  };

  const moveHeld = (): void => {
    for (const [id, { kind, payloadJson }] of held) {
      if (!keep(kind, payloadJson)) return;
      held.delete(id);
    }
  };

  const put = (kind: ReportKind, payloadJson: string): boolean => {
    if (held.size > 0) moveHeld();
    // Nothing overtakes what still waits in memory.
    if (held.size === 0 && keep(kind, payloadJson)) return true;
    if (held.size >= heldMost) overflowed[kind] += 1;
    else held.set(--lastHeldId, { kind, payloadJson });
    return false;
  };

  /** True when the last one that was gathered, and so each before it, is in the outbox. */
  const persist = (): boolean => {
    const batch = gathered;
    gathered = [];
    let kept = true;
    for (const { kind, payloadJson } of batch) kept = put(kind, payloadJson);
    for (const kind of new Set(batch.map((report) => report.kind))) for (const listener of listeners) listener(kind);
    return kept;
  };

  return {
    add(kind, payloadJson, urgency) {
      gathered.push({ kind, payloadJson });
      if (urgency === 'urgent' || gathered.length >= gatheredMost) return persist();
      if (gathered.length === 1) for (const gatherer of gatherers) gatherer();
      return false;
    },
    persist: () => void persist(),
    attach(next) {
      outbox = next;
      moveHeld();
    },
    detach() {
      outbox = undefined;
    },
    next(kind, limit) {
      let kept: readonly Report[] = [];
      try {
        kept = outbox?.next(kind, limit) ?? [];
      } catch {
        // The state database cannot be read at the moment; what is held can still be sent.
      }
      const waiting = [...held]
        .filter(([, report]) => report.kind === kind)
        .map(([id, { payloadJson }]) => ({ id, payloadJson }));
      return [...kept, ...waiting].slice(0, limit);
    },
    delete(ids) {
      for (const id of ids) held.delete(id);
      const kept = ids.filter((id) => id > 0);
      // What is deleted before an outage of the disk would be sent once more after it; Rollbar knows an item by its uuid.
      if (kept.length > 0) outbox?.delete(kept);
    },
    takeOverflowed(kind) {
      let count = overflowed[kind];
      overflowed[kind] = 0;
      try {
        const dropped = outbox?.dropped?.(kind) ?? 0;
        if (dropped > 0) outbox?.forgetDropped?.(kind, dropped);
        count += dropped;
      } catch {
        // Told when the state database can be used again.
      }
      return count;
    },
    onAdded(listener) {
      listeners.push(listener);
    },
    onGathering(listener) {
      gatherers.push(listener);
    },
  };
}
