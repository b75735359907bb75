import type { Benchmark } from './benchmark.ts';
import { startChild } from './child.ts';
import { median } from './measure.ts';
import { measureIdle } from './p5/idle.ts';
import { patientStatement } from './p5/patient-statement.ts';
import { percentile } from './p5/percentiles.ts';
import { openRawLegs } from './p5/raw-legs.ts';
import { startSampler } from './p5/sampler.ts';
import { measureUnderBulk } from './p5/under-bulk.ts';
import { connectionStringOf, startWorld, type World } from './p5/world.ts';
import { startAgent } from './rig/processes.ts';

const patients = 30_000;
const idleRounds = 20;
/** Bulk uploads, each by a fresh agent for a new practice. */
const bulkRuns = 2;
/** Patients who are looked at, some with a long history. */
const codes = Array.from({ length: 20 }, (_, index) => 1_000_000 + 37 * index + 5);
/** Patient-syncs behind the peer's bulk upload: they all end soon after it. */
const peerMessages = 40;

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
    const statement = await patientStatement(connectionStringOf(world));
    const say = (name: string, values: readonly number[]) =>
      progress(
        `${name}: ${[0.5, 0.95, 0.99].map((share) => `p${share * 100} ${percentile(values, share).toFixed(1)}`).join(', ')} ms of ${values.length}`,
      );

    // Idle and busy in turn: a machine that gets slower or faster favours neither.
    const idle = { sync: [] as number[], receive: [] as number[], select: [] as number[], put: [] as number[] };
    const bulk: number[] = [];
    const speeds: number[] = [];
    for (let run = 0; run < bulkRuns; run += 1) {
      const measured = await measureOurs(world, statement, Math.ceil(idleRounds / bulkRuns));
      say(`run ${run + 1}, idle`, measured.idle.sync);
      say(`run ${run + 1}, during a bulk upload`, measured.bulk);
      for (const name of ['sync', 'receive', 'select', 'put'] as const) idle[name].push(...measured.idle[name]);
      bulk.push(...measured.bulk);
      speeds.push(measured.patientsPerSecond);
    }
    const peer = await measurePeer(world);
    say('peer, behind its bulk upload', peer.behindBulk);
    say('peer, idle', peer.idle);

    const middle = (values: readonly number[]) => percentile(values, 0.5);
    const raw = middle(idle.receive) + middle(idle.select) + middle(idle.put);
    const ms = (name: string, value: number) => ({ name, value, unit: 'ms' });
    return {
      figures: {
        idle: Number((middle(idle.sync) / raw).toFixed(2)),
        underBulk: Number((percentile(bulk, 0.99) / percentile(idle.sync, 0.99)).toFixed(2)),
        peer: Number((middle(peer.behindBulk) / middle(bulk)).toFixed(0)),
      },
      legs: [
        ms('patient-sync, idle, p50', middle(idle.sync)),
        ms('patient-sync, idle, p99', percentile(idle.sync, 0.99)),
        ms('raw receive, p50', middle(idle.receive)),
        ms('raw SELECT batch, p50', middle(idle.select)),
        ms('raw PUT, p50', middle(idle.put)),
        ms('patient-sync during bulk, p50', middle(bulk)),
        ms('patient-sync during bulk, p99', percentile(bulk, 0.99)),
        { name: 'the bulk upload meanwhile', value: median(speeds), unit: 'patients/s' },
        ms('peer behind its bulk, p50', middle(peer.behindBulk)),
        ms('peer, idle, p50', middle(peer.idle)),
      ],
      method: `${idle.sync.length} idle, ${bulk.length} during ${bulkRuns} unpaced bulk uploads, ${peerMessages} behind the peer's; raw legs between the idle ones`,
    };
  },
};

async function measureOurs(world: World, statement: string, rounds: number) {
  const practice = await world.newPractice('Ours');
  await using sampler = await startSampler(world, practice);
  await using raw = await openRawLegs(world, await world.newPractice('Raw'), statement);
  await using _agent = await startAgent({
    flynotesUrl: world.flynotesUrl,
    database: connectionStringOf(world),
    licenceKey: practice.licenceKey,
  });
  // The agent has started when the first one is through; its first pass runs by then.
  await sampler.patientSync(codes[0] ?? 0);
  // Somebody waits for the pass now: it is not paced any more.
  await sampler.bulkUpload();
  const { sync, passMs } = await measureUnderBulk({ sampler, practice }, codes);
  return {
    bulk: sync,
    patientsPerSecond: (patients / passMs) * 1_000,
    idle: await measureIdle({ sampler, raw, practice }, codes, rounds),
  };
}

/** The peer's patient-syncs arrive while its bulk upload runs, and wait for it. */
async function measurePeer(world: World): Promise<{ behindBulk: readonly number[]; idle: readonly number[] }> {
  const practice = await world.newPractice('Peer');
  await using sampler = await startSampler(world, practice);
  const { r4Port, flynotesUrl, region, sqsEndpoint: endpoint, credentials } = world;
  const { licenceKey, queueUrl } = practice;
  await using _peer = await startChild('benchmarks/peer/sync-peer.ts', [
    JSON.stringify({ r4Port, flynotesUrl, licenceKey, queueUrl, region, endpoint, credentials }),
  ]);
  const idle: number[] = [];
  for (let n = 0; n < 3 * codes.length; n += 1) idle.push(await sampler.patientSync(codes[n % codes.length] ?? 0));
  await sampler.bulkUpload();
  // Evenly over the first seconds of the bulk upload, each for another patient.
  const behindBulk: Promise<number>[] = [];
  for (let n = 0; n < peerMessages; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    behindBulk.push(sampler.patientSync(1_000_000 + 41 * n + 900));
  }
  return { behindBulk: await Promise.all(behindBulk), idle: idle.slice(codes.length) };
}
