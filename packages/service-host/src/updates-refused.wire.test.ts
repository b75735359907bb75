import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { titleOf } from './update-cases.ts';
import {
  createHostRig,
  offer,
  withStable,
  type HostRig,
  type ReleaseWish,
  type TestRelease,
} from './testing/host-rig.ts';

describe('refused', () => {
  const damages: [Parameters<typeof titleOf>[0], (release: TestRelease) => void, string][] = [
    ['file-missing', ({ path: at }) => rmSync(path.join(at, 'agent/agent.mjs')), 'file missing: agent/agent.mjs'],
    ['file-added', ({ path: at }) => writeFileSync(path.join(at, 'agent/more.mjs'), ''), 'file added: agent/more.mjs'],
    [
      'file-changed',
      ({ path: at }) => writeFileSync(path.join(at, 'package.json'), '{}'),
      'file changed: package.json',
    ],
    [
      'file-linked',
      ({ path: at }) => linkSync(path.join(at, 'package.json'), path.join(at, '../elsewhere.json')),
      'not a plain file: package.json',
    ],
    ['unsigned-staged', ({ path: at }) => rmSync(path.join(at, 'release.json')), 'no signed manifest'],
  ];
  const wishes: [Parameters<typeof titleOf>[0], (rig: HostRig) => ReleaseWish, string][] = [
    ['stranger-signed', ({ keys }) => ({ key: keys.stranger }), 'manifest: signed by an unknown key'],
    ['another-package', () => ({ manifest: { name: '@flynotes/other' as never } }), 'another package'],
    [
      'needs-another-node',
      () => ({ manifest: { node: '99.0.0' } }),
      `needs Node 99.0.0, the host has ${process.versions.node}`,
    ],
    ['needs-newer-host', () => ({ manifest: { hostMin: '99.0.0' } }), 'needs host 99.0.0, this one is 0.1.0'],
  ];

  const refusesAndQuarantines = async (make: (rig: HostRig) => TestRelease, reason: string): Promise<void> => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const release = make(rig);
    const since = await offer(rig, host, () => rig.stage(release));
    await host.until({ event: 'quarantined', version: release.version, reason }, since);
    await host.until({ event: 'launched', version: '1.0.0', role: 'stable' }, since);
    expect(host.events.filter(({ event }) => event === 'launched')).not.toContainEqual(
      expect.objectContaining({ version: release.version }),
    );
    expect(rig.state()).toMatchObject({
      candidate: null,
      quarantined: [{ releaseSha512: release.sha512, attempt: 1, reason }],
    });
    await host.until({ event: 'health', healthy: true }, since);
  };

  for (const [name, damage, reason] of damages) {
    test(titleOf(name), () =>
      refusesAndQuarantines((rig) => {
        const release = rig.addRelease('1.1.0');
        damage(release);
        return release;
      }, reason),
    );
  }
  for (const [name, wish, reason] of wishes) {
    test(titleOf(name), () => refusesAndQuarantines((rig) => rig.addRelease('1.1.0', wish(rig)), reason));
  }

  test(titleOf('digest-differs'), async () => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const release = rig.addRelease('1.1.0');
    const other = `${release.sha512.slice(0, 8)}${'0'.repeat(120)}`;
    const since = await offer(rig, host, () => rig.stage(release, { releaseSha512: other }));
    await host.until({ event: 'staged-refused', reason: 'staged folder: another release' }, since);
    await host.until({ event: 'launched', version: '1.0.0' }, since);
  });

  test(titleOf('forged-directive'), async () => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const release = rig.addRelease('1.1.0');
    const { keys } = rig;
    const forged: [() => void, string][] = [
      [() => rig.stage(release, {}, keys.release), 'directive: signed by an unknown key'],
      [() => rig.stage(release, {}, keys.stranger), 'directive: signed by an unknown key'],
      [
        () => rig.stage(release, {}, { ...keys.stranger, pinned: keys.directive.pinned }),
        'directive: signed by an unknown key',
      ],
      [() => writeFileSync(path.join(rig.dataDir, 'state/staged.json'), '{}'), 'directive: no signature'],
      [() => rmSync(path.join(rig.dataDir, 'state/staged.json')), 'nothing is staged'],
    ];
    for (const [stageIt, reason] of forged) {
      const since = await offer(rig, host, stageIt);
      await host.until({ event: 'staged-refused', reason }, since);
      await host.until({ event: 'health', healthy: true }, since);
    }
    expect(rig.state()).toMatchObject({ candidate: null, sequence: 0, quarantined: [] });
  });

  test(titleOf('replayed-directive'), async () => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const [newer, older] = [rig.addRelease('1.2.0', { agent: 'obedient' }), rig.addRelease('1.1.0')];
    await offer(rig, host, () => rig.stage(newer, { sequence: 7 }));
    await host.until({ event: 'promoted', version: '1.2.0' });
    for (const sequence of [1, 6, 7]) {
      const again = rig.addRelease('1.1.0');
      const since = await offer(rig, host, () => rig.stage(again, { sequence }));
      await host.until({ event: 'staged-refused', reason: 'directive: older than the last one' }, since);
      await host.until({ event: 'health', healthy: true }, since);
    }
    expect(rig.state()).toMatchObject({ stable: newer.folder, candidate: null, sequence: 7 });
    expect(older.version).toBe('1.1.0');
  });

  test(titleOf('below-the-floor'), async () => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const good = rig.addRelease('1.2.0', { agent: 'obedient' });
    await offer(rig, host, () => rig.stage(good, { floor: '1.1.0' }));
    await host.until({ event: 'promoted', version: '1.2.0' });
    const below = rig.addRelease('1.0.9');
    const refusals: [string, string][] = [
      ['1.1.0', 'directive: 1.0.9 is below the floor 1.1.0'],
      ['1.0.0', 'directive: lowers the floor'],
    ];
    for (const [floor, reason] of refusals) {
      const since = await offer(rig, host, () => rig.stage(below, { floor }));
      await host.until({ event: 'staged-refused', reason }, since);
      await host.until({ event: 'health', healthy: true }, since);
    }
    expect(rig.state()).toMatchObject({ stable: good.folder, floor: '1.1.0', candidate: null });
  });

  test(titleOf('keys-missing'), async () => {
    await using rig = createHostRig();
    rig.addRelease('1.0.0', { installed: true });
    const keysFile = path.join(rig.installDir, 'keys.json');
    const keys = readFileSync(keysFile);
    writeFileSync(keysFile, keys.subarray(0, 40));
    const host = rig.startHost();
    await host.until({ event: 'nothing-to-run' });
    writeFileSync(keysFile, keys);
    await host.until({ event: 'health', healthy: true });
    expect(host.events.findIndex(({ event }) => event === 'launched')).toBeGreaterThan(0);
  });
});
