import { setTimeout as sleep } from 'node:timers/promises';
import type { Sampler } from './sampler.ts';
import type { BenchPractice } from './world.ts';

/** Between two messages: somebody looks at one patient after another. */
const pauseMs = 10;

/** Patient-syncs, one after another, from now until the pass that runs has ended. @returns milliseconds of each */
export async function measureUnderBulk(
  { sampler, practice }: { readonly sampler: Sampler; readonly practice: BenchPractice },
  codes: readonly number[],
): Promise<{ readonly sync: readonly number[]; readonly passMs: number }> {
  const sync: number[] = [];
  const over = new AbortController();
  const ended = (async () => {
    try {
      for (;;) {
        const [pass] = await practice.operator.passes(1);
        if (pass === undefined || pass.status === 'running') await sleep(100);
        else if (pass.status === 'equal') return Date.parse(pass.endedAt ?? '') - Date.parse(pass.startedAt);
        else throw new Error(`The pass ended as ${pass.status} (${pass.code}).`);
      }
    } finally {
      over.abort();
    }
  })();
  ended.catch(() => undefined);
  for (let n = 0; !over.signal.aborted; n += 1) {
    sync.push(await sampler.patientSync(codes[n % codes.length] ?? 0));
    await sleep(pauseMs);
  }
  return { sync, passMs: await ended };
}
