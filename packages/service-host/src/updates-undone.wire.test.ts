import { describe, expect, test } from 'vitest';
import type { FakeAgent } from './testing/fake-agents.ts';
import { titleOf } from './update-cases.ts';
import { createHostRig, offer, withStable } from './testing/host-rig.ts';
import type { HostTimes } from './times.ts';

describe('undone', () => {
  const impatient = { unhealthyMostMs: 500, stopWithinMs: 200 };
  const bad: [Parameters<typeof titleOf>[0], FakeAgent | 'throwsAtImport', RegExp, Partial<HostTimes>?][] = [
    ['throws-at-import', 'throwsAtImport', /^crashed: exit 1, Error ERR_MODULE_NOT_FOUND$/],
    ['throws-at-start', 'throwsAtStart', /^crashed: exit 1, TypeError at agent\.mjs:\d+$/],
    ['exits-0-at-once', 'exitsAtOnce', /^ended: exit 0$/],
    ['hangs-at-start', 'hangsAtStart', /^never healthy: no word$/, impatient],
    ['cannot-read-r4', 'blind', /^never healthy: database$/, impatient],
    ['cannot-reach-the-queue', 'deaf', /^never healthy: queue$/, impatient],
    ['cannot-work-as-configured', 'misconfigured', /^ended: exit 20$/],
    ['crashes-in-the-soak', 'crashesInSoak', /^crashed after it was healthy: exit 1$/],
    ['flaps', 'flaps', /^lost its health 3 times: licence$/],
    [
      'grows-beyond-its-heap',
      'grows',
      /^crashed after it was healthy: (SIGABRT|SIGTRAP|exit \d+), out of memory: its heap is full$/,
      { soakMs: 1_500 },
    ],
    [
      'hangs-after-it-was-healthy',
      'goodOnceThenHangs',
      /^lost its health: silent$/,
      { ...impatient, staleMs: 250, soakMs: 400 },
    ],
  ];
  for (const [name, agent, reason, times] of bad) {
    test(titleOf(name), async () => {
      await using rig = createHostRig(times);
      const { stable, host } = await withStable(rig);
      const release = rig.addRelease('1.1.0', { agent });
      const since = await offer(rig, host, () => rig.stage(release));
      await host.until({ event: 'quarantined', version: '1.1.0' }, since);
      const state = rig.state();
      expect(state?.quarantined).toEqual([
        { releaseSha512: release.sha512, attempt: 1, reason: expect.stringMatching(reason) as string },
      ]);
      expect(state).toMatchObject({ candidate: null, tries: 0 });
      // Stable is what runs, was not stopped for it, and the bad one never comes back.
      const count = host.events.length;
      const last = host.events.findLast(({ event }) => event === 'launched');
      expect(last).toMatchObject({ folder: stable.folder, role: 'stable' });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(host.events.slice(count).filter(({ event }) => event === 'launched' || event === 'exited')).toEqual([]);
      // What a person may read holds no message of the agent's.
      expect(rig.log()).not.toContain('Mrs Example');
    });
  }

  test(titleOf('quarantined-again'), async () => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const release = rig.addRelease('1.1.0', { agent: 'crashesWhenTold' });
    rig.world.set('crash');
    let since = await offer(rig, host, () => rig.stage(release, { attempt: 2 }));
    await host.until({ event: 'quarantined', version: '1.1.0', attempt: 2 }, since);
    rig.world.clear('crash');
    for (const attempt of [1, 2]) {
      // The folder was removed meanwhile, and is staged anew.
      rig.addRelease('1.1.0', { agent: 'crashesWhenTold' });
      since = await offer(rig, host, () => rig.stage(release, { attempt }));
      await host.until({ event: 'staged-refused', reason: 'directive: this release was undone before' }, since);
      await host.until({ event: 'health', healthy: true }, since);
    }
    rig.addRelease('1.1.0', { agent: 'crashesWhenTold' });
    since = await offer(rig, host, () => rig.stage(release, { attempt: 3 }));
    await host.until({ event: 'promoted', version: '1.1.0' }, since);
    expect(rig.state()).toMatchObject({ stable: release.folder, quarantined: [], stableAttempt: 3 });
  });

  test(titleOf('stable-crashes-later'), async () => {
    await using rig = createHostRig();
    const { stable, host } = await withStable(rig);
    const release = rig.addRelease('1.1.0', { agent: 'crashesWhenTold' });
    await offer(rig, host, () => rig.stage(release, { attempt: 4 }));
    const promoted = await host.until({ event: 'promoted', version: '1.1.0' });
    expect(promoted).toMatchObject({ folder: release.folder });
    rig.world.set('crash');
    const launched = host.events.findLast((event) => event.event === 'launched');
    process.kill(launched?.event === 'launched' ? launched.pid : 0, 'SIGKILL');
    await host.until({ event: 'quarantined', version: '1.1.0', attempt: 4 });
    expect(rig.state()).toMatchObject({ stable: stable.folder, candidate: null });
    expect(host.events.findLast(({ event }) => event === 'launched')).toMatchObject({ folder: stable.folder });
  });

  test(titleOf('stable-out-of-reach'), async () => {
    await using rig = createHostRig({ unheardMostMs: 1_000, unhealthyMostMs: 500 });
    const { stable, host } = await withStable(rig);
    const release = rig.addRelease('1.1.0', { agent: 'muteWhenTold' });
    await offer(rig, host, () => rig.stage(release));
    await host.until({ event: 'promoted', version: '1.1.0' });
    rig.world.set('mute');
    await host.until({ event: 'turn-over', reason: 'did not reach Flynotes for long after it had been proven' });
    await host.until({ event: 'strike', strikes: 1 });
    // The release itself gets another chance, and fails it.
    await host.until({ event: 'quarantined', version: '1.1.0', reason: 'never healthy: licence' });
    expect(rig.state()).toMatchObject({ stable: stable.folder, candidate: null });
  });
});
