import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { writeTarball, type TarFile } from '../../tools/release/tar-writer.ts';

const run = promisify(execFile);
const source = path.resolve(import.meta.dirname, '../../packages/carestream-server');

/** What the agent's sources import when nothing is bundled; the versions are those of its package.json. */
const importedByTheAgent = [
  '@aws-sdk/client-sqs',
  '@smithy/node-http-handler',
  'commander',
  'mssql',
  'tedious',
  'temporal-polyfill',
  'zod',
];

interface PackageJson {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The agent as a package of modules with dependencies, as it would be published without a bundler. */
function writeUnbundled(file: string): void {
  const { version, dependencies, devDependencies } = JSON.parse(
    readFileSync(path.join(source, 'package.json'), 'utf8'),
  ) as PackageJson;
  const versions = { ...devDependencies, ...dependencies };
  const facts = {
    name: '@flynotes/carestream-server',
    version,
    type: 'module',
    dependencies: Object.fromEntries(importedByTheAgent.map((name) => [name, versions[name]])),
    optionalDependencies: { msnodesqlv8: '5.5.0' },
  };
  const modules: TarFile[] = readdirSync(path.join(source, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((each) => ({
      path: path.relative(source, each).replaceAll(path.sep, '/'),
      bytes: readFileSync(each),
      executable: false,
    }));
  writeFileSync(
    file,
    writeTarball([{ path: 'package.json', bytes: Buffer.from(JSON.stringify(facts)), executable: false }, ...modules]),
  );
}

/** Installs the unbundled agent by npm into an empty folder, again and again, with every download in npm's cache after the first time. */
export function createNpmInstall(folder: string): () => Promise<number> {
  mkdirSync(folder, { recursive: true });
  const tarball = path.join(folder, 'unbundled.tgz');
  writeUnbundled(tarball);
  let rounds = 0;
  return async () => {
    rounds += 1;
    const target = path.join(folder, `install-${rounds}`);
    mkdirSync(target);
    writeFileSync(path.join(target, 'package.json'), '{"private":true}');
    const words = ['install', tarball, '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    const startedMs = performance.now();
    await run('npm', [...words, '--loglevel=error', `--cache=${path.join(folder, 'cache')}`], {
      cwd: target,
      shell: process.platform === 'win32',
    });
    const elapsedMs = performance.now() - startedMs;
    rmSync(target, { recursive: true, force: true });
    return elapsedMs;
  };
}
