import { timesOf } from '@flynotes/testkit';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HostEvent } from './host-log.ts';
import { verifyRelease } from './release-folder.ts';
import { titleOf } from './update-cases.ts';
import { createHostRig, offer, withStable, type HostRig, type RunningHost } from './testing/host-rig.ts';

/** Dozens of processes one after another: a busy machine takes its time for them. */
const longMs = timesOf(180_000, 1_800_000);

/** A power cut: host and agent at once. */
async function cutPower(host: RunningHost): Promise<void> {
  const launched = host.events.findLast((event) => event.event === 'launched');
  host.process.kill('SIGKILL');
  try {
    if (launched?.event === 'launched') process.kill(launched.pid, 'SIGKILL');
  } catch {
    // It had ended by itself.
  }
  await host.ended;
}

/** Numbers that repeat by their seed (xorshift32). */
function randomOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Whatever happened: what the host remembers is there, whole, and could be run. */
function expectSound(rig: HostRig): void {
  const state = rig.state();
  expect(state, 'one slot is always valid').not.toBeNull();
  for (const folder of [state?.stable, state?.candidate, state?.previous]) {
    if (typeof folder !== 'string') continue;
    const found = [rig.dataDir, rig.installDir].map((dir) =>
      verifyRelease(path.join(dir, 'versions', folder), rig.keys.file),
    );
    expect(found.map(({ outcome }) => outcome)).toContain('valid');
  }
}

describe('interrupted', () => {
  const steps: HostEvent['event'][] = [
    'staged',
    'launched',
    'health',
    'turn-over',
    'exited',
    'strike',
    'promoted',
    'quarantined',
  ];
  test.each(['good', 'throwsAtStart'] as const)(
    `${titleOf('killed-at-each-step')} (%s)`,
    async (agent) => {
      await using rig = createHostRig();
      const { host } = await withStable(rig);
      const release = rig.addRelease('1.1.0', { agent });
      rig.stage(release);
      await host.kill();
      const seen: string[] = [];
      for (const step of steps) {
        const interrupted = rig.startHost();
        const settled = agent === 'good' ? 'promoted' : 'quarantined';
        // A step that the host is past already, or that this kind of release does not take, is not waited for.
        const first = await Promise.race([
          interrupted.until({ event: step }).catch(() => null),
          sleep(1_500).then(() => null),
        ]);
        if (first !== null) seen.push(step);
        await interrupted.kill();
        expectSound(rig);
        if (interrupted.events.some(({ event }) => event === settled)) break;
      }
      const last = rig.startHost();
      await last.until({ event: 'health', healthy: true });
      const wanted = agent === 'good' ? { stable: release.folder } : { stable: null, candidate: null };
      await expect.poll(() => rig.state(), { timeout: 40_000 }).toMatchObject(wanted);
      expect(rig.state()?.quarantined.length).toBe(agent === 'good' ? 0 : 1);
      expect(seen.length).toBeGreaterThan(2);
    },
    longMs,
  );

  test(
    titleOf('killed-at-random'),
    async () => {
      const kills = timesOf(40, 400);
      const seed = timesOf(20_261_123, Date.now() % 2 ** 31);
      process.stdout.write(`${kills} kills, seed ${seed}\n`);
      const random = randomOf(seed);
      await using rig = createHostRig({ soakMs: 60 });
      const { host, stable } = await withStable(rig);
      await host.kill();
      const outcomes = new Map<string, number>();
      for (let kill = 0; kill < kills; kill++) {
        const agent = random() < 0.5 ? 'obedient' : 'throwsAtStart';
        if (kill % 4 === 0) rig.stage(rig.addRelease(`1.${kill}.0`, { agent }));
        const interrupted = rig.startHost();
        // A few even before the host is there.
        if (random() < 0.9) await interrupted.until({ event: 'host-started' });
        await sleep(random() * random() * 500);
        await interrupted.kill();
        expectSound(rig);
        for (const { event } of interrupted.events) outcomes.set(event, (outcomes.get(event) ?? 0) + 1);
      }
      const good = rig.addRelease('2.0.0');
      rig.stage(good);
      const last = rig.startHost();
      await last.until({ event: 'promoted', folder: good.folder });
      expect(rig.state()).toMatchObject({ stable: good.folder });
      process.stdout.write(`${JSON.stringify(Object.fromEntries(outcomes))}\n`);
      expect(outcomes.get('launched') ?? 0).toBeGreaterThan(kills / 2);
      expect(stable.version).toBe('1.0.0');
    },
    longMs,
  );

  test(titleOf('reboots-burn-no-try'), async () => {
    await using rig = createHostRig({ soakMs: 60_000 });
    const { host } = await withStable(rig);
    const release = rig.addRelease('1.1.0');
    await offer(rig, host, () => rig.stage(release));
    let running = host;
    const since = (): number => (running === host ? 0 : running.events.length);
    for (const end of ['power', 'power', 'stop', 'power', 'stop', 'power', 'stop', 'stop'] as const) {
      const launched = await running.until({ event: 'launched', folder: release.folder, role: 'candidate' });
      expect(launched).toMatchObject({ try: 1 });
      await running.until({ event: 'health', healthy: true }, since());
      if (end === 'power') await cutPower(running);
      else expect(await running.stop()).toBe(0);
      running = rig.startHost();
    }
    await running.until({ event: 'launched', role: 'candidate', try: 1 });
    expect(rig.state()).toMatchObject({ candidate: release.folder, tries: 1, trial: { interrupted: 4, strikes: 0 } });
  });

  test(titleOf('takes-the-host-along'), async () => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const release = rig.addRelease('1.1.0', { agent: 'killsItsHost' });
    await offer(rig, host, () => rig.stage(release));
    await host.ended;
    let hosts = 1;
    for (; hosts < 40 && rig.state()?.candidate !== null; hosts++) {
      const next = rig.startHost();
      await Promise.race([next.ended, next.until({ event: 'quarantined' }).catch(() => null)]);
    }
    expect(rig.state()).toMatchObject({
      candidate: null,
      quarantined: [{ releaseSha512: release.sha512, reason: 'ended 10 times before it was proven' }],
    });
    expect(hosts).toBeGreaterThan(15);
  });

  test(titleOf('clock-a-year-off'), async () => {
    await using rig = createHostRig();
    rig.addRelease('1.0.0', { agent: 'obedient', installed: true });
    // Each look at the clock tells another year.
    const script = `const real = Date.now; let n = 0; Date.now = () => real() + (n++ % 3 - 1) * 31536e6;`;
    const host = rig.startHost({ nodeWords: [`--import=data:text/javascript,${encodeURIComponent(script)}`] });
    await host.until({ event: 'health', healthy: true });
    const release = rig.addRelease('1.1.0');
    await offer(rig, host, () => rig.stage(release, { expiresAt: '2020-01-01T00:00:00.000Z' }));
    await host.until({ event: 'promoted', version: '1.1.0' });
    const years = new Set(host.events.map((event) => (event as unknown as { at: string }).at.slice(0, 4)));
    expect(years.size).toBeGreaterThan(1);
  });

  test(titleOf('second-host'), async () => {
    await using rig = createHostRig({ lockWaitMs: 300 });
    const { host } = await withStable(rig);
    const second = rig.startHost();
    await second.until({ event: 'host-waits' });
    expect(await second.ended).toBe(3);
    expect(second.events.map(({ event }) => event)).toEqual(['host-waits']);
    expect(host.events.some(({ event }) => event === 'exited')).toBe(false);
    // A lock of a killed host holds nobody up; of two that wait, one runs.
    const third = rig.startHost();
    await third.until({ event: 'host-waits' });
    await host.kill();
    await third.until({ event: 'health', healthy: true });
    expect(await third.stop()).toBe(0);
  });

  test(`${titleOf('disk-full')} (from the first start)`, async () => {
    await using rig = createHostRig();
    rig.disk.fill();
    const { host } = await withStable(rig);
    await host.until({ event: 'state-not-written' });
    expect(rig.state()).toBeNull();
    rig.disk.free();
    await expect.poll(() => rig.state(), { timeout: 5_000 }).toMatchObject({ candidate: null, sequence: 0 });
  });

  test(`${titleOf('disk-full')} (when a version is to be tried)`, async () => {
    await using rig = createHostRig();
    const { stable, host } = await withStable(rig);
    const release = rig.addRelease('1.1.0');
    const since = await offer(rig, host, () => {
      rig.stage(release);
      rig.disk.fill();
    });
    await host.until({ event: 'launched', folder: stable.folder, role: 'stable' }, since);
    await host.until({ event: 'health', healthy: true }, since);
    await sleep(200);
    const launches = host.events.slice(since).filter(({ event }) => event === 'launched');
    expect(launches).toHaveLength(1);
    rig.disk.free();
    await host.until({ event: 'promoted', folder: release.folder }, since);
    expect(rig.state()).toMatchObject({ stable: release.folder });
  });

  test(`${titleOf('disk-full')} (in the soak)`, async () => {
    await using rig = createHostRig({ soakMs: 400 });
    const { stable, host } = await withStable(rig);
    const release = rig.addRelease('1.1.0');
    const since = await offer(rig, host, () => rig.stage(release));
    await host.until({ event: 'launched', folder: release.folder }, since);
    rig.disk.fill();
    await host.until({ event: 'promoted', folder: release.folder }, since);
    await host.until({ event: 'state-not-written' }, since);
    expect(rig.state()).toMatchObject({ candidate: release.folder });
    await cutPower(host);
    // Nobody could write down that it was proven, nor that it is tried again.
    const again = rig.startHost();
    await again.until({ event: 'launched', folder: stable.folder, role: 'stable' });
    await again.until({ event: 'health', healthy: true });
    rig.disk.free();
    await again.until({ event: 'promoted', folder: release.folder });
  });

  test(`${titleOf('disk-full')} (when a version is to be undone)`, async () => {
    await using rig = createHostRig();
    const { stable, host } = await withStable(rig);
    const release = rig.addRelease('1.1.0', { agent: 'throwsAtStart' });
    const since = await offer(rig, host, () => rig.stage(release));
    const strike = await host.until({ event: 'turn-over' }, since);
    rig.disk.fill();
    const at = host.events.indexOf(strike);
    await host.until({ event: 'launched', folder: stable.folder, role: 'stable' }, at);
    await host.until({ event: 'health', healthy: true }, at);
    await host.until({ event: 'state-not-written' }, at);
    rig.disk.free();
    await host.until({ event: 'quarantined', version: '1.1.0' }, since);
    expect(rig.state()).toMatchObject({ candidate: null, quarantined: [{ releaseSha512: release.sha512 }] });
  });
});
