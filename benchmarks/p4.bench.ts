import { agentNodeFlags } from '@flynotes/carestream-server/api';
import type { Benchmark } from './benchmark.ts';
import { median } from './measure.ts';
import { startAgent, startCountingServer, startR4, type R4Child } from './rig/processes.ts';

const [few, many] = [100_000, 1_000_000] as const;
const runs = 3;

/** Whether memory grows with the number of patients. The agent's whole program is measured, launched as its host launches it. */
export const benchmark: Benchmark = {
  title: `the agent's peak memory at ${many.toLocaleString('en-GB')} new patients, and against ${few.toLocaleString('en-GB')}`,
  figures: [
    { name: 'peakMb', bound: 'at-most', value: 200 },
    { name: 'growth', bound: 'at-most', value: 1.15 },
  ],
  async run(progress) {
    await using small = await startR4(few);
    await using large = await startR4(many);
    const peakOf = async (r4: R4Child, patients: number): Promise<number> => {
      await using server = await startCountingServer();
      await server.ask({ keepNothing: true });
      await server.send({ type: 'bulk-upload-patients', requestedAt: new Date().toISOString(), schemaVersion: 1 });
      await using agent = await startAgent({ flynotesUrl: server.url, database: r4.database });
      const { passMs, patients: told } = await server.pass(1);
      const peakMb = agent.peakMb();
      if (told === null || told < patients * 0.99) throw new Error(`${String(told)} of ${patients} patients came.`);
      progress(`${patients} patients: ${peakMb.toFixed(0)} MB, ${((passMs ?? 0) / 1000).toFixed(1)} s`);
      return peakMb;
    };
    const fewMb: number[] = [];
    const manyMb: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      fewMb.push(await peakOf(small, few));
      manyMb.push(await peakOf(large, many));
    }
    const [low, high] = [median(fewMb), median(manyMb)];
    return {
      figures: { peakMb: Math.round(high), growth: Number((high / low).toFixed(3)) },
      legs: [
        { name: `${few.toLocaleString('en-GB')} patients`, value: low, unit: 'MB' },
        { name: `${many.toLocaleString('en-GB')} patients`, value: high, unit: 'MB' },
      ],
      method: `median of ${runs} fresh processes each, node ${agentNodeFlags.join(' ')}`,
    };
  },
};
