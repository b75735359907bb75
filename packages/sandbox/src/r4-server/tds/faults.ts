/** How often a fault strikes, and on which statements. */
export interface FaultScope {
  /** Without end unless told. */
  readonly times?: number;
  /** Only statements whose text matches. Faults at connection or login ignore it. */
  readonly matching?: RegExp;
}

/** What can go wrong on purpose. */
export type Fault = FaultScope &
  (
    | { /** The connection is reset as soon as it is made. */ readonly kind: 'refuse' }
    | {
        /** Accepted (`connect`) or received (`statement`), and never answered. `statement` where `matching` is given. */ readonly kind: 'black-hole';
        readonly at?: 'connect' | 'statement';
      }
    | {
        /** Answers come late; `statement` unless told. */ readonly kind: 'delay';
        readonly delayMs: number;
        readonly at?: 'connect' | 'statement';
      }
    | {
        /** The socket is closed in the middle of the row after `afterRows` rows, or after exactly `afterBytes` bytes of the answer. With neither: in the first row, or before a rowless answer. */
        readonly kind: 'cut';
        readonly afterRows?: number;
        readonly afterBytes?: number;
      }
    | {
        /** Error 1205. With no `afterRows` the statement is not run at all. */ readonly kind: 'deadlock';
        readonly afterRows?: number;
      }
    | {
        /** Error 1222. With no `afterRows` the statement is not run at all. */ readonly kind: 'lock-timeout';
        readonly afterRows?: number;
      }
    | {
        /** Error 601 or 605: data moved beneath a read without locks. With no `afterRows` the statement is not run at all. */ readonly kind: 'data-moved';
        readonly number: 601 | 605;
        readonly afterRows?: number;
      }
    | {
        /** The login fails with this number, such as 18456 or 4060. */ readonly kind: 'login-failure';
        readonly number: number;
      }
  );

export type FaultKind = Fault['kind'];

/** A fault that was added, and how it has fared. */
export interface FaultStatus {
  readonly fault: Fault;
  readonly fired: number;
  /** Infinity where it has no end. */
  readonly remaining: number;
}

/** A fault chosen for something that is about to happen. It counts only when it strikes. */
export interface ArmedFault<F extends Fault = Fault> {
  readonly fault: F;
  /** Counts; false when others have used it up meanwhile. */
  fire(): boolean;
}

/** The faults of one server, changed while it runs. */
export interface Faults {
  /** @returns takes it away again. */
  add(fault: Fault): () => void;
  clear(): void;
  /** Those that can still strike. */
  active(): readonly FaultStatus[];
  /** How often faults have struck since the start, of one kind or of all; `clear` does not reset it. */
  fired(kind?: FaultKind): number;
  /** The first that fits, by order of addition. */
  arm<K extends FaultKind>(
    kinds: readonly K[],
    fits?: (fault: Extract<Fault, { kind: K }>) => boolean,
  ): ArmedFault<Extract<Fault, { kind: K }>> | undefined;
}

interface Entry {
  readonly fault: Fault;
  fired: number;
}

export function createFaults(): Faults {
  const entries = new Set<Entry>();
  const totals = new Map<FaultKind, number>();
  const remaining = (entry: Entry): number => (entry.fault.times ?? Infinity) - entry.fired;

  return {
    add: (fault) => {
      const entry: Entry = { fault, fired: 0 };
      entries.add(entry);
      return () => void entries.delete(entry);
    },
    clear: () => entries.clear(),
    active: () =>
      [...entries]
        .filter((entry) => remaining(entry) > 0)
        .map((entry) => ({ fault: entry.fault, fired: entry.fired, remaining: remaining(entry) })),
    fired: (kind) =>
      kind === undefined ? [...totals.values()].reduce((sum, count) => sum + count, 0) : (totals.get(kind) ?? 0),
    arm: <K extends FaultKind>(kinds: readonly K[], fits?: (fault: Extract<Fault, { kind: K }>) => boolean) => {
      type Wanted = Extract<Fault, { kind: K }>;
      for (const entry of entries) {
        if (remaining(entry) <= 0 || !kinds.includes(entry.fault.kind as K)) continue;
        const fault = entry.fault as Wanted;
        if (fits !== undefined && !fits(fault)) continue;
        const fire = (): boolean => {
          if (remaining(entry) <= 0 || !entries.has(entry)) return false;
          entry.fired += 1;
          totals.set(fault.kind, (totals.get(fault.kind) ?? 0) + 1);
          return true;
        };
        return { fault, fire };
      }
      return undefined;
    },
  };
}

/** Whether a fault concerns this statement. A `g` or `y` flag does not make it forgetful. */
export function concerns(fault: Fault, text: string): boolean {
  if (fault.matching === undefined) return true;
  fault.matching.lastIndex = 0;
  return fault.matching.test(text);
}

/** A black hole that names statements swallows statements; else whole connections. */
export function blackHoleStage(fault: Extract<Fault, { kind: 'black-hole' }>): 'connect' | 'statement' {
  return fault.at ?? (fault.matching === undefined ? 'connect' : 'statement');
}
