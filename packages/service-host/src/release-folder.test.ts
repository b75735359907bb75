import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { hostFiles } from '@flynotes/carestream-server/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyRelease } from './release-folder.ts';
import { createHostRig, type HostRig, type TestRelease } from './testing/host-rig.ts';
import { signJson } from './testing/signer.ts';

let rig: HostRig;
beforeEach(() => {
  rig = createHostRig();
});
afterEach(() => rig[Symbol.asyncDispose]());

const verify = ({ path: folder }: Pick<TestRelease, 'path'>, node?: string) =>
  verifyRelease(folder, rig.keys.file, ...(node === undefined ? [] : [node]));
const damagedBy = (change: (folder: string) => void): string => {
  const release = rig.addRelease('1.0.0', { files: { 'dist/parts/a.js': 'a' } });
  expect(verify(release).outcome).toBe('valid');
  change(release.path);
  const reading = verify(release);
  return reading.outcome === 'valid' ? 'valid' : `${reading.outcome}: ${reading.reason}`;
};

describe('a release folder', () => {
  test('is whole when it is what was signed', () => {
    const { version, sha512, folder, path: at } = rig.addRelease('1.0.0');
    expect(verify({ path: at })).toEqual({
      outcome: 'valid',
      release: { version, sha512, folder, path: at },
    });
  });

  test.each<[string, (folder: string) => void, string]>([
    [
      'a file changed',
      (folder) => writeFileSync(path.join(folder, 'dist/parts/a.js'), 'b'),
      'file changed: dist/parts/a.js',
    ],
    [
      'a file cut short',
      (folder) => writeFileSync(path.join(folder, 'agent/agent.mjs'), ''),
      'file changed: agent/agent.mjs',
    ],
    ['a file missing', (folder) => rmSync(path.join(folder, 'agent/agent.mjs')), 'file missing: agent/agent.mjs'],
    ['a file added', (folder) => writeFileSync(path.join(folder, 'dist/b.js'), ''), 'file added: dist/b.js'],
    [
      'node_modules added',
      (folder) => {
        mkdirSync(path.join(folder, 'agent/node_modules/zod'), { recursive: true });
        writeFileSync(path.join(folder, 'agent/node_modules/zod/index.js'), '');
      },
      'file added: agent/node_modules/zod/index.js',
    ],
    [
      'a file behind a link',
      (folder) => {
        renameSync(path.join(folder, 'dist/parts/a.js'), path.join(folder, '../a.js'));
        symlinkSync('../../../a.js', path.join(folder, 'dist/parts/a.js'));
      },
      'not a plain file: dist/parts/a.js',
    ],
    [
      'a folder behind a link',
      (folder) => {
        renameSync(path.join(folder, 'dist'), path.join(folder, '../dist'));
        symlinkSync('../dist', path.join(folder, 'dist'));
      },
      'not a plain file: dist',
    ],
    [
      'a file with a second name elsewhere',
      (folder) => linkSync(path.join(folder, 'agent/agent.mjs'), path.join(folder, '../second.mjs')),
      'not a plain file: agent/agent.mjs',
    ],
    ['the manifest gone', (folder) => rmSync(path.join(folder, 'release.json')), 'no signed manifest'],
    [
      'the manifest cut short',
      (folder) => writeFileSync(path.join(folder, 'release.json'), '{"payload":'),
      'the signed manifest is not readable',
    ],
    [
      'the manifest unsigned',
      (folder) => writeFileSync(path.join(folder, 'release.json'), '{}'),
      'manifest: no signature',
    ],
    ['the folder gone', (folder) => rmSync(folder, { recursive: true }), 'missing'],
    [
      'the folder a link',
      (folder) => {
        renameSync(folder, `${folder}.x`);
        symlinkSync(`${folder}.x`, folder);
      },
      'not a folder',
    ],
  ])('%s: refused', (_, change, reason) => expect(damagedBy(change)).toBe(`damaged: ${reason}`));

  test.each<[string, (folder: string) => void, RegExp]>([
    [
      'beside one',
      (folder) => writeFileSync(path.join(folder, 'agent/Agent.mjs'), 'evil'),
      /^damaged: file added: agent\/agent.mjs$/i,
    ],
    [
      'in the place of one',
      (folder) => renameSync(path.join(folder, 'dist/parts/a.js'), path.join(folder, 'dist/parts/A.js')),
      // Where the file system tells them apart, it is not there.
      process.platform === 'linux' ? /^damaged: missing$/ : /^valid$/,
    ],
    [
      // KELVIN SIGN, which lower case makes a k.
      'beside one, by a rule of Unicode',
      (folder) => writeFileSync(path.join(folder, 'pac\u212Aage.json'), '{}'),
      /^damaged: file added: pac.age.json$/,
    ],
  ])('with a file that differs in case alone %s', (_, change, reason) => expect(damagedBy(change)).toMatch(reason));

  test('is refused under another name', () => {
    const { path: at } = rig.addRelease('1.0.0');
    const renamed = path.join(path.dirname(at), '9.0.0-01234567');
    renameSync(at, renamed);
    expect(verify({ path: renamed })).toEqual({ outcome: 'damaged', reason: 'in the wrong folder' });
  });

  test('is refused by a key that is not pinned, however genuine it looks', () => {
    const release = rig.addRelease('1.0.0', { key: rig.keys.stranger });
    expect(verify(release)).toEqual({ outcome: 'damaged', reason: 'manifest: signed by an unknown key' });
    const directives = rig.addRelease('1.0.1', { key: rig.keys.directive });
    expect(verify(directives)).toEqual({ outcome: 'damaged', reason: 'manifest: signed by an unknown key' });
  });

  test('is refused when its manifest was signed as something else', () => {
    const release = rig.addRelease('1.0.0');
    const envelope = signJson({ name: 'x' }, 'directive', rig.keys.release);
    writeFileSync(path.join(release.path, hostFiles.releaseManifest), JSON.stringify(envelope));
    expect(verify(release)).toEqual({ outcome: 'damaged', reason: 'manifest: wrong signature' });
  });

  test('is refused when it is another package, has nothing to start, or lacks what a host needs', () => {
    const other = rig.addRelease('1.0.0', { manifest: { name: '@flynotes/other' as never } });
    expect(verify(other)).toEqual({ outcome: 'damaged', reason: 'another package' });
    const empty = rig.addRelease('1.0.1', { manifest: { files: {} } });
    expect(verify(empty)).toMatchObject({ outcome: 'damaged', reason: /^nothing to start/ });
    const poor = rig.addRelease('1.0.2', { manifest: { node: 'newest' } });
    expect(verify(poor)).toMatchObject({ outcome: 'damaged', reason: /^the signed manifest lacks/ });
  });

  test('is unfit when it asks for more than the host has', () => {
    const node = rig.addRelease('1.0.0', { manifest: { node: '24.5.0' } });
    expect(verify(node, '24.4.9')).toEqual({ outcome: 'unfit', reason: 'needs Node 24.5.0, the host has 24.4.9' });
    expect(verify(node, '24.5.0').outcome).toBe('valid');
    expect(verify(node, '26.0.0').outcome).toBe('valid');
    const host = rig.addRelease('1.0.1', { manifest: { hostMin: '9.0.0' } });
    expect(verify(host)).toEqual({ outcome: 'unfit', reason: 'needs host 9.0.0, this one is 0.1.0' });
  });

  test('is neither good nor bad while nobody may read it', () => {
    const release = rig.addRelease('1.0.0');
    const file = path.join(release.path, 'agent/agent.mjs');
    chmodSync(file, 0);
    const reading = asNobody(() => verify(release));
    chmodSync(file, 0o600);
    expect(reading).toEqual({ outcome: 'unreadable', reason: 'cannot be read: EACCES' });
    expect(verify(release).outcome).toBe('valid');
  });
});

/** Root may read everything. */
function asNobody<T>(work: () => T): T {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}
