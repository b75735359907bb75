import type { Benchmark } from './benchmark.ts';
import { startChild } from './child.ts';
import { alternate, median } from './measure.ts';
import { startBulkAgent, startCountingServer, startR4 } from './rig/processes.ts';

const patients = 100_000;
const pageRows = 2_000;

interface Timed {
  readonly elapsedMs: number;
}

/** What a pass costs beyond what the wire allows at the least. */
export const benchmark: Benchmark = {
  title: `bulk upload of ${patients.toLocaleString('en-GB')} new patients, unpaced, against the slower of draining its pages and posting its bytes`,
  figures: [{ name: 'ratio', bound: 'at-most', value: 1.3 }],
  async run(progress) {
    await using r4 = await startR4(patients);
    await using server = await startCountingServer();
    await using agent = await startBulkAgent(r4.database, server.url);
    await using drain = await startChild('benchmarks/rig/page-drain.ts', [
      String(r4.port),
      r4.database,
      String(pageRows),
    ]);
    await using poster = await startChild('benchmarks/rig/batch-poster.ts', [server.url]);

    const pass = async (): Promise<number> => {
      await server.ask({ forget: true });
      const { elapsedMs, sent } = await agent.ask<Timed & { sent: number }>({ pass: 'new' });
      const verified = await server.verify();
      if (sent !== verified.patients) throw new Error(`${sent} patients were sent, ${verified.patients} came.`);
      return elapsedMs;
    };
    // The bytes of a real pass are what the floor posts.
    await pass();
    await poster.ask(await server.ask({ bodies: 1 }));

    const drained: number[] = [];
    const posted: number[] = [];
    const floor = async (): Promise<number> => {
      const read = await drain.ask<Timed & { rows: number }>({});
      if (read.rows !== patients) throw new Error(`${read.rows} rows were drained.`);
      drained.push(read.elapsedMs);
      posted.push((await poster.ask<Timed>({})).elapsedMs);
      return Math.max(drained.at(-1) ?? 0, posted.at(-1) ?? 0);
    };
    const pairs = await alternate({ first: pass, second: floor }, 7, progress);
    // The first of each was the round that is not measured.
    const perSecond = (ms: number): number => (patients / ms) * 1000;
    return {
      figures: { ratio: Number(pairs.ratio.toFixed(3)) },
      legs: [
        { name: 'agent', value: perSecond(pairs.first), unit: 'patients/s' },
        { name: 'draining the same pages', value: perSecond(median(drained.slice(1))), unit: 'patients/s' },
        { name: 'posting the same bytes', value: perSecond(median(posted.slice(1))), unit: 'patients/s' },
      ],
      method: `${pairs.count} alternating pairs, median`,
    };
  },
};
