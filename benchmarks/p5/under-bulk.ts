import { setTimeout as sleep } from 'node:timers/promises';
import { createArrivals } from './arrivals.ts';
import type { Sampler } from './sampler.ts';
import type { BenchPractice } from './world.ts';

/** How often it is asked whether the bulk upload is still running. */
const lookEveryMs = 100;

/** What a bulk upload with patients in between was like. */
export interface UnderBulk {
  /** Milliseconds of each patient-sync that was sent while it ran. */
  readonly sync: readonly number[];
  readonly bulkMs: number;
}

/**
 * Asks for a bulk upload without pauses and lets patients come while it runs.
 * @param isOver - whether it has come to its end
 */
export async function measureUnderBulk(
  sampler: Sampler,
  codeOf: (n: number) => number,
  isOver: () => Promise<boolean>,
): Promise<UnderBulk> {
  const over = new AbortController();
  await sampler.bulkUpload();
  const startedAt = performance.now();
  // Whoever comes first finds it running.
  await sleep(lookEveryMs);
  const ended = (async () => {
    try {
      while (!(await isOver())) await sleep(lookEveryMs);
      return performance.now() - startedAt;
    } finally {
      over.abort();
    }
  })();
  ended.catch(() => undefined);
  const sync = await createArrivals().come((n) => sampler.patientSync(codeOf(n)), { until: over.signal });
  return { sync, bulkMs: await ended };
}

/** The agent's pass ends with a proof that both sides hold the same. */
export async function passIsOver({ operator }: BenchPractice): Promise<boolean> {
  const [pass] = await operator.passes(1);
  if (pass === undefined || pass.status === 'running') return false;
  if (pass.status !== 'equal') throw new Error(`The pass ended as ${pass.status} (${pass.code}).`);
  return true;
}
