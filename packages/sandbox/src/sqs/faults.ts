/** Something that goes wrong on demand. Without `times` it goes on until removed; without `actions` it meets every call. */
export type SqsFault = {
  /** `ReceiveMessage`, `DeleteMessageBatch`, … */
  readonly actions?: readonly string[];
  readonly times?: number;
} & (
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'throttled' }
  /** The connection is reset before the call is carried out, or after it: then its answer is lost. */
  | { readonly kind: 'reset'; readonly when?: 'before' | 'after' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'queue-gone' }
  /** Refused with any code, such as `AccessDenied`. */
  | { readonly kind: 'refused'; readonly code: string; readonly status?: number }
);

/** The faults in force. */
export interface SqsFaults {
  /** Returns what takes the fault away again. */
  add(fault: SqsFault): () => void;
  clear(): void;
  active(): readonly SqsFault[];
}

/** @see {@link SqsFaults}; `take` is for the service alone: the first fault that meets this call, counted. */
export function createSqsFaults(): SqsFaults & { take(action: string): SqsFault | null } {
  let entries: { readonly fault: SqsFault; left: number }[] = [];
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      entries.push(entry);
      return () => {
        entries = entries.filter((other) => other !== entry);
      };
    },
    clear() {
      entries = [];
    },
    active: () => entries.map(({ fault }) => fault),
    take(action) {
      const entry = entries.find(({ fault }) => !fault.actions || fault.actions.includes(action));
      if (!entry) return null;
      entry.left -= 1;
      if (entry.left <= 0) entries = entries.filter((other) => other !== entry);
      return entry.fault;
    },
  };
}
