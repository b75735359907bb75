import { readFileSync } from 'node:fs';
import path from 'node:path';
import { agentNodeEnvironment, agentNodeFlags, exitCodes, hostEnvironment } from '@flynotes/carestream-server/api';
import { describe, expect, test } from 'vitest';
import { createHostRig, shortTimes, withStable } from './testing/host-rig.ts';

describe('the agent’s process', () => {
  test('is given what was agreed on, and nothing that would make another Node of it', async () => {
    await using rig = createHostRig();
    const release = rig.addRelease('1.0.0', { agent: 'telltale', installed: true });
    const host = rig.startHost({
      env: { NODE_OPTIONS: '--title=x', NODE_PATH: '/x', HTTPS_PROXY: 'http://proxy.example.com' },
    });
    await host.until({ event: 'health', healthy: true });
    const told = JSON.parse(readFileSync(path.join(rig.dataDir, 'telltale.json'), 'utf8')) as {
      env: NodeJS.ProcessEnv;
      argv: string[];
      execArgv: string[];
      cwd: string;
    };
    expect(told.env).toMatchObject({
      [hostEnvironment.dataDir]: rig.dataDir,
      [hostEnvironment.nativeDir]: path.join(rig.installDir, 'native'),
      [hostEnvironment.keysFile]: path.join(rig.installDir, 'keys.json'),
      [hostEnvironment.hostVersion]: '0.1.0',
      [hostEnvironment.role]: 'stable',
      HTTPS_PROXY: 'http://proxy.example.com',
      ...agentNodeEnvironment,
    });
    expect(told.env).not.toHaveProperty('NODE_OPTIONS');
    expect(told.env).not.toHaveProperty('NODE_PATH');
    expect(told.argv.slice(1)).toEqual([
      path.join(release.path, 'agent/agent.mjs'),
      'start',
      '--config',
      path.join(rig.dataDir, 'config.json'),
    ]);
    expect(told.execArgv).toEqual(agentNodeFlags);
    expect(told.cwd).toBe(rig.dataDir);
  });

  test.each([
    ['dayEnd', 0],
    ['restart', 0],
    ['staged', 0],
    ['versionUnavailable', shortTimes.waitMs],
    ['configuration', shortTimes.waitMs],
    ['unreachable', shortTimes.growFirstMs],
  ] as const)('that ends with %s is started again after the pause of the table', async (name, pauseMs) => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    for (let n = 0; n < 3; n++) {
      const since = host.events.length;
      rig.world.set(`exit-${exitCodes[name]}`);
      const exited = await host.until({ event: 'exited', exitCode: exitCodes[name] }, since);
      rig.world.clear(`exit-${exitCodes[name]}`);
      const expected = name === 'unreachable' ? shortTimes.growFirstMs! * 2 ** n : pauseMs;
      expect(exited).toMatchObject({ role: 'stable', pauseMs: expected });
      await host.until({ event: 'health', healthy: true }, since);
    }
  });

  test('that exits with 0 at once is not started again in a tight circle', async () => {
    await using rig = createHostRig({ growFirstMs: 10, growMostMs: 80 });
    rig.addRelease('1.0.0', { agent: 'exitsAtOnce', installed: true });
    const host = rig.startHost();
    await host.until({ event: 'exited', pauseMs: 80 });
    const pauses = host.events.flatMap((event) => (event.event === 'exited' ? [event.pauseMs] : []));
    expect(pauses.slice(0, 5)).toEqual([0, 10, 20, 40, 80]);
  });

  test('is stopped with its host: politely, and killed where it does not hear', async () => {
    for (const agent of ['obedient', 'ignoresStop'] as const) {
      await using rig = createHostRig({ stopWithinMs: 300 });
      rig.addRelease('1.0.0', { agent, installed: true });
      const host = rig.startHost();
      const health = await host.until({ event: 'health', healthy: true });
      expect(await host.stop()).toBe(0);
      const exited = host.events.find(({ event }) => event === 'exited');
      expect(exited).toMatchObject({ signal: agent === 'obedient' ? 'SIGTERM' : 'SIGKILL', pauseMs: 0 });
      expect(isRunning(health.event === 'health' ? health.pid : 0)).toBe(false);
    }
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('is stopped when its host hears %s', async (signal) => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    host.process.kill(signal);
    expect(await host.ended).toBe(0);
    expect(host.events.at(-1)).toMatchObject({ event: 'host-stopped' });
  });

  test('of a killed host has ended before the next one is started', async () => {
    await using rig = createHostRig();
    const { host } = await withStable(rig);
    const launched = host.events.find((event) => event.event === 'launched');
    await host.kill();
    const next = rig.startHost();
    await next.until({ event: 'launched' });
    expect(isRunning(launched?.event === 'launched' ? launched.pid : 0)).toBe(false);
  });
});

describe('the command line', () => {
  test.each([
    [[], '--install-dir and --data-dir are needed'],
    [['--install-dir', '/x', '--data-dir', '/y', '--times', '{"soakMs":-1}'], '--times: soakMs is no number'],
    [['--install-dir', '/x', '--data-dir', '/y', '--times', '{"soak":1}'], '--times: soak is not known'],
    [['--install-dir', '/x', '--data-dir', '/y', '--times', '/no/such'], '--times: neither JSON nor a file'],
    [['--verbose'], '--verbose'],
  ])('%j ends with 2 and says why', async (words, said) => {
    await using rig = createHostRig();
    const host = rig.startHost({ words });
    expect(await host.ended).toBe(2);
    expect(host.errors()).toContain(said);
    expect(host.errors()).toContain('node supervisor.mjs --install-dir');
  });
});

/** A process that has ended may still be listed, where nobody asked how it ended. */
function isRunning(pid: number): boolean {
  try {
    if (process.platform === 'linux') return !/^\d+ \(.*\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
