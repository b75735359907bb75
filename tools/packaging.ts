import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildPackage } from './build.ts';
import { faultsForConsumer } from './packaging/consumer.ts';
import { faultsOf } from './packaging/contents.ts';
import { root, run, say } from './steps.ts';

const folder = 'packages/carestream-server';
const temporary = mkdtempSync(path.join(tmpdir(), 'carestream-packaging-'));

/** Packs what was built, looks into it, installs it, and builds it once more. @returns what is wrong */
async function faultsOfPackage(): Promise<string[]> {
  const words = ['pack', '--json', '--pack-destination', temporary];
  const packed = JSON.parse(
    execFileSync('npm', words, { cwd: path.join(root, folder), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  ) as readonly [{ readonly filename: string; readonly version: string }];
  const tarball = path.join(temporary, packed[0].filename);
  spawnSync('tar', ['xzf', tarball, '-C', temporary]);
  const unpacked = path.join(temporary, 'package');
  const files = globSync('**/*', { cwd: unpacked, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(unpacked, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  const consumer = path.join(temporary, 'consumer');
  mkdirSync(consumer);
  const faults = [...faultsOf(unpacked, files), ...faultsForConsumer(tarball, consumer, packed[0].version)];

  const again = path.join(temporary, 'again');
  if (!(await buildPackage(again))) return [...faults, 'the second build failed'];
  const built = files.filter((file) => /^(?:agent|dist)\//.test(file));
  const differing = built.filter((file) => digest(path.join(unpacked, file)) !== digest(path.join(again, file)));
  return [...faults, ...differing.map((file) => `${file} is another one when built again`)];
}

const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

try {
  const built = await buildPackage();
  const steps = [
    run('publint', ['publint', 'run', folder, '--strict', '--pack', 'npm']),
    run('are the types wrong', ['attw', '--pack', folder, '--profile', 'esm-only']),
  ];
  say('\n— the package as it is published: contents, an installation, a second build');
  const faults = built ? await faultsOfPackage() : ['the build failed'];
  for (const fault of faults) say(`  ${fault}`);
  const passed = faults.length === 0 && steps.every((step) => step.passed);
  say(passed ? 'packaging passed' : 'packaging FAILED');
  process.exitCode = passed ? 0 : 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
