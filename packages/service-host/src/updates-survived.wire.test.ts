import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { titleOf } from './update-cases.ts';
import { createHostRig, offer, withStable } from './testing/host-rig.ts';
import { makeKey } from './testing/signer.ts';

describe('survived', () => {
  test('a version that arrives is tried, proven and kept; the one before stays beside it, older ones go', async () => {
    await using rig = createHostRig();
    const { stable, host } = await withStable(rig);
    const releases = ['1.1.0', '1.2.0', '1.3.0'].map((version) => ({ version, agent: 'obedient' as const }));
    const folders = [stable.folder];
    for (const { version, agent } of releases) {
      const release = rig.addRelease(version, { agent });
      folders.push(release.folder);
      const since = await offer(rig, host, () => rig.stage(release));
      await host.until({ event: 'launched', version, role: 'candidate', from: 'arrived' }, since);
      await host.until({ event: 'promoted', version }, since);
      expect(rig.state()).toMatchObject({ stable: release.folder, previous: folders.at(-2), candidate: null });
    }
    expect(await host.stop()).toBe(0);
    expect(host.events.at(-1)).toMatchObject({ event: 'host-stopped' });
    // Removed between two lives of the agent, which may be staging something.
    const again = rig.startHost();
    await again.until({ event: 'launched', version: '1.3.0', role: 'stable' });
    expect(readdirSync(path.join(rig.dataDir, 'versions')).sort()).toEqual(folders.slice(2));
  });

  test(titleOf('downgrade'), async () => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const newer = rig.addRelease('1.2.0', { agent: 'obedient' });
    await offer(rig, host, () => rig.stage(newer));
    await host.until({ event: 'promoted', version: '1.2.0' });
    const older = rig.addRelease('0.9.0');
    const since = await offer(rig, host, () => rig.stage(older));
    await host.until({ event: 'promoted', version: '0.9.0' }, since);
    expect(rig.state()).toMatchObject({ stable: older.folder, previous: newer.folder });
  });

  test(titleOf('directive-key-replaced'), async () => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const [theirs, ours] = [rig.addRelease('1.2.0', { agent: 'obedient' }), rig.addRelease('1.1.0')];
    const sequence = Number.MAX_SAFE_INTEGER;
    await offer(rig, host, () => rig.stage(theirs, { sequence, floor: '1.2.0' }));
    await host.until({ event: 'promoted', version: '1.2.0' });
    rig.addRelease('1.1.0');
    const key = makeKey();
    // The thief's number stands for as long as the thief's key does.
    let since = await offer(rig, host, () => rig.stage(ours, { sequence: 3 }));
    await host.until({ event: 'staged-refused' }, since);
    await host.stop();
    rig.addRelease('1.1.0');
    const keys = { ...rig.keys.file, directive: [key.pinned] };
    writeFileSync(path.join(rig.installDir, 'keys.json'), JSON.stringify(keys));
    const again = rig.startHost();
    await again.until({ event: 'launched', version: '1.2.0', role: 'stable' });
    expect(rig.state()).toMatchObject({ sequence: 0, floor: '0.0.0', stable: theirs.folder });
    rig.addRelease('1.1.0');
    since = await offer(rig, again, () => rig.stage(ours, { sequence: 4 }, key));
    await again.until({ event: 'promoted', version: '1.1.0' }, since);
    expect(rig.state()).toMatchObject({ sequence: 4, stable: ours.folder, previous: theirs.folder });
  });

  test(titleOf('world-broken'), async () => {
    await using rig = createHostRig({ unhealthyMostMs: 1_500, turnFirstMs: 300, turnMostMs: 600, soakMs: 600 });
    const { host } = await withStable(rig);
    const release = rig.addRelease('1.1.0');
    const since = await offer(rig, host, () => rig.stage(release));
    const launched = await host.until({ event: 'launched', version: '1.1.0', role: 'candidate' }, since);
    await host.until({ event: 'health', healthy: true }, host.events.indexOf(launched));
    rig.world.set('broken');
    await host.until({ event: 'turn-over', version: '1.1.0' }, since);
    const broken = await host.until({ event: 'world-broken', version: '1.1.0' }, since);
    await host.until({ event: 'world-broken', version: '1.1.0' }, host.events.indexOf(broken) + 1);
    expect(broken).toMatchObject({ nextTurnMs: 600 });
    // The worst moment for R4 to come back: while stable has its turn.
    await host.until({ event: 'launched', role: 'stable' }, host.events.indexOf(broken) + 1);
    rig.world.clear('broken');
    await host.until({ event: 'promoted', version: '1.1.0' }, since);
    expect(rig.state()).toMatchObject({ stable: release.folder, quarantined: [] });
  });

  test(titleOf('stable-damaged'), async () => {
    await using rig = createHostRig();
    const { stable, host } = await withStable(rig);
    const [first, second] = [rig.addRelease('1.1.0', { agent: 'obedient' }), rig.addRelease('1.2.0')];
    // Kept from being removed as unknown until it is staged itself.
    await offer(rig, host, () => rig.stage(first));
    await host.until({ event: 'promoted', version: '1.1.0' });
    rig.addRelease('1.2.0');
    await offer(rig, host, () => rig.stage(second));
    await host.until({ event: 'promoted', version: '1.2.0' });
    await host.stop();
    rmSync(path.join(second.path, 'agent/agent.mjs'));
    const again = rig.startHost();
    await again.until({ event: 'not-launched', folder: second.folder, reason: 'file missing: agent/agent.mjs' });
    await again.until({ event: 'launched', folder: first.folder, role: 'stable' });
    await again.stop();
    writeFileSync(path.join(first.path, 'agent/agent.mjs'), 'changed');
    const third = rig.startHost();
    await third.until({ event: 'launched', folder: stable.folder, role: 'stable', from: 'installed' });
    // What is staged whole again is what runs.
    await third.stop();
    rig.addRelease('1.2.0');
    await rig.startHost().until({ event: 'launched', folder: second.folder, role: 'stable' });
  });

  test(titleOf('everything-damaged'), async () => {
    await using rig = createHostRig();
    const { stable, host } = await withStable(rig);
    const release = rig.addRelease('1.1.0');
    await offer(rig, host, () => rig.stage(release));
    await host.until({ event: 'promoted', version: '1.1.0' });
    await host.kill();
    for (const file of ['state/slot-0.json', 'state/slot-1.json', 'state/staged.json', 'state/host.lock']) {
      writeFileSync(path.join(rig.dataDir, file), Buffer.alloc(5_000, 7));
    }
    writeFileSync(path.join(release.path, 'release.json'), Buffer.alloc(100));
    const again = rig.startHost();
    await again.until({ event: 'state-rebuilt', stable: null, candidate: null });
    await again.until({ event: 'launched', folder: stable.folder, from: 'installed' });
    await again.until({ event: 'health', healthy: true });
  });

  test(titleOf('both-slots-damaged'), async () => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const [first, second] = [rig.addRelease('1.1.0', { agent: 'obedient' }), rig.addRelease('1.2.0')];
    await offer(rig, host, () => rig.stage(first, { floor: '0.5.0' }));
    await host.until({ event: 'promoted', version: '1.1.0' });
    rig.addRelease('1.2.0');
    const sequence = { value: 0 };
    await offer(rig, host, () => (sequence.value = rig.stage(second, { floor: '0.6.0' })));
    await host.until({ event: 'promoted', version: '1.2.0' });
    await host.stop();
    for (const slot of [0, 1]) writeFileSync(path.join(rig.dataDir, `state/slot-${slot}.json`), '{"gen":');
    const again = rig.startHost();
    await again.until({ event: 'state-rebuilt', stable: first.folder, candidate: second.folder });
    await again.until({ event: 'launched', folder: second.folder, role: 'candidate' });
    await again.until({ event: 'promoted', folder: second.folder });
    expect(rig.state()).toMatchObject({
      stable: second.folder,
      previous: first.folder,
      sequence: sequence.value,
      floor: '0.6.0',
    });
  });

  test('where nothing but a candidate is there, it has every turn, however it does', async () => {
    await using rig = createHostRig();
    const release = rig.addRelease('1.0.0', { agent: 'crashesWhenTold' });
    rig.world.set('crash');
    rig.stage(release);
    const host = rig.startHost();
    for (let count = 0; count < 8; count++) await host.until({ event: 'exited', exitCode: 1 }, host.events.length);
    expect(rig.state()).toMatchObject({ candidate: release.folder, quarantined: [] });
    rig.world.clear('crash');
    await host.until({ event: 'promoted', folder: release.folder });
    expect(rig.state()).toMatchObject({ stable: release.folder, previous: null });
  });

  test('a folder that is no release is neither run nor in the way', async () => {
    await using rig = createHostRig();
    const junk = ['1.9.0-00000000', 'not-a-version', '2.0.0-0123456'];
    for (const name of junk) mkdirSync(path.join(rig.dataDir, 'versions', name), { recursive: true });
    writeFileSync(path.join(rig.dataDir, 'versions/3.0.0-01234567'), 'a file');
    const { host } = await withStable(rig);
    await host.until({ event: 'removed', folder: '1.9.0-00000000' });
    await host.until({ event: 'removed', folder: '3.0.0-01234567' });
    expect(readdirSync(path.join(rig.dataDir, 'versions')).sort()).toEqual(['2.0.0-0123456', 'not-a-version']);
  });
});
