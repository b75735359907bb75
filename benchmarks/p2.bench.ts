import type { Benchmark } from './benchmark.ts';
import { startChild } from './child.ts';
import { alternate } from './measure.ts';
import { startBulkAgent, startCountingServer, startR4 } from './rig/processes.ts';

const patients = 100_000;
const pageRows = 2_000;

/** What the hourly pass costs when nobody changed anything: all is read, nothing travels, and both sides are proved equal. */
export const benchmark: Benchmark = {
  title: `bulk upload of ${patients.toLocaleString('en-GB')} patients of whom none changed, unpaced, against draining its pages`,
  figures: [
    { name: 'ratio', bound: 'at-most', value: 1.25 },
    { name: 'bytes', bound: 'at-most', value: 2_000 },
  ],
  async run(progress) {
    await using r4 = await startR4(patients);
    await using server = await startCountingServer();
    await using agent = await startBulkAgent(r4.database, server.url);
    await using drain = await startChild('benchmarks/rig/page-drain.ts', [
      String(r4.port),
      r4.database,
      String(pageRows),
    ]);
    await agent.ask({ pass: 'new' });
    await server.verify();

    let bytes = 0;
    let passes = 1;
    const unchanged = async (): Promise<number> => {
      const { elapsedMs, sent } = await agent.ask<{ elapsedMs: number; sent: number }>({ pass: 'again' });
      passes += 1;
      if (sent !== 0) throw new Error(`${sent} patients were sent, and none changed.`);
      bytes = Math.max(bytes, (await server.pass(passes)).bytes);
      return elapsedMs;
    };
    const drained = async (): Promise<number> => {
      const { elapsedMs, rows } = await drain.ask<{ elapsedMs: number; rows: number }>({});
      if (rows !== patients) throw new Error(`${rows} rows were drained.`);
      return elapsedMs;
    };
    const pairs = await alternate({ first: unchanged, second: drained }, 7, progress);
    await server.verify();
    const perSecond = (ms: number): number => (patients / ms) * 1000;
    return {
      figures: { ratio: Number(pairs.ratio.toFixed(3)), bytes },
      legs: [
        { name: 'agent', value: perSecond(pairs.first), unit: 'patients/s' },
        { name: 'draining the same pages', value: perSecond(pairs.second), unit: 'patients/s' },
      ],
      method: `${pairs.count} alternating pairs, median; the most bytes of any pass`,
    };
  },
};
