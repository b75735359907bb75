/** The middle of the values; of an even number, the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  if (values.length === 0) throw new RangeError('There is no median of nothing.');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
};

/** Two sides, measured in turn. */
export interface Pairs {
  /** Median of `first ÷ second`, pair by pair: what disturbs a pair disturbs both its sides. */
  readonly ratio: number;
  readonly first: number;
  readonly second: number;
  readonly count: number;
}

/**
 * Measures two sides alternately after one unmeasured round of each, and changes who goes first with every pair, so that a
 * machine that gets slower or faster favours neither.
 */
export const alternate = async (
  sides: { readonly first: () => Promise<number>; readonly second: () => Promise<number> },
  pairs: number,
  progress: (line: string) => void,
): Promise<Pairs> => {
  await sides.first();
  await sides.second();
  const first: number[] = [];
  const second: number[] = [];
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    let a: number;
    let b: number;
    if (pair % 2 === 0) {
      a = await sides.first();
      b = await sides.second();
    } else {
      b = await sides.second();
      a = await sides.first();
    }
    first.push(a);
    second.push(b);
    ratios.push(a / b);
    progress(`pair ${pair + 1} of ${pairs}: ${Math.round(a)} against ${Math.round(b)}, ratio ${(a / b).toFixed(2)}`);
  }
  return { ratio: median(ratios), first: median(first), second: median(second), count: pairs };
};
