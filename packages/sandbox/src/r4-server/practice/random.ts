/**
 * Small, fast, seeded pseudo-random numbers (mulberry32). Each generated row starts its own stream, so a row depends on
 * the seed and its own number alone: patient 17 is the same person whether 100 or a million patients are generated.
 */
export interface Random {
  /** Starts the stream of row `index` of the thing called `stream`. */
  start(stream: number, index: number): void;
  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True in `rate` of all cases (0 to 1). */
  chance(rate: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** Separates the streams of the generated tables from one another. */
export const stream = {
  patient: 1,
  address: 2,
  appointment: 3,
  questionnaire: 4,
  answer: 5,
  alert: 6,
  treatment: 7,
  note: 8,
  user: 9,
  guid: 10,
  household: 11,
} as const;

const scramble = (value: number): number => {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
};

/** Creates a generator for `seed` (any whole number). */
export const createRandom = (seed: number): Random => {
  const root = scramble(seed);
  let state = root;

  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);

  return {
    start(name, index) {
      state = scramble(root ^ scramble(Math.imul(name, 0x9e3779b1) ^ scramble(index)));
    },
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (rate) => next() < rate,
    pick: (list) => {
      const item = list[below(list.length)];
      if (item === undefined) throw new RangeError('Nothing to pick from an empty list.');
      return item;
    },
  };
};
