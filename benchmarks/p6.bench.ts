import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentNodeFlags } from '@flynotes/carestream-server/api';
import { buildAgent } from '../tools/agent-bundle.ts';
import type { Benchmark } from './benchmark.ts';
import { median } from './measure.ts';
import { cpuMsOf, rssMbOf } from './p6/idle.ts';
import { startWorld } from './p6/world.ts';

/** An ordinary practice. */
const patients = 17_000;
const starts = 7;
const idleMs = 60_000;
/** After the first pass and what follows it at once. */
const settleMs = 5_000;
const source = [
  '--conditions=@flynotes/source',
  path.resolve(import.meta.dirname, '../packages/carestream-server/src/agent.ts'),
];

/** How soon the agent listens for messages, and what it costs a practice's server that it is there. */
export const benchmark: Benchmark = {
  title: `The release's one file: process start to first outstanding receive, and a minute of idleness after a pass of ${patients.toLocaleString('en-GB')} patients`,
  figures: [
    { name: 'startS', bound: 'at-most', value: 0.9 },
    { name: 'idleCpu', bound: 'at-most', value: 0.2 },
    { name: 'idleMb', bound: 'at-most', value: 120 },
  ],
  async run(progress) {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(path.join(tmpdir(), 'carestream-bench-release-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'agent.mjs');
    await buildAgent(file);
    const release = [...agentNodeFlags, file];
    const world = stack.use(await startWorld(patients));

    // The first start finds an empty folder, and leaves one that looks as it does in life.
    const first = await world.startAgent(release);
    await first.healthy();
    await first[Symbol.asyncDispose]();
    const times = { bare: [] as number[], release: [] as number[], source: [] as number[] };
    for (let round = 0; round < starts; round += 1) {
      const startedMs = performance.now();
      execFileSync(process.execPath, ['--eval', '0']);
      times.bare.push(performance.now() - startedMs);
      for (const [name, program] of [
        ['release', release],
        ['source', source],
      ] as const) {
        await using agent = await world.startAgent(program, first.dataDir);
        times[name].push(agent.startMs);
      }
      progress(
        `start ${round + 1}: ${times.release.at(-1)?.toFixed(0)} ms; from source ${times.source.at(-1)?.toFixed(0)} ms`,
      );
    }

    await using agent = await world.startAgent(release);
    await agent.healthy();
    await sleep(settleMs);
    progress('idle for a minute');
    const before = cpuMsOf(agent.pid);
    const startedMs = performance.now();
    await sleep(idleMs);
    const cpuMs = cpuMsOf(agent.pid) - before;
    const idleCpu = (cpuMs / (performance.now() - startedMs)) * 100;
    const idleMb = rssMbOf(agent.pid);
    return {
      figures: {
        startS: Number((median(times.release) / 1000).toFixed(3)),
        idleCpu: Number(idleCpu.toFixed(3)),
        idleMb: Number(idleMb.toFixed(1)),
      },
      legs: [
        { name: 'node --eval 0', value: median(times.bare), unit: 'ms' },
        { name: 'the release', value: median(times.release), unit: 'ms' },
        { name: 'the same from source', value: median(times.source), unit: 'ms' },
        { name: 'processor in a minute', value: cpuMs, unit: 'ms' },
      ],
      method: `median of ${starts} starts; one minute; node ${agentNodeFlags.join(' ')}`,
    };
  },
};
