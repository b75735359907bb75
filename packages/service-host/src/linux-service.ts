import path from 'node:path';
import { places } from './agent-interface.ts';
import { serviceExits, type InstallSettings, type ServiceAnswer, type ServiceControl } from './service-control.ts';
import { faultOfFolder, systemdUnit, unitName } from './systemd-unit.ts';

/** What the Linux half does to a machine. */
export interface LinuxMachine {
  /** Runs a program with its words; never a shell. */
  run(program: string, words: readonly string[]): { readonly exitCode: number; readonly output: string };
  exists(file: string): boolean;
  read(file: string): string | null;
  write(file: string, text: string, mode: number): void;
  makeFolder(folder: string, mode: number): void;
  remove(file: string): void;
  /** Whether this process may do all this. */
  readonly isRoot: boolean;
}

/** Where a machine's files lie, and whether its systemd runs: not while an image is made. */
export interface LinuxServiceOptions {
  /** Another root folder than `/`, as for `systemctl --root`. */
  readonly root: string | null;
  /** The Node.js of this process, for an install folder that brings none. */
  readonly node: string;
}

/** The unit of the account that the service gets where none is named. */
export const defaultAccount = 'flynotes-agent';
const accountPattern = /^[a-z_][a-z0-9_-]{0,30}$/;

/** @see {@link ServiceControl} */
export function createLinuxService(machine: LinuxMachine, options: LinuxServiceOptions): ServiceControl {
  const { root } = options;
  const at = (place: string): string => (root === null ? place : path.join(root, place));
  const unitFile = at(`/etc/systemd/system/${unitName}`);
  const offline = root === null ? [] : [`--root=${root}`];

  const failed = (text: string, exitCode: number = serviceExits.failed): ServiceAnswer => ({ exitCode, text });
  const done = (text: string): ServiceAnswer => ({ exitCode: serviceExits.done, text });
  const systemctl = (...words: string[]): string | null => {
    const { exitCode, output } = machine.run('systemctl', words);
    return exitCode === 0 ? null : `systemctl ${words.join(' ')}: ${output.trim() || `exit ${exitCode}`}`;
  };
  /** Runs steps until one fails. */
  const steps = (...each: (() => string | null)[]): string | null => {
    for (const step of each) {
      const fault = step();
      if (fault !== null) return fault;
    }
    return null;
  };
  const guarded = (work: () => ServiceAnswer, needsUnit = true): ServiceAnswer => {
    if (!machine.isRoot) return failed('Run this as root.');
    return needsUnit && !machine.exists(unitFile) ? failed('not installed', serviceExits.notInstalled) : work();
  };

  const makeAccount = (account: string, dataDir: string): string | null => {
    const known =
      root === null
        ? machine.run('getent', ['passwd', account]).exitCode === 0
        : ownerIn(machine.read(at('/etc/passwd')), account) !== null;
    if (known) return null;
    const made = machine.run('useradd', [
      ...(root === null ? [] : ['--root', root]),
      '--system',
      '--user-group',
      '--no-create-home',
      ...homeWords(dataDir),
      account,
    ]);
    // 9: it is there already (useradd(8)).
    return made.exitCode === 0 || made.exitCode === 9 ? null : `the account ${account}: ${made.output.trim()}`;
  };

  const giveDataFolder = ({ dataDir, account }: InstallSettings): string | null => {
    machine.makeFolder(at(dataDir), 0o750);
    const owner = root === null ? `${account}:` : ownerIn(machine.read(at('/etc/passwd')), account);
    if (owner === null) return `the account ${account} is not in ${at('/etc/passwd')}`;
    // Not through links: whoever may write the folder must not gain a file elsewhere.
    const { exitCode, output } = machine.run('chown', ['--recursive', '--no-dereference', owner, at(dataDir)]);
    return exitCode === 0 ? null : `chown: ${output.trim()}`;
  };

  return {
    install: (settings) =>
      guarded(() => {
        const { installDir, dataDir, account, words } = settings;
        const fault = faultOfSettings(settings) ?? faultOfInstallation((file) => machine.exists(at(file)), installDir);
        if (fault !== null) return failed(fault, serviceExits.usage);
        const bundled = path.join(installDir, 'node');
        const node = machine.exists(at(bundled)) ? bundled : options.node;
        const late = steps(
          () => makeAccount(account, dataDir),
          () => giveDataFolder(settings),
          () => {
            machine.write(unitFile, systemdUnit({ installDir, dataDir, node, account, words }), 0o644);
            return null;
          },
          () => (root === null ? systemctl('daemon-reload') : null),
          () => systemctl(...offline, 'enable', unitName),
        );
        if (late !== null) return failed(late);
        const config = path.join(dataDir, places.config);
        return done(
          machine.exists(at(config))
            ? 'Installed. Now: carestream-service start'
            : `Installed. Write ${config}, readable for ${account} alone, then: carestream-service start`,
        );
      }, false),
    uninstall: (removeData) =>
      guarded(() => {
        const dataDir = dataDirOf(machine.read(unitFile) ?? '');
        const fault = steps(
          () => (root === null ? systemctl('disable', '--now', unitName) : systemctl(...offline, 'disable', unitName)),
          () => {
            machine.remove(unitFile);
            if (removeData && dataDir !== null && faultOfFolder(dataDir) === null) machine.remove(at(dataDir));
            return null;
          },
          () => (root === null ? systemctl('daemon-reload') : null),
        );
        if (fault !== null) return failed(fault);
        return done(`Uninstalled. The data folder is ${removeData ? 'removed' : `kept: ${dataDir ?? 'unknown'}`}.`);
      }),
    start: () => guarded(() => answerOf(systemctl('start', unitName), 'running')),
    stop: () => guarded(() => answerOf(systemctl('stop', unitName), 'stopped')),
    status() {
      if (!machine.exists(unitFile)) return failed('not installed', serviceExits.notInstalled);
      const unit = machine.read(unitFile) ?? '';
      const { output } = machine.run('systemctl', [
        'show',
        unitName,
        '--property=ActiveState,SubState,MainPID,NRestarts',
      ]);
      const property = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(output)?.[1] ?? '?';
      const running = property('ActiveState') === 'active';
      const words = [
        `${running ? 'running' : property('ActiveState')} (${property('SubState')}), process ${property('MainPID')}, restarted ${property('NRestarts')} times`,
        `account ${/^User=(.*)$/m.exec(unit)?.[1] ?? '?'}`,
        `data folder ${dataDirOf(unit) ?? '?'}`,
      ];
      return { exitCode: running ? serviceExits.running : serviceExits.stopped, text: words.join('\n') };
    },
  };

  function answerOf(fault: string | null, text: string): ServiceAnswer {
    return fault === null ? done(text) : failed(fault);
  }
}

function homeWords(dataDir: string): string[] {
  return ['--home-dir', dataDir, '--shell', '/usr/sbin/nologin'];
}

function faultOfSettings({ installDir, dataDir, account, words }: InstallSettings): string | null {
  if (!accountPattern.test(account)) return `${account}: not an account's name`;
  if (account === 'root')
    return 'root is not taken: the agent reads R4 and nothing else. Leave --account out, or name another.';
  const inside = `${dataDir}/`.startsWith(`${installDir}/`) || `${installDir}/`.startsWith(`${dataDir}/`);
  if (inside)
    return 'The data folder and the install folder must not lie in each other: the agent may write the one alone.';
  // oxlint-disable-next-line no-control-regex
  if (words.some((word) => /[\u0000-\u001f\u007f]/.test(word)))
    return 'Words for the supervisor hold control characters.';
  return faultOfFolder(installDir) ?? faultOfFolder(dataDir);
}

function faultOfInstallation(exists: (file: string) => boolean, installDir: string): string | null {
  const needed = ['supervisor.mjs', places.keysFile, places.versions];
  const missing = needed.filter((name) => !exists(path.join(installDir, name)));
  return missing.length === 0 ? null : `${installDir} is no install folder: ${missing.join(', ')} is missing`;
}

/** The data folder of a unit that we wrote. */
function dataDirOf(unit: string): string | null {
  const written = /^ReadWritePaths=(.*)$/m.exec(unit)?.[1];
  if (written === undefined) return null;
  if (!written.startsWith('"')) return written;
  const inner = written.slice(1, -1).replaceAll('%%', '%');
  return inner.replaceAll('\\"', '"').replaceAll('\\\\', '\\');
}

/** `uid:gid` of an account in another root's list, which this machine's names mean nothing to. */
function ownerIn(passwd: string | null, account: string): string | null {
  const line = (passwd ?? '').split('\n').find((each) => each.startsWith(`${account}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? null : `${uid}:${gid}`;
}
