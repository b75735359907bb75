import { expect, test } from 'vitest';
import { createHostRig } from './testing/host-rig.ts';

test('a version that arrives is tried, proven and kept; the one before stays beside it', async () => {
  await using rig = createHostRig();
  const first = rig.addRelease('1.0.0', { agent: 'obedient', installed: true });
  const host = rig.startHost();
  await host.until({ event: 'launched', version: '1.0.0', role: 'stable' });
  await host.until({ event: 'health', healthy: true });
  const second = rig.addRelease('1.1.0');
  rig.stage(second);
  rig.world.set('exit-11');
  await host.until({ event: 'launched', version: '1.1.0', role: 'candidate' });
  await host.until({ event: 'promoted', version: '1.1.0' });
  expect(rig.state()).toMatchObject({ stable: second.folder, previous: first.folder, candidate: null, sequence: 1 });
  expect(await host.stop()).toBe(0);
});

test('a version that throws at start is undone, told why, and not tried again', async () => {
  await using rig = createHostRig();
  const good = rig.addRelease('1.0.0', { installed: true });
  const bad = rig.addRelease('1.1.0', { agent: 'throwsAtStart' });
  rig.stage(bad);
  const host = rig.startHost();
  await host.until({ event: 'launched', version: '1.1.0', role: 'candidate' });
  await host.until({ event: 'quarantined', version: '1.1.0' });
  const state = rig.state();
  expect(state).toMatchObject({ stable: null, candidate: null });
  expect(state?.quarantined).toEqual([
    { releaseSha512: bad.sha512, attempt: 1, reason: 'crashed: exit 1, TypeError at agent.mjs:15' },
  ]);
  expect(host.events.at(-1)).toMatchObject({ event: 'quarantined' });
  expect(good.folder).toMatch(/^1\.0\.0-/);
  expect(await host.stop()).toBe(0);
});
