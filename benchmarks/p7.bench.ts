import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Benchmark } from './benchmark.ts';
import { alternate, median } from './measure.ts';
import { createNpmInstall } from './p7/npm-install.ts';
import { startSwitchBench } from './p7/switches.ts';

/** An ordinary practice. */
const patients = 17_000;
const pairs = 5;

/** How long a practice is without its agent while a new version takes over, and what fetching one costs. */
export const benchmark: Benchmark = {
  title: 'an update by the real host from a real registry, and the same agent installed unbundled by npm',
  figures: [
    { name: 'switchS', bound: 'at-most', value: 3 },
    { name: 'ratio', bound: 'at-most', value: 0.2 },
  ],
  async run(progress) {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(path.join(tmpdir(), 'carestream-bench-update-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
    const npmInstall = createNpmInstall(folder);
    const bench = stack.use(await startSwitchBench(patients));
    const switches: number[] = [];
    const compared = await alternate(
      {
        async first() {
          const { switchMs, stagedMs } = await bench.next();
          switches.push(switchMs);
          progress(`switched in ${switchMs} ms, staged in ${stagedMs} ms`);
          return stagedMs;
        },
        second: npmInstall,
      },
      pairs,
      progress,
    );
    // The first one is not measured, as in the comparison.
    const switchMs = median(switches.slice(1));
    return {
      figures: { switchS: Number((switchMs / 1000).toFixed(3)), ratio: Number(compared.ratio.toFixed(4)) },
      legs: [
        { name: 'old process’s end to the new one’s first receive', value: switchMs, unit: 'ms' },
        { name: 'download to staged', value: compared.first, unit: 'ms' },
        { name: 'npm install of the agent unbundled', value: compared.second, unit: 'ms' },
      ],
      method: `${pairs} alternating pairs, median`,
    };
  },
};
