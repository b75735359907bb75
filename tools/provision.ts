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

/** Everything that `npm test` uses beside what npm installs. */
export const requirements: readonly Requirement[] = [
  { name: 'PostgreSQL', packages: ['postgresql'], present: postgresPresent },
  { name: 'Chromium', packages: ['chromium', 'fonts-liberation'], present: () => onPath('chromium') },
  { name: 'FreeTDS (tsql, bsqldb)', packages: ['freetds-bin'], present: () => onPath('tsql') && onPath('bsqldb') },
  {
    name: 'unixODBC with FreeTDS (isql)',
    packages: ['unixodbc', 'tdsodbc', 'odbcinst', 'libodbc2'],
    present: () => onPath('isql') && tdsDriverPresent(),
  },
];

const onDebian = (): boolean => existsSync('/etc/debian_version') && onPath('apt-get');
const asRoot = (): boolean => process.getuid?.() === 0;

/**
 * Installs what is missing when run as root on Debian; otherwise leaves it.
 * @returns the names of what is still missing
 */
export function provision(say: (line: string) => void): readonly string[] {
  const missing = requirements.filter((requirement) => !requirement.present());
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
  return requirements.filter((requirement) => !requirement.present()).map(({ name }) => name);
}

/** The distribution's name, for reports. */
export function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return process.platform;
  }
}
