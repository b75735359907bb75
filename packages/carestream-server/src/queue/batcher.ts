import type { Clock } from '../runtime/index.ts';

/** Collects single entries into batches; each entry learns whether its own place in the batch succeeded. */
export interface Batcher<Entry> {
  /** Resolves true when done, false when the queue refused this entry; rejects when the batch failed. */
  add(entry: Entry): Promise<boolean>;
}

/** Options of {@link createBatcher}. */
export interface BatcherOptions {
  readonly sizeMost: number;
  /** How long the first entry of a batch waits for others. */
  readonly delayMs: number;
}

/**
 * @see {@link Batcher}
 * @param send - sends one batch and names the places that failed
 */
export function createBatcher<Entry>(
  clock: Clock,
  send: (entries: readonly Entry[]) => Promise<readonly number[]>,
  options: BatcherOptions,
): Batcher<Entry> {
  interface Waiting {
    readonly entry: Entry;
    readonly resolve: (done: boolean) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];

  async function flush(): Promise<void> {
    const batch = waiting.slice(0, options.sizeMost);
    waiting = waiting.slice(options.sizeMost);
    if (batch.length === 0) return;
    try {
      const failed = new Set(await send(batch.map(({ entry }) => entry)));
      batch.forEach(({ resolve }, place) => resolve(!failed.has(place)));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    add: (entry) =>
      new Promise((resolve, reject) => {
        waiting.push({ entry, resolve, reject });
        if (waiting.length >= options.sizeMost) void flush();
        else if (waiting.length === 1) void clock.sleep(options.delayMs).then(flush);
      }),
  };
}
