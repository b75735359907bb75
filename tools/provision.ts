import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A program that some tests need, and the Debian packages that bring it. */
export interface Requirement {
  readonly name: string;
  readonly packages: readonly string[];
  present(): boolean;
}

const onPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => executable(path.join(folder, program)));

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function postgresPresent(): boolean {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return onPath('postgres');
  return readdirSync(root).some((release) => executable(path.join(root, release, 'bin', 'postgres')));
}

function tdsDriverPresent(): boolean {
  const root = '/usr/lib';
  return readdirSync(root).some((folder) => existsSync(path.join(root, folder, 'odbc', 'libtdsodbc.so')));
}

/** What is needed beside what npm installs, by what it is needed for. */
export const requirements = {
  /** The tests of agent, cloud and sandbox. */
  tests: [
    { name: 'PostgreSQL', packages: ['postgresql'], present: postgresPresent },
    { name: 'Chromium', packages: ['chromium', 'fonts-liberation'], present: () => onPath('chromium') },
    { name: 'FreeTDS (tsql, bsqldb)', packages: ['freetds-bin'], present: () => onPath('tsql') && onPath('bsqldb') },
    {
      name: 'unixODBC with FreeTDS (isql)',
      packages: ['unixodbc', 'tdsodbc', 'odbcinst', 'libodbc2'],
      present: () => onPath('isql') && tdsDriverPresent(),
    },
    {
      name: 'systemd (systemctl, systemd-analyze)',
      packages: ['systemd'],
      present: () => onPath('systemctl') && onPath('systemd-analyze'),
    },
  ],
  /** Building the MSI. */
  windows: [
    {
      name: 'mingw-w64 (gcc, windres)',
      packages: ['gcc-mingw-w64-x86-64-posix', 'binutils-mingw-w64-x86-64'],
      present: () => onPath('x86_64-w64-mingw32-gcc') && onPath('x86_64-w64-mingw32-windres'),
    },
    { name: 'wixl, msibuild', packages: ['wixl', 'msitools'], present: () => onPath('wixl') && onPath('msibuild') },
    { name: 'osslsigncode', packages: ['osslsigncode'], present: () => onPath('osslsigncode') },
  ],
  /** Installing and running it without a Windows. */
  wine: [{ name: 'Wine (64-bit)', packages: ['wine64'], present: () => executable('/usr/lib/wine/wine64') }],
} satisfies Readonly<Record<string, readonly Requirement[]>>;
/** One of the purposes of {@link requirements}. */
export type Purpose = keyof typeof requirements;

const onDebian = (): boolean => existsSync('/etc/debian_version') && onPath('apt-get');
const asRoot = (): boolean => process.getuid?.() === 0;

/**
 * Installs what is missing when run as root on Debian; otherwise leaves it.
 * @returns the names of what is still missing
 */
export function provision(
  say: (line: string) => void,
  purposes: readonly Purpose[] = ['tests', 'windows', 'wine'],
): readonly string[] {
  const wanted: readonly Requirement[] = purposes.flatMap((purpose) => requirements[purpose]);
  const missing = wanted.filter((requirement) => !requirement.present());
  if (missing.length === 0) return [];
  const packages = missing.flatMap((requirement) => requirement.packages);
  if (!onDebian() || !asRoot()) {
    say(`Not installed, and not installable from here: ${missing.map(({ name }) => name).join(', ')}`);
    say(`On Debian: sudo apt-get install ${packages.join(' ')}`);
    return missing.map(({ name }) => name);
  }
  say(`Installing ${packages.join(' ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...words: string[]) => spawnSync('apt-get', words, { env: environment, encoding: 'utf8' });
  const update = apt('update', '-q');
  const install = apt('install', '-y', '-q', '--no-install-recommends', ...packages);
  if (install.status !== 0) {
    say((update.stderr + install.stdout + install.stderr).split('\n').slice(-12).join('\n'));
  }
  return wanted.filter((requirement) => !requirement.present()).map(({ name }) => name);
}

/** The distribution's name, for reports. */
export function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return process.platform;
  }
}
