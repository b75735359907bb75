import type { Benchmark } from './benchmark.ts';
import { startChild } from './child.ts';
import { alternate, median } from './measure.ts';
import { startAgent, startCountingServer, startR4 } from './rig/processes.ts';

const patients = 100_000;

/** The agent's own program against a peer, both fresh processes; the agent also keeps a ledger, proves parity and serves its queue. */
export const benchmark: Benchmark = {
  title: `bulk upload of ${patients.toLocaleString('en-GB')} new patients by a fresh process: a peer (mssql recordset, JSON, fetch) against the agent's program`,
  figures: [
    { name: 'wall', bound: 'at-least', value: 1.5 },
    { name: 'rss', bound: 'at-least', value: 3 },
  ],
  async run(progress) {
    await using r4 = await startR4(patients);
    const peerMb: number[] = [];
    const agentMb: number[] = [];
    const peer = async (): Promise<number> => {
      await using server = await startCountingServer();
      await using child = await startChild('benchmarks/peer/bulk-peer.ts', [String(r4.port), server.url]);
      if (child.ready['patients'] !== patients) throw new Error(`The peer sent ${String(child.ready['patients'])}.`);
      peerMb.push(Number(child.ready['peakMb']));
      return Number(child.ready['elapsedMs']);
    };
    const agent = async (): Promise<number> => {
      await using server = await startCountingServer();
      // Somebody waits for the first pass: it is not paced.
      await server.send({ type: 'bulk-upload-patients', requestedAt: new Date().toISOString(), schemaVersion: 1 });
      await using running = await startAgent({ flynotesUrl: server.url, database: r4.database });
      const { passMs } = await server.pass(1);
      agentMb.push(running.peakMb());
      await server.verify();
      return passMs ?? Number.NaN;
    };
    const pairs = await alternate({ first: peer, second: agent }, 5, progress);
    const perSecond = (ms: number): number => (patients / ms) * 1000;
    return {
      figures: {
        wall: Number(pairs.ratio.toFixed(2)),
        rss: Number((median(peerMb) / median(agentMb)).toFixed(2)),
      },
      legs: [
        { name: 'peer', value: perSecond(pairs.first), unit: 'patients/s' },
        { name: 'agent', value: perSecond(pairs.second), unit: 'patients/s' },
        { name: 'peer, peak RSS', value: median(peerMb), unit: 'MB' },
        { name: 'agent, peak RSS', value: median(agentMb), unit: 'MB' },
      ],
      method: `${pairs.count} alternating pairs of fresh processes, median`,
    };
  },
};
