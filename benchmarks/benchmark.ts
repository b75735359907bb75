/** A number that a benchmark must reach. */
export interface Figure {
  /** Its key in the JSON output. */
  readonly name: string;
  readonly bound: 'at-least' | 'at-most';
  readonly value: number;
}

/** A measured side of a ratio, in absolute terms. */
export interface Leg {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** What a benchmark measured. */
export interface Outcome {
  /** One value per {@link Figure}, by its name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly legs: readonly Leg[];
  /** How it was measured: `5 pairs, median`. */
  readonly method: string;
}

/** One benchmark of the table in `run.ts`. */
export interface Benchmark {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** @param progress takes one line at a time for a person who waits */
  run(progress: (line: string) => void): Promise<Outcome>;
}

/** Whether a measured value is what was asked for. */
export const reached = (figure: Figure, value: number | undefined): boolean =>
  value !== undefined && (figure.bound === 'at-least' ? value >= figure.value : value <= figure.value);
