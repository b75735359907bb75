import type { Clock } from '../runtime/index.ts';

/** Whoever has to know which patients are being put. */
export interface PutWatcher {
  /** Called for each who is under way when the watching begins, and for each who follows, before anything is sent. */
  begins(patientCode: number): void;
  /** Called when that has ended, however, and what Flynotes said is noted. */
  ends(patientCode: number): void;
}

/** How a comparison asks for a calm moment. */
export interface CalmWish {
  /** It is not waited for longer than this; then there is none. */
  readonly waitMostMs: number;
  /** For so long at most nobody begins once the moment has come. */
  readonly holdMs: number;
}

/**
 * The patients who are being put to Flynotes one by one. The comparison that ends a pass takes place between two systems of which the
 * one changes with each of them; so it asks here what was under way, and where it has to, for a moment of its own.
 */
export interface PatientPuts {
  /** Begins, at once unless a comparison holds its moment. The function is called at the end. */
  begin(patientCode: number): Promise<() => void>;
  /** Watches until the function is called. */
  watch(watcher: PutWatcher): () => void;
  /** Resolves as soon as nobody is being put, and holds that moment until the function is called. One asks at a time. */
  calm(wish: CalmWish, signal: AbortSignal): Promise<() => void>;
}

/** @see {@link PatientPuts} */
export function createPatientPuts(clock: Clock): PatientPuts {
  const underWay = new Set<{ readonly patientCode: number }>();
  const watchers = new Set<PutWatcher>();
  let held: Promise<void> | null = null;
  let onCalm: (() => void) | null = null;

  function hold(holdMs: number): () => void {
    if (holdMs <= 0) return () => undefined;
    const over = Promise.withResolvers<void>();
    const left = new AbortController();
    const release = () => {
      if (held === over.promise) held = null;
      over.resolve();
      left.abort();
    };
    held = over.promise;
    void clock.sleep(holdMs, left.signal).then(release, () => undefined);
    return release;
  }

  return {
    async begin(patientCode) {
      // Once only: nobody is held a second time.
      if (held) await held;
      const put = { patientCode };
      underWay.add(put);
      for (const watcher of watchers) watcher.begins(patientCode);
      return () => {
        if (!underWay.delete(put)) return;
        for (const watcher of watchers) watcher.ends(patientCode);
        if (underWay.size === 0) onCalm?.();
      };
    },
    watch(watcher) {
      for (const { patientCode } of underWay) watcher.begins(patientCode);
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    async calm({ waitMostMs, holdMs }, signal) {
      signal.throwIfAborted();
      if (underWay.size === 0) return hold(holdMs);
      let release = () => undefined as void;
      const left = new AbortController();
      onCalm = () => {
        // In the same turn in which the last one ended: a moment later the next one may have begun.
        release = hold(holdMs);
        onCalm = null;
        left.abort();
      };
      try {
        await clock.sleep(waitMostMs, AbortSignal.any([signal, left.signal])).catch(() => signal.throwIfAborted());
      } finally {
        onCalm = null;
      }
      return release;
    },
  };
}
