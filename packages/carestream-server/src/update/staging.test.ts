import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { releaseOf } from '../../../../tools/release/make-release.ts';
import { hostFiles, releaseFolderOf, releasePackageName, signedEnvelopeSchema } from '../contract/index.ts';
import { codeOf, type Files } from '../runtime/index.ts';
import { createSystemFiles } from '../runtime/system-files.ts';
import { isWhole, manifestIn, stageRelease } from './staging.ts';
import { signedBy } from './testing/update-rig.ts';

const { privateKey } = generateKeyPairSync('ed25519');
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'carestream-staging-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

function made(version = '1.4.0') {
  const texts = {
    'package.json': '{}',
    [hostFiles.agentEntry]: `// ${version}\n`,
    'dist/parts/a.js': 'a'.repeat(5_000),
  };
  const { tarball, manifest } = releaseOf(
    Object.entries(texts).map(([at, text]) => ({ path: at, bytes: Buffer.from(text), executable: false })),
    { name: releasePackageName, version, engines: { node: '>=24' } },
    { hostMin: '0.1.0', stateSchema: 1 },
  );
  const name = releaseFolderOf(version, manifest.tarball.sha512);
  return { tarball, manifest, name, folder: path.join(dataDir, hostFiles.versions, name) };
}
type Made = ReturnType<typeof made>;

function stage(release: Made, changes: { files?: Files; inUse?: string[]; spareBytes?: number } = {}) {
  let fetches = 0;
  const staging = stageRelease(
    { manifest: release.manifest, envelope: signedBy(release.manifest, privateKey) },
    {
      files: changes.files ?? createSystemFiles(),
      inUse: changes.inUse ?? [],
      async fetchTarball() {
        fetches += 1;
        return release.tarball;
      },
    },
    { dataDir, spareBytes: changes.spareBytes ?? 0 },
  );
  return staging.then((staged) => ({ ...staged, fetches }));
}
const whole = (release: Made) => isWhole(createSystemFiles(), release.folder, release.manifest);
const inFolder = (release: Made, at: string) => path.join(release.folder, at);

describe('staging', () => {
  test('writes each file, and the signed manifest last', async () => {
    const release = made();
    const order: string[] = [];
    const system = createSystemFiles();
    const files: Files = {
      ...system,
      write: (file, bytes) => (order.push(path.relative(release.folder, file)), system.write(file, bytes)),
      replace: (file, bytes) => (order.push(path.relative(release.folder, file)), system.replace(file, bytes)),
    };
    expect(await stage(release, { files })).toEqual({ folder: release.name, fetched: true, fetches: 1 });
    expect(order.at(-1)).toBe(hostFiles.releaseManifest);
    expect(order).toHaveLength(4);
    expect(await whole(release)).toBe(true);
    const envelope: unknown = JSON.parse(readFileSync(inFolder(release, hostFiles.releaseManifest), 'utf8'));
    expect(signedEnvelopeSchema.safeParse(envelope).success).toBe(true);
    expect(await manifestIn(system, release.folder)).toEqual(release.manifest);
  });

  test('fetches nothing that is there already, and needs no space for it', async () => {
    const release = made();
    await stage(release);
    const full: Files = { ...createSystemFiles(), freeBytes: async () => 0 };
    expect(await stage(release, { files: full, spareBytes: 1e9 })).toMatchObject({ fetched: false, fetches: 0 });
  });

  test.each([
    ['changed', (release: Made) => writeFileSync(inFolder(release, 'package.json'), '{ }')],
    ['missing', (release: Made) => rmSync(inFolder(release, 'package.json'))],
    ['added', (release: Made) => writeFileSync(inFolder(release, 'dist/parts/b.js'), 'b')],
    ['a link', (release: Made) => symlinkSync('/etc/hostname', inFolder(release, 'dist/link.js'))],
    [
      'a link in its place',
      (release: Made) => {
        rmSync(inFolder(release, 'package.json'));
        symlinkSync('/etc/hostname', inFolder(release, 'package.json'));
      },
    ],
    ['the marker missing', (release: Made) => rmSync(inFolder(release, hostFiles.releaseManifest))],
  ])('a folder with a file %s is made whole again, also where the host may start it', async (_what, damage) => {
    for (const inUse of [false, true]) {
      const release = made();
      await stage(release);
      damage(release);
      expect(await whole(release)).toBe(false);
      expect(await stage(release, { inUse: inUse ? [release.name] : [] })).toMatchObject({ fetched: true });
      expect(await whole(release)).toBe(true);
      rmSync(release.folder, { recursive: true });
    }
  });

  test('a folder in use is never removed, not even when mending it fails', async () => {
    const release = made();
    await stage(release);
    writeFileSync(inFolder(release, 'package.json'), 'damaged');
    const full: Files = { ...createSystemFiles(), replace: () => Promise.reject(enospc()) };
    await expect(stage(release, { files: full, inUse: [release.name] })).rejects.toThrow('DISK_FULL');
    expect(existsSync(inFolder(release, hostFiles.agentEntry))).toBe(true);
  });

  test('what an earlier try left is removed, and nothing else', async () => {
    const [old, unfinished, running] = [made('1.0.0'), made('1.1.0'), made('1.2.0')];
    await stage(old);
    for (const each of [unfinished, running]) {
      mkdirSync(each.folder, { recursive: true });
      writeFileSync(inFolder(each, 'package.json'), '{}');
    }
    mkdirSync(path.join(dataDir, hostFiles.versions, 'somebody elses folder'));
    const release = made();
    await stage(release, { inUse: [running.name] });
    expect(existsSync(unfinished.folder)).toBe(false);
    expect(existsSync(running.folder)).toBe(true);
    expect(await whole(old)).toBe(true);
    expect(existsSync(path.join(dataDir, hostFiles.versions, 'somebody elses folder'))).toBe(true);
  });

  test('a file where the folder is to be, or a link, is in the way no longer', async () => {
    for (const put of [(at: string) => writeFileSync(at, 'x'), (at: string) => symlinkSync(tmpdir(), at)]) {
      const release = made();
      mkdirSync(path.dirname(release.folder), { recursive: true });
      put(release.folder);
      await stage(release);
      expect(await whole(release)).toBe(true);
      expect(existsSync(tmpdir())).toBe(true);
      rmSync(release.folder, { recursive: true });
    }
  });
});

const enospc = () => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

describe('a full disk', () => {
  test('at each step: nothing half is left, what was there is whole, and the next try succeeds', async () => {
    const before = made('1.0.0');
    await stage(before);
    let failed = 0;
    for (let at = 1; ; at++) {
      const release = made();
      let step = 0;
      const files = failingAt(() => ++step === at);
      try {
        await stage(release, { files });
        break;
      } catch (error) {
        failed += 1;
        expect(codeOf(error), `step ${at}`).toBe('DISK_FULL');
        // Nothing, or all of it: only the last step can fail after the marker.
        const marked = existsSync(inFolder(release, hostFiles.releaseManifest));
        expect(marked, `step ${at}`).toBe(await whole(release));
        expect(existsSync(release.folder), `step ${at}`).toBe(marked);
      }
      expect(await whole(before), `step ${at}`).toBe(true);
      await stage(release);
      expect(await whole(release), `step ${at}`).toBe(true);
      rmSync(release.folder, { recursive: true });
    }
    // Three files, their folders, the marker and the folder of all releases.
    expect(failed).toBeGreaterThanOrEqual(7);
  });

  test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('a real one', async () => {
    const disk = path.join(dataDir, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    const home = dataDir;
    try {
      dataDir = disk;
      const release = made();
      const filler = path.join(disk, 'filler');
      writeFileSync(filler, Buffer.alloc(56_000));
      const withoutPreflight: Files = { ...createSystemFiles(), freeBytes: async () => null };
      const failure = await stage(release, { files: withoutPreflight }).catch((error: unknown) => error);
      expect(codeOf(failure)).toBe('DISK_FULL');
      expect(existsSync(release.folder)).toBe(false);
      expect(codeOf(await stage(release).catch((error: unknown) => error))).toBe('DISK_LOW');
      rmSync(filler);
      await stage(release);
      expect(await whole(release)).toBe(true);
    } finally {
      dataDir = home;
      execFileSync('umount', [disk]);
    }
  });

  test('a folder that nobody may write to is said as such', async () => {
    const files: Files = {
      ...createSystemFiles(),
      write: () => Promise.reject(Object.assign(new Error('denied'), { code: 'EACCES' })),
    };
    await expect(stage(made(), { files })).rejects.toThrow('UPDATE_STAGING_FAILED');
  });
});

/** The disk is full at exactly one write, as files are made, synced or put in place. */
function failingAt(isNow: () => boolean): Files {
  const system = createSystemFiles();
  const orFail = (act: () => Promise<void>): Promise<void> => (isNow() ? Promise.reject(enospc()) : act());
  return {
    ...system,
    write: (file, bytes) => orFail(() => system.write(file, bytes)),
    replace: (file, bytes) => orFail(() => system.replace(file, bytes)),
    sync: (folder) => orFail(() => system.sync(folder)),
  };
}
