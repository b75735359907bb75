import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { HostEvent } from '@flynotes/service-host';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildWindowsMsi } from '../../tools/windows/build-windows-msi.ts';
import { call } from '../../tools/windows/call.ts';
import { createPracticeRig, type PracticeRig } from './practice-rig.ts';
import { createTranscript, type Transcript } from './transcript.ts';
import {
  createWindowsHost,
  dataFolder,
  eventually,
  installFailed,
  installFolder,
  type WindowsHost,
} from './windows-host.ts';
import { createWine, wineIsThere, type Wine } from './wine.ts';

type EventOf<Kind extends HostEvent['event']> = Extract<HostEvent, { event: Kind }>;

/** Minutes become seconds; what is tried stays the same. */
const hostTimes = {
  soakMs: 3_000,
  unhealthyMostMs: 30_000,
  turnFirstMs: 10_000,
  turnMostMs: 20_000,
  growFirstMs: 200,
  growMostMs: 1_000,
  waitMs: 2_000,
  quickMs: 500,
};
const stepWithinMs = 120_000;

describe.skipIf(!wineIsThere)('the MSI and the service under Wine, with the genuine node.exe', () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), 'carestream-windows-'));
  let transcript: Transcript;
  let wine: Wine;
  let host: WindowsHost;
  let rig: PracticeRig;
  let msi: string;
  let failedStep: string | null = null;

  /** Each step stands on the one before it, as on a real server; after a failure the rest would only tell of that again. */
  const step = (name: string, run: () => Promise<void>): void =>
    test(
      name,
      async () => {
        if (failedStep !== null) throw new Error(`not tried after the failure of “${failedStep}”`);
        failedStep = name;
        transcript.title(name);
        try {
          await run();
        } catch (error) {
          throw new Error(`${name}\nThe host told last:\n${lastTold()}`, { cause: error });
        }
        failedStep = null;
      },
      stepWithinMs,
    );

  beforeAll(async () => {
    stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
    [wine, rig] = await Promise.all([createWine(folder), createPracticeRig(folder)]);
    stack.use(rig);
    stack.use(wine);
    transcript = createTranscript([
      [`${folder}/`, ''],
      [rig.licenceKey, 'flk_…'],
      [rig.rollbarToken, '…'],
      [rig.r4.connectionString(), 'Server=…;Database=sys2000;Uid=flynotes_reader;Pwd=…'],
      [rig.flynotesUrl, 'http://127.0.0.1:4610'],
    ]);
    host = createWindowsHost(wine, transcript);
    msi = await makeMsi('agent.msi', '0.1.0');
  }, 300_000);

  afterAll(() => stack.disposeAsync(), 60_000);

  step('an old Windows is told what is needed, and nothing is installed', async () => {
    const { exitCode, log } = await host.msiexec(['/i', msi, ...properties()]);
    expect(exitCode).toBe(installFailed);
    // Wine shows the words in a window only; that they are what ended it is seen by the last action.
    expect(lastActionIn(log)).toBe('LaunchConditions');
    expect(conditionsOf(msi)).toContain('needs Windows 10 or Windows Server 2016');
    expect(host.filesIn(installFolder)).toEqual([]);
    await wine.becomeWindows10();
  });

  step('what is wrong with the properties is told in the log, and nothing stays behind', async () => {
    const wrong: readonly [changes: Readonly<Record<string, string>>, told: string][] = [
      [{ LICENCEKEY: '' }, 'LICENCEKEY is missing'],
      [{ FLYNOTESURL: 'http://api.example.com' }, 'FLYNOTESURL must be written as https://host.'],
      [{ SERVICEACCOUNT: 'LocalSystem', SERVICEPASSWORD: 'x' }, 'the system account is not taken'],
      [{ SERVICEACCOUNT: 'PRACTICE\\flynotes' }, 'SERVICEACCOUNT needs SERVICEPASSWORD'],
      [{ SERVICEPASSWORD: 'x' }, 'SERVICEPASSWORD is given without SERVICEACCOUNT'],
    ];
    for (const [changes, told] of wrong) {
      const { exitCode, log } = await host.msiexec(['/i', msi, ...properties(changes)]);
      expect.soft(exitCode, told).toBe(installFailed);
      expect.soft(log.includes(told), told).toBe(true);
      transcript.seen(told);
      expect.soft((await wine.run('sc', ['query', 'FlynotesAgent'])).exitCode, told).not.toBe(0);
      expect.soft(host.filesIn(dataFolder), told).toEqual([]);
    }
  });

  step('installed silently, it runs under its own account and has its configuration', async () => {
    const { exitCode } = await host.msiexec([
      '/i',
      msi,
      ...properties({ R4DATABASE: `${rig.r4.connectionString()};App=a\\b` }),
    ]);
    expect(exitCode).toBe(0);
    expect(host.config()).toEqual({
      licenceKey: rig.licenceKey,
      flynotesUrl: rig.flynotesUrl,
      rollbarToken: rig.rollbarToken,
      database: `${rig.r4.connectionString()};App=a\\b`,
      dataDir: dataFolder,
    });
    const { exitCode: status, output } = await host.service('status');
    expect(status).toBe(0);
    expect(output).toMatch(/^running, process \d+\naccount NT SERVICE\\FlynotesAgent\n/);
    // The rights themselves mean nothing to Wine; that others are shut out is what it makes of them.
    expect(statSync(wine.at(dataFolder)).mode & 0o007).toBe(0);
    expect(host.filesIn(installFolder)).toEqual(
      expect.arrayContaining([
        'carestream-service.exe',
        'keys.json',
        'native/msnodesqlv8.node',
        'node.exe',
        'supervisor.mjs',
      ]),
    );
  });

  step('the agent uploads R4 and answers a patient-sync', async () => {
    const pass = await eventually('an equal pass', async () =>
      (await rig.operator.passes(1)).find(({ status }) => status === 'equal'),
    );
    transcript.seen(`bulk upload: ${pass.changed} patients, both sides equal`);
    expect(pass.patients).toBe(await rig.operator.patientsHeld());
    await answered('patient-sync');
    const [heartbeat] = await rig.operator.heartbeats(1);
    expect(heartbeat).toMatchObject({ version: '0.1.0' });
    // As in life, the registry holds what is installed.
    await rig.offer(rig.kit.genuine('0.1.0'));
  });

  step('doctor reads R4 over ODBC too, with the driver’s Windows binary', async () => {
    // Wine's odbc32 hands over to the ODBC of this machine, so FreeTDS stands in for Microsoft's drivers.
    const database = `Driver={FreeTDS};Server=127.0.0.1;Port=${rig.r4.port};Database=sys2000;UID=flynotes_reader;PWD=reader-password;TDS_Version=7.3;ClientCharset=UTF-8`;
    writeFileSync(wine.at('C:\\odbc.json'), JSON.stringify({ ...host.config(), database }));
    const program = `${installFolder}\\carestream-server.cmd`;
    const words = ['doctor', '--json', '--config', 'C:\\odbc.json'];
    const { exitCode, output } = await wine.run('cmd', ['/c', program, ...words]);
    const { checks } = JSON.parse(output) as { checks: { name: string; status: string; found: string }[] };
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(checks.find(({ name }) => name === 'sample')).toMatchObject({
      status: 'pass',
      found: expect.stringMatching(/^20 patients read/) as string,
    });
    expect(exitCode).toBeLessThan(2);
    transcript.command(`carestream-server ${words.join(' ')}`);
    transcript.seen(checks.map(({ name, status }) => `${name} ${status}`).join(', '));
  });

  step('installed again with words for the supervisor, it keeps its account', async () => {
    writeFileSync(wine.at('C:\\host-times.json'), JSON.stringify(hostTimes));
    expect((await stopped()).exitCode).toBe(0);
    expect((await host.service('status')).exitCode).toBe(3);
    expect((await host.service('install', '--', '--times', 'C:\\host-times.json')).exitCode).toBe(0);
    expect((await host.service('start')).exitCode).toBe(0);
    expect((await host.service('status')).output).toContain('"--times" "C:\\host-times.json"');
    await launchedAs('0.1.0');
  });

  step('an agent that is killed is started again; so is a supervisor, and its agent goes with it', async () => {
    const agent = node('agent.mjs');
    const since = host.events().length;
    process.kill(agent, 'SIGKILL');
    await eventually('another agent', () =>
      host
        .events()
        .slice(since)
        .some(({ event }) => event === 'launched'),
    );
    const supervisor = node('supervisor.mjs');
    process.kill(supervisor, 'SIGKILL');
    const next = await eventually('another supervisor', () =>
      host.nodes().find(({ pid, command }) => command.includes('supervisor.mjs') && pid !== supervisor),
    );
    transcript.seen(`supervisor killed: process ${supervisor}, then ${next.pid}`);
    await eventually(
      'one agent',
      () => host.nodes().filter(({ command }) => command.includes('agent.mjs')).length === 1,
    );
    await answered('patient-sync');
  });

  step('a supervisor that cannot be started is tried until it can', async () => {
    const program = wine.at(`${installFolder}\\node.exe`);
    renameSync(program, `${program}.away`);
    for (const { pid } of host.nodes()) process.kill(pid, 'SIGKILL');
    await eventually('no Node.js', () => host.nodes().length === 0);
    // Longer than the first pause: one start has failed by then.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await host.service('status')).exitCode).toBe(0);
    expect(host.nodes()).toEqual([]);
    renameSync(`${program}.away`, program);
    await eventually('an agent', () => host.nodes().some(({ command }) => command.includes('agent.mjs')));
  });

  step('a newer version arrives by itself, and an older one', async () => {
    const newer = rig.kit.genuine('0.2.0');
    await rig.offer(newer);
    await switched('0.2.0');
    await switched('0.1.0');
  });

  step('a release that crashes is undone, and the one before it runs', async () => {
    const broken = rig.kit.broken('0.3.0', `throw new Error('a release that does not start');\n`);
    await rig.offer(broken);
    const since = host.events().length;
    await dictate('0.3.0');
    // It is judged against the proven version, which has to be stopped once for that.
    const quarantined = await waking(told('quarantined', since, ({ version }) => version === '0.3.0'));
    transcript.seen(`0.3.0 undone: ${quarantined.reason}`);
    await answered('patient-sync');
    expect(launches('0.3.0', since)).toBeGreaterThanOrEqual(3);
    const last = host.events().findLast((event) => event.event === 'launched');
    expect(last).toMatchObject({ version: '0.1.0', role: 'stable' });
  });

  step('a release that somebody else signed never runs', async () => {
    const forged = rig.kit.forged('0.4.0', `process.stdout.write('stolen');\n`);
    await rig.offer(forged);
    const since = host.events().length;
    await dictate('0.4.0');
    const exited = await told('exited', since, ({ exitCode }) => exitCode === 12 || exitCode === 10);
    expect(exited.version).toBe('0.1.0');
    await answered('test');
    expect(launches('0.4.0', since)).toBe(0);
    transcript.seen('0.4.0, signed by somebody else: not launched');
    await rig.operator.pinVersion('0.1.0');
  });

  step('a newer MSI keeps configuration and data', async () => {
    const before = host.config();
    const marker = wine.at(`${dataFolder}\\kept.txt`);
    writeFileSync(marker, 'kept');
    const newer = await makeMsi('agent-newer.msi', '0.1.1');
    const { exitCode } = await waking(host.msiexec(['/i', newer]));
    expect(exitCode).toBe(0);
    expect(host.config()).toEqual(before);
    expect(existsSync(marker)).toBe(true);
    expect((await host.service('status')).exitCode).toBe(0);
    await answered('patient-sync');
    const older = await host.msiexec(['/i', msi, ...properties()]);
    expect(older.exitCode).toBe(installFailed);
    expect((await host.service('status')).exitCode).toBe(0);
    msi = newer;
  });

  step('stopped, it ends of its own accord, and nothing of it runs on', async () => {
    const { exitCode, output } = await stopped();
    expect([exitCode, output]).toEqual([0, 'stopped\n']);
    expect(host.events().at(-1)).toMatchObject({ event: 'host-stopped' });
    expect(host.nodes()).toEqual([]);
    expect((await host.service('status')).exitCode).toBe(3);
    expect((await host.service('start')).exitCode).toBe(0);
  });

  // It takes the 35 seconds that a supervisor is given.
  if (process.env['CARESTREAM_TEST_LONG'] === '1') {
    step('a supervisor that does not end is killed, and what it started with it', async () => {
      await stopped();
      const script = wine.at(`${installFolder}\\supervisor.mjs`);
      const genuine = readFileSync(script);
      const child = `spawn(process.execPath, ['-e', 'setInterval(() => 0, 1e6)'], { stdio: 'ignore', detached: true })`;
      writeFileSync(script, `import { spawn } from 'node:child_process';\n${child};\nsetInterval(() => 0, 1e6);\n`);
      await host.service('start');
      await eventually('both', () => host.nodes().length === 2);
      expect(await host.service('stop')).toEqual({ exitCode: 0, output: 'stopped\n' });
      expect(host.nodes()).toEqual([]);
      writeFileSync(script, genuine);
      expect((await host.service('start')).exitCode).toBe(0);
    });
  }

  step('uninstalled, no program is left and the data is; with PURGE=1 that goes too', async () => {
    expect((await waking(host.msiexec(['/x', msi]))).exitCode).toBe(0);
    expect(host.filesIn(installFolder)).toEqual([]);
    expect(host.nodes()).toEqual([]);
    expect((await wine.run('sc', ['query', 'FlynotesAgent'])).exitCode).not.toBe(0);
    expect(host.filesIn(dataFolder)).toEqual(expect.arrayContaining(['agent.db', 'config.json', 'kept.txt']));
    // A folder that is there is taken over, and the configuration in it.
    expect((await host.msiexec(['/i', msi])).exitCode).toBe(0);
    await launchedAs('0.1.0');
    expect((await waking(host.msiexec(['/x', msi, 'PURGE=1']))).exitCode).toBe(0);
    expect(host.filesIn('C:\\ProgramData\\Flynotes')).toEqual([]);
    expect(existsSync(wine.at('C:\\ProgramData\\Flynotes'))).toBe(false);
  });

  const lastTold = (): string =>
    host
      .events()
      .slice(-12)
      .map((event) => JSON.stringify(event))
      .join('\n');

  const lastActionIn = (log: string): string | undefined =>
    [...log.matchAll(/^Action start [\d:]+: (\w+)\.$/gm)].at(-1)?.[1];
  const conditionsOf = (file: string): string => call('msiinfo', ['export', file, 'LaunchCondition']);

  function properties(changes: Readonly<Record<string, string>> = {}): string[] {
    const all = {
      LICENCEKEY: rig.licenceKey,
      FLYNOTESURL: rig.flynotesUrl,
      R4DATABASE: rig.r4.connectionString(),
      ROLLBARTOKEN: rig.rollbarToken,
      ...changes,
    };
    return Object.entries(all)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}=${value}`);
  }

  async function makeMsi(name: string, version: string): Promise<string> {
    const release = await rig.writeRelease(rig.kit.genuine('0.1.0'));
    const { msi: file } = await buildWindowsMsi({ out: path.join(folder, name), release, version }, () => undefined);
    return file;
  }

  /** The agent lets its long poll return before it ends, which takes up to 20 s; something in the queue ends that, and is handed back. */
  async function waking<Result>(work: Promise<Result>): Promise<Result> {
    const timer = setInterval(() => void rig.wake().catch(() => undefined), 500);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  const stopped = () => waking(host.service('stop'));

  function node(script: string): number {
    const found = host.nodes().find(({ command }) => command.includes(script));
    if (found === undefined) throw new Error(`${script} does not run`);
    return found.pid;
  }

  function told<Kind extends HostEvent['event']>(
    kind: Kind,
    since: number,
    fits: (event: EventOf<Kind>) => boolean = () => true,
  ): Promise<EventOf<Kind>> {
    return eventually(`the host's event ${kind}`, () =>
      host
        .events()
        .slice(since)
        .find((event): event is EventOf<Kind> => event.event === kind && fits(event as EventOf<Kind>)),
    );
  }

  const launches = (version: string, since: number): number =>
    host
      .events()
      .slice(since)
      .filter((event) => event.event === 'launched' && event.version === version).length;

  async function launchedAs(version: string): Promise<void> {
    await eventually(`${version} to run`, () => {
      const last = host.events().findLast((event) => event.event === 'launched' || event.event === 'host-stopped');
      return last?.event === 'launched' && last.version === version;
    });
  }

  async function dictate(version: string): Promise<void> {
    transcript.seen(`dictated: ${version}`);
    await rig.operator.pinVersion(version);
    await rig.operator.send({ type: 'restart' });
  }

  async function switched(version: string): Promise<void> {
    const since = host.events().length;
    await dictate(version);
    await told('promoted', since, (event) => event.version === version);
    transcript.seen(`${version} proved itself and is kept`);
    await answered('patient-sync');
  }

  async function answered(type: 'patient-sync' | 'test'): Promise<void> {
    const message = type === 'test' ? { type } : { type, patientCode: await somebody() };
    const messageId = await rig.operator.send(message);
    const result = await eventually(`an answer to ${type}`, () => rig.operator.result(messageId));
    expect(result.outcome).toBe('done');
    transcript.seen(`${type}: done`);
  }

  let known: number | null = null;
  async function somebody(): Promise<number> {
    known ??= await eventually('a patient', async () => {
      for (let code = 1_000_000; code < 1_000_050; code += 1)
        if ((await rig.operator.patient(code)) !== null) return code;
      return null;
    });
    return known;
  }
});
