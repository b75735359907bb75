import { describe, expect, test } from 'vitest';
import { createLinuxService, type LinuxMachine } from './linux-service.ts';

const unitFile = '/etc/systemd/system/flynotes-agent.service';
const settings = {
  installDir: '/opt/flynotes-agent',
  dataDir: '/var/lib/flynotes-agent',
  account: 'flynotes-agent',
  words: [],
};
const installed = ['supervisor.mjs', 'keys.json', 'versions'].map((name) => `/opt/flynotes-agent/${name}`);

/** A machine in memory that notes what is done to it. */
function makeMachine(answers: Record<string, { exitCode: number; output: string }> = {}, isRoot = true) {
  const files = new Map<string, string>(installed.map((file) => [file, '']));
  const done: string[] = [];
  const machine: LinuxMachine = {
    run(program, words) {
      const line = [program, ...words].join(' ');
      done.push(line);
      const known = Object.entries(answers).find(([begin]) => line.startsWith(begin));
      return known?.[1] ?? { exitCode: 0, output: '' };
    },
    exists: (file) => files.has(file),
    read: (file) => files.get(file) ?? null,
    write: (file, text) => void files.set(file, text),
    makeFolder: (folder) => done.push(`mkdir ${folder}`),
    remove(file) {
      done.push(`remove ${file}`);
      files.delete(file);
    },
    isRoot,
  };
  return { machine, files, done };
}
const serviceOn = (machine: LinuxMachine, root: string | null = null) =>
  createLinuxService(machine, { root, node: '/usr/bin/node' });

describe('carestream-service on Linux', () => {
  test('installs: account, data folder, unit, enabled', () => {
    const { machine, files, done } = makeMachine({ getent: { exitCode: 2, output: '' } });
    const answer = serviceOn(machine).install(settings);
    expect(answer.exitCode).toBe(0);
    expect(answer.text).toContain('/var/lib/flynotes-agent/config.json');
    expect(done).toEqual([
      'getent passwd flynotes-agent',
      'useradd --system --user-group --no-create-home --home-dir /var/lib/flynotes-agent --shell /usr/sbin/nologin flynotes-agent',
      'mkdir /var/lib/flynotes-agent',
      'chown --recursive --no-dereference flynotes-agent: /var/lib/flynotes-agent',
      'systemctl daemon-reload',
      'systemctl enable flynotes-agent.service',
    ]);
    expect(files.get(unitFile)).toContain('ExecStart=/usr/bin/node /opt/flynotes-agent/supervisor.mjs');
  });

  test('takes the Node of the install folder where there is one, and an account that is there', () => {
    const { machine, files, done } = makeMachine();
    files.set('/opt/flynotes-agent/node', '');
    expect(serviceOn(machine).install({ ...settings, account: 'r4-reader' }).exitCode).toBe(0);
    expect(files.get(unitFile)).toContain('ExecStart=/opt/flynotes-agent/node ');
    expect(files.get(unitFile)).toContain('User=r4-reader');
    expect(done.some((line) => line.startsWith('useradd'))).toBe(false);
  });

  test('installs into an image without a running systemd', () => {
    const { machine, files, done } = makeMachine();
    for (const file of installed) files.set(`/image${file}`, '');
    files.set('/image/etc/passwd', 'root:x:0:0::/:/bin/sh\nflynotes-agent:x:990:991::/:/bin/false\n');
    expect(serviceOn(machine, '/image').install(settings).exitCode).toBe(0);
    expect(files.has(`/image${unitFile}`)).toBe(true);
    expect(done).toEqual([
      'mkdir /image/var/lib/flynotes-agent',
      'chown --recursive --no-dereference 990:991 /image/var/lib/flynotes-agent',
      'systemctl --root=/image enable flynotes-agent.service',
    ]);
  });

  test.each<[Partial<typeof settings>, RegExp]>([
    [{ account: 'root' }, /root is not taken/],
    [{ account: 'a b' }, /not an account/],
    [{ account: '--help' }, /not an account/],
    [{ dataDir: '/home/agent' }, /hidden from the service/],
    [{ dataDir: '/opt/flynotes-agent/data' }, /must not lie in each other/],
    [{ installDir: '/opt' }, /must not lie in each other|no install folder/],
    [{ installDir: '/opt/other' }, /supervisor\.mjs, keys\.json, versions is missing/],
  ])('refuses %j', (wrong, reason) => {
    const { machine, files, done } = makeMachine();
    const answer = serviceOn(machine).install({ ...settings, ...wrong });
    expect(answer).toMatchObject({ exitCode: 2 });
    expect(answer.text).toMatch(reason);
    expect([done, files.has(unitFile)]).toEqual([[], false]);
  });

  test.each(['install', 'uninstall', 'start', 'stop'] as const)('%s wants root', (verb) => {
    const { machine, done } = makeMachine({}, false);
    const service = serviceOn(machine);
    const answer =
      verb === 'install'
        ? service.install(settings)
        : verb === 'uninstall'
          ? service.uninstall(false)
          : service[verb]();
    expect(answer).toEqual({ exitCode: 1, text: 'Run this as root.' });
    expect(done).toEqual([]);
  });

  test.each(['uninstall', 'start', 'stop', 'status'] as const)('%s of what is not installed says so', (verb) => {
    const { machine } = makeMachine();
    const service = serviceOn(machine);
    const answer = verb === 'uninstall' ? service.uninstall(false) : service[verb]();
    expect(answer).toEqual({ exitCode: 4, text: 'not installed' });
  });

  test('says what systemd says when it fails', () => {
    const failed = { exitCode: 1, output: 'Unit is masked.\n' };
    const { machine } = makeMachine({ 'systemctl enable': failed, 'systemctl start': failed });
    expect(serviceOn(machine).install(settings)).toEqual({
      exitCode: 1,
      text: 'systemctl enable flynotes-agent.service: Unit is masked.',
    });
    expect(serviceOn(machine).start().text).toContain('Unit is masked.');
  });

  test('tells how it is', () => {
    const { machine, files } = makeMachine({
      'systemctl show': { exitCode: 0, output: 'ActiveState=active\nSubState=running\nMainPID=42\nNRestarts=3\n' },
    });
    serviceOn(machine).install({ ...settings, dataDir: '/srv/Flynotes "100%"' });
    expect(files.get(unitFile)).toContain('ReadWritePaths="/srv/Flynotes \\"100%%\\""');
    expect(serviceOn(machine).status()).toEqual({
      exitCode: 0,
      text: 'running (running), process 42, restarted 3 times\naccount flynotes-agent\ndata folder /srv/Flynotes "100%"',
    });
    const stopped = makeMachine({
      'systemctl show': { exitCode: 0, output: 'ActiveState=inactive\nSubState=dead\nMainPID=0\nNRestarts=0\n' },
    });
    serviceOn(stopped.machine).install(settings);
    expect(serviceOn(stopped.machine).status()).toMatchObject({ exitCode: 3 });
  });

  test('uninstalls what it installed, and keeps the data unless told', () => {
    for (const removeData of [false, true]) {
      const { machine, files, done } = makeMachine();
      const service = serviceOn(machine);
      service.install(settings);
      done.length = 0;
      expect(service.uninstall(removeData)).toMatchObject({ exitCode: 0 });
      expect(files.has(unitFile)).toBe(false);
      expect(done).toEqual([
        'systemctl disable --now flynotes-agent.service',
        `remove ${unitFile}`,
        ...(removeData ? ['remove /var/lib/flynotes-agent'] : []),
        'systemctl daemon-reload',
      ]);
    }
  });
});
