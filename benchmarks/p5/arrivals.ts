import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@flynotes/testkit';

/** Between two patients: somebody opens one after another, several people do, or a morning's list is gone through. */
const gapMs = { least: 50, most: 100 };
const seed = 20_260_302;

/** Sees to one arrival. @param n - counts from 0; each is another patient */
export type OnArrival = (n: number) => Promise<number>;

/** Patients who come at a pace of their own: the next one does not wait until the one before has been served. */
export interface Arrivals {
  /** Lets them come until the signal, or `most` of them. @returns milliseconds of each, in the order in which they came */
  come(onArrival: OnArrival, options: { readonly most?: number; readonly until?: AbortSignal }): Promise<number[]>;
}

/** The same gaps for each side and each run: they begin anew with every call of this. */
export function createArrivals(): Arrivals {
  const random = seededRandom(seed);
  return {
    async come(onArrival, { most = Number.POSITIVE_INFINITY, until }) {
      const served: Promise<number>[] = [];
      const isOver = (): boolean => until?.aborted === true;
      let nextAtMs = performance.now();
      while (served.length < most && !isOver()) {
        const one = onArrival(served.length);
        // Its failure is met at the end; until then it must not count as unhandled.
        one.catch(() => undefined);
        served.push(one);
        nextAtMs += gapMs.least + random(1_000 * (gapMs.most - gapMs.least)) / 1_000;
        await sleep(Math.max(0, nextAtMs - performance.now()), undefined, { signal: until }).catch(() => undefined);
      }
      return Promise.all(served);
    },
  };
}
