import { batchPatientsMost } from '../packages/carestream-server/src/contract/index.ts';
import type { Benchmark } from './benchmark.ts';
import { startChild } from './child.ts';
import { median } from './measure.ts';
import { createArrivals } from './p5/arrivals.ts';
import { measureIdle, type IdleTimes } from './p5/idle.ts';
import { patientReads, type PatientReads } from './p5/patient-statement.ts';
import { percentile } from './p5/percentiles.ts';
import { openRawLegs } from './p5/raw-legs.ts';
import { startSampler } from './p5/sampler.ts';
import { measureUnderBulk, passIsOver } from './p5/under-bulk.ts';
import { connectionStringOf, flags, startWorld, type World } from './p5/world.ts';
import { startAgent } from './rig/processes.ts';

const patients = 100_000;
const idleRounds = 10;
/** Bulk uploads, each by a fresh agent for a new practice. */
const bulkRuns = 2;
const peerRuns = 2;
/** Patient-syncs of a run that come at their own pace while nothing else goes on. */
const idleArrivals = 200;
/** Patients with whom the raw legs are compared, some with a long history. */
const comparedMost = 20;
/** Those who come at their own pace: so many that none comes again while waited for. */
const candidates = Array.from({ length: 2_000 }, (_, n) => 1_000_000 + 37 * n + 5);

/** Tells how long a patient-sync takes, and what there is beside it. */
export const benchmark: Benchmark = {
  title: `patient-sync, from the send call's return to the record being readable at the server (PostgreSQL); bulk of ${patients.toLocaleString('en-GB')} new patients`,
  figures: [
    { name: 'idle', bound: 'at-most', value: 1.5 },
    { name: 'underBulk', bound: 'at-most', value: 2 },
    { name: 'peer', bound: 'at-least', value: 50 },
  ],
  async run(progress) {
    await using world = await startWorld(patients);
    const reads = await patientReads(connectionStringOf(world), candidates);
    const say = (name: string, values: readonly number[]) =>
      progress(
        `${name}: ${[0.5, 0.95, 0.99].map((share) => `p${share * 100} ${percentile(values, share).toFixed(1)}`).join(', ')} ms of ${values.length}`,
      );

    // Idle and busy in turn: a machine that gets slower or faster favours neither.
    const back: Record<keyof IdleTimes, number[]> = { sync: [], receive: [], select: [], put: [] };
    const [alone, bulk, speeds] = [[] as number[], [] as number[], [] as number[]];
    for (let run = 1; run <= bulkRuns; run += 1) {
      const measured = await measureOurs(world, reads);
      say(`run ${run}, during a bulk upload`, measured.bulk);
      progress(`run ${run}, legs meanwhile (p50/p99): ${measured.legs}`);
      say(`run ${run}, idle`, measured.alone);
      say(`run ${run}, idle, one after another`, measured.idle.sync);
      for (const name of ['sync', 'receive', 'select', 'put'] as const) back[name].push(...measured.idle[name]);
      alone.push(...measured.alone);
      bulk.push(...measured.bulk);
      speeds.push(measured.patientsPerSecond);
    }
    const [peerBulk, peerIdle] = [[] as number[], [] as number[]];
    for (let run = 1; run <= peerRuns; run += 1) {
      const measured = await measurePeer(world, reads.codes);
      say(`peer, run ${run}, behind its bulk upload`, measured.behindBulk);
      peerBulk.push(...measured.behindBulk);
      peerIdle.push(...measured.idle);
    }

    const middle = (values: readonly number[]) => percentile(values, 0.5);
    const raw = middle(back.receive) + middle(back.select) + middle(back.put);
    const ms = (name: string, value: number) => ({ name, value, unit: 'ms' });
    return {
      figures: {
        idle: Number((middle(back.sync) / raw).toFixed(2)),
        underBulk: Number((percentile(bulk, 0.99) / percentile(alone, 0.99)).toFixed(2)),
        peer: Number((middle(peerBulk) / middle(bulk)).toFixed(0)),
      },
      legs: [
        ms('patient-sync, one after another, p50', middle(back.sync)),
        ms('raw receive, p50', middle(back.receive)),
        ms('raw SELECT batch, p50', middle(back.select)),
        ms('raw PUT, p50', middle(back.put)),
        ms('patient-sync, idle, p50', middle(alone)),
        ms('patient-sync, idle, p99', percentile(alone, 0.99)),
        ms('patient-sync during bulk, p50', middle(bulk)),
        ms('patient-sync during bulk, p99', percentile(bulk, 0.99)),
        { name: 'the bulk upload meanwhile', value: median(speeds), unit: 'patients/s' },
        ms('peer behind its bulk, p50', middle(peerBulk)),
        ms('peer, idle, p50', middle(peerIdle)),
      ],
      method: `a patient each 50 to 100 ms, the same gaps for both sides: ${bulk.length} sent during ${bulkRuns} unpaced bulk uploads, ${alone.length} idle, ${peerBulk.length} during ${peerRuns} bulk uploads of the peer; ${back.sync.length} one after another with the raw legs between; every program with node ${flags.join(' ')}`,
    };
  },
};

interface Ours {
  readonly bulk: readonly number[];
  readonly patientsPerSecond: number;
  /** For a person who waits. */
  readonly legs: string;
  /** Idle, at the patients' own pace. */
  readonly alone: readonly number[];
  /** Idle, one after another. */
  readonly idle: IdleTimes;
}

async function measureOurs(world: World, { statement, codes }: PatientReads): Promise<Ours> {
  const codeOf = (n: number): number => codes[n % codes.length] ?? 0;
  const practice = await world.newPractice('Ours');
  await using sampler = await startSampler(world, practice);
  await using raw = await openRawLegs(world, await world.newPractice('Raw'), statement);
  await using _agent = await startAgent({
    flynotesUrl: world.flynotesUrl,
    database: connectionStringOf(world),
    licenceKey: practice.licenceKey,
  });
  // The agent has started when the first one is through; its first pass runs by then, and somebody who waits hurries it.
  await sampler.patientSync(codeOf(0));
  const since = new Date();
  const { sync, bulkMs } = await measureUnderBulk(sampler, codeOf, () => passIsOver(practice));
  const legs = await sampler.legsSince(since);
  return {
    bulk: sync,
    patientsPerSecond: (patients / bulkMs) * 1_000,
    legs: legs.map(({ leg, p50, p99 }) => `${leg} ${p50.toFixed(1)}/${p99.toFixed(1)}`).join(', '),
    idle: await measureIdle({ sampler, raw, practice }, codes.slice(0, comparedMost), idleRounds),
    alone: await createArrivals().come((n) => sampler.patientSync(codeOf(n)), { most: idleArrivals }),
  };
}

/** The peer's patient-syncs arrive while its bulk upload runs, and wait for it. */
async function measurePeer(
  world: World,
  codes: readonly number[],
): Promise<{ behindBulk: readonly number[]; idle: readonly number[] }> {
  const codeOf = (n: number): number => codes[n % codes.length] ?? 0;
  const practice = await world.newPractice('Peer');
  await using sampler = await startSampler(world, practice);
  const { r4Port, flynotesUrl, region, sqsEndpoint: endpoint, credentials } = world;
  const { licenceKey, queueUrl } = practice;
  await using _peer = await startChild(
    'benchmarks/peer/sync-peer.ts',
    [JSON.stringify({ r4Port, flynotesUrl, licenceKey, queueUrl, region, endpoint, credentials })],
    { flags },
  );
  const idle: number[] = [];
  for (let n = 0; n < 3 * comparedMost; n += 1) idle.push(await sampler.patientSync(codeOf(n % comparedMost)));
  // It ends no pass and proves nothing: it is through when its last batch is stored.
  const isOver = async () => (await sampler.batchesStored()) >= patients / batchPatientsMost;
  const { sync } = await measureUnderBulk(sampler, codeOf, isOver);
  return { behindBulk: sync, idle: idle.slice(comparedMost) };
}
