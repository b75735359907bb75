import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRegistry } from '@flynotes/sandbox/registry';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** What those do who make a release, from the sources to the registry; each step the command that they type. */
const root = path.resolve(import.meta.dirname, '../..');
const passphrase = 'correct horse battery staple';
let folder: string;
let built: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'carestream-release-'));
  built = build('first copy');
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Copies the checkout's own files and builds there, as in a fresh clone; returns where the release lies. */
function build(name: string): string {
  const copy = path.join(folder, name);
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of files.split('\0').filter((each) => /^(?:packages|tools|[^/]+$)/.test(each))) {
    if (!existsSync(path.join(root, file))) continue;
    mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
    cpSync(path.join(root, file), path.join(copy, file));
    utimesSync(path.join(copy, file), new Date(), new Date(Date.now() - files.length * 1_000));
  }
  for (const modules of ['node_modules', 'packages/carestream-server/node_modules']) {
    if (existsSync(path.join(root, modules))) symlinkSync(path.join(root, modules), path.join(copy, modules));
  }
  const out = path.join(folder, `${name} release`);
  const { status, stderr, stdout } = release(['build', '--out', out], {}, copy);
  expect(status, stderr + stdout).toBe(0);
  return out;
}

function release(words: readonly string[], environment: NodeJS.ProcessEnv = {}, cwd = root) {
  return spawnSync(process.execPath, ['--conditions=@flynotes/source', path.join(cwd, 'tools/release.ts'), ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: folder, CARESTREAM_RELEASE_PASSPHRASE: passphrase, ...environment },
  });
}
const version = (
  JSON.parse(readFileSync(path.join(root, 'packages/carestream-server/package.json'), 'utf8')) as { version: string }
).version;
const at = (end: string) => path.join(built, `flynotes-carestream-server-${version}.${end}`);
const inFolder = (name: string) => path.join(folder, name);

test('two builds in two folders at two times are equal, byte for byte', () => {
  const second = build('a second copy, elsewhere');
  for (const end of ['tgz', 'manifest.json']) {
    const name = path.basename(at(end));
    expect(readFileSync(path.join(second, name)).equals(readFileSync(at(end))), name).toBe(true);
  }
}, 180_000);

describe('signing', () => {
  test('with a key under a passphrase; anybody verifies with the public keys alone', () => {
    expect(release(['keygen', '--key', 'release.pem', '--keys', 'keys.json'])).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(inFolder('release.pem'), 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    expect(release(['keygen', '--key', 'release.pem', '--keys', 'keys.json']).stderr).toContain('EEXIST');
    expect(release(['sign', at('manifest.json'), '--key', 'release.pem'])).toMatchObject({ status: 0, stderr: '' });
    const verified = release(['verify', at('release.json'), '--keys', 'keys.json', '--tarball', at('tgz')], {
      CARESTREAM_RELEASE_PASSPHRASE: '',
    });
    expect(verified).toMatchObject({ status: 0, stderr: '' });
    expect(verified.stdout).toContain(`genuine    @flynotes/carestream-server ${version}`);
    expect(verified.stdout).toContain('tarball    equal');
  });

  test.each([
    [
      'a wrong passphrase',
      { CARESTREAM_RELEASE_PASSPHRASE: 'something else entirely' },
      'the passphrase does not open this key',
    ],
    ['no terminal to ask on', { CARESTREAM_RELEASE_PASSPHRASE: '' }, 'there is no terminal to ask on'],
  ])('%s signs nothing', (_name, environment, words) => {
    const { status, stderr } = release(['sign', at('manifest.json'), '--key', 'release.pem'], environment);
    expect(status).toBe(1);
    expect(stderr).toContain(words);
  });

  test('words that nobody knows are answered with the usage, not with a stack', () => {
    for (const words of [['build', '--help'], ['sign', '--kye', 'x'], ['frobnicate'], []]) {
      const { status, stderr } = release(words);
      expect(status).toBeGreaterThan(0);
      expect(stderr).toContain('npm run release:keygen');
      expect(stderr).not.toMatch(/^ +at /m);
    }
  });

  test('a passphrase may lie in a file; a short one makes no key', () => {
    writeFileSync(inFolder('passphrase'), `${passphrase}\n`);
    const words = ['sign', at('manifest.json'), '--key', 'release.pem', '--passphrase-file', 'passphrase'];
    expect(release(words, { CARESTREAM_RELEASE_PASSPHRASE: '' })).toMatchObject({ status: 0 });
    const short = release(['keygen', '--key', 'short.pem', '--keys', 'keys.json'], {
      CARESTREAM_RELEASE_PASSPHRASE: 'short',
    });
    expect(short.stderr).toContain('at least 16 characters');
    expect(existsSync(inFolder('short.pem'))).toBe(false);
  });

  test('what is not what it says is not signed, and not verified', () => {
    writeFileSync(inFolder('other.manifest.json'), readFileSync(at('manifest.json')));
    writeFileSync(inFolder('other.tgz'), 'other bytes');
    expect(release(['sign', 'other.manifest.json', '--key', 'release.pem']).stderr).toContain(
      'not the one that the manifest names',
    );
    const verify = (file: string, keys = 'keys.json') =>
      release(['verify', file, '--keys', keys, '--tarball', 'other.tgz']).stderr;
    expect(verify(at('release.json'))).toContain('not the one that the manifest names');
    const envelope = JSON.parse(readFileSync(at('release.json'), 'utf8')) as { payload: string };
    const payload = Buffer.from(envelope.payload, 'base64')
      .toString('utf8')
      .replace('"hostMin": "0.1.0"', '"hostMin": "0.0.1"');
    writeFileSync(
      inFolder('changed.json'),
      JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }),
    );
    expect(verify('changed.json')).toContain('the signature is wrong');
    release(['keygen', '--key', 'stranger.pem', '--keys', 'strangers.json']);
    expect(verify(at('release.json'), 'strangers.json')).toContain('which the keys file does not hold');
  });

  test('the key that dictates versions is added beside', () => {
    const { stdout } = spawnSync(
      process.execPath,
      [
        '--conditions=@flynotes/source',
        path.join(root, 'packages/flynotes-server/src/cli.ts'),
        'signing-key',
        '--data-dir',
        'server',
      ],
      { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'] } },
    );
    writeFileSync(inFolder('directive.json'), stdout);
    expect(release(['keygen', '--directive', 'directive.json', '--keys', 'keys.json'])).toMatchObject({ status: 0 });
    const keys = JSON.parse(readFileSync(inFolder('keys.json'), 'utf8')) as {
      release: unknown[];
      directive: unknown[];
    };
    expect([keys.release.length, keys.directive.length]).toEqual([1, 1]);
  });
});

describe('publishing', () => {
  test('npm takes the tarball byte for byte, once; its token never shows', async () => {
    await using registry = await createRegistry();
    const publish = (token: string) =>
      release(['publish', at('tgz')], { CARESTREAM_REGISTRY_URL: registry.url, CARESTREAM_REGISTRY_TOKEN: token });
    const refused = publish(registry.tokens.agent);
    expect(refused.status).toBe(1);
    expect(refused.stderr + refused.stdout).not.toContain(registry.tokens.agent);
    const first = publish(registry.tokens.publisher);
    expect(first, first.stderr).toMatchObject({ status: 0 });
    expect(first.stdout).toContain('published');
    expect(publish(registry.tokens.publisher).stdout).toContain('the same bytes');
    const response = await fetch(`${registry.url}/@flynotes%2fcarestream-server`, {
      headers: { authorization: `Bearer ${registry.tokens.agent}` },
    });
    const { versions } = (await response.json()) as { versions: Record<string, { dist: { tarball: string } }> };
    const held = await fetch(versions[version]!.dist.tarball, {
      headers: { authorization: `Bearer ${registry.tokens.agent}` },
    });
    expect(Buffer.from(await held.arrayBuffer()).equals(readFileSync(at('tgz')))).toBe(true);
    registry.swapTarball({ name: '@flynotes/carestream-server', version }, Buffer.from('other bytes'), true);
    expect(publish(registry.tokens.publisher).stderr).toContain('a version is never replaced');
  }, 120_000);

  test('npm installs the file, and the library in it works', () => {
    const project = inFolder('project');
    mkdirSync(project);
    writeFileSync(path.join(project, 'package.json'), '{"private":true,"type":"module"}');
    const packed = path.join(project, 'node_modules/@flynotes/carestream-server');
    // Without its dependency, which would need a network: that one is taken from here.
    const installed = spawnSync(
      'npm',
      ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=dev', '--force', at('tgz')],
      {
        cwd: project,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      },
    );
    if (!existsSync(packed)) {
      // An empty cache: unpacked as npm would.
      expect(installed.stderr).toContain('ENOTCACHED');
      mkdirSync(packed, { recursive: true });
      execFileSync('tar', ['xzf', at('tgz'), '-C', packed, '--strip-components=1']);
      symlinkSync(path.join(root, 'node_modules/zod'), path.join(project, 'node_modules/zod'));
    }
    const program = `import { version } from '@flynotes/carestream-server'; process.stdout.write(version)`;
    expect(
      execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: project, encoding: 'utf8' }),
    ).toBe(version);
  }, 120_000);
});
