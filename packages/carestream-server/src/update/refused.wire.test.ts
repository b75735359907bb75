import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Registry } from '@flynotes/sandbox/registry';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hostFiles, releaseFolderOf, releasePackageName, type KeysFile } from '../contract/index.ts';
import { createSystemFiles } from '../runtime/system-files.ts';
import { pinnedKeyOf } from '../runtime/signed-envelope.ts';
import { tarballOf, type TarEntry } from './testing/hand-made-tar.ts';
import {
  createUpdateRig,
  keyIdOf,
  signedBy,
  startRigRegistry,
  type AnswerChanges,
  type LookChanges,
  type RigRelease,
  type UpdateRig,
} from './testing/update-rig.ts';
import { agentUpdateCases } from './update-cases.ts';

/** What an agent is shown in one case. */
interface Shown {
  readonly release: RigRelease | null;
  readonly answer?: AnswerChanges;
  readonly look?: LookChanges;
}
type Arrange = () => Promise<Shown> | Shown;

let registry: Registry;
let rig: UpdateRig & Disposable;
const closing: (() => void)[] = [];

beforeAll(async () => {
  registry = await startRigRegistry();
}, 60_000);
afterAll(() => registry[Symbol.asyncDispose]());
beforeEach(() => {
  rig = createUpdateRig(registry);
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
  rig[Symbol.dispose]();
});

const sha512 = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('hex');

async function published(files?: Readonly<Record<string, string>>): Promise<RigRelease> {
  const release = rig.release(rig.nextVersion(), files);
  await registry.publish(release.tarball);
  return release;
}

/** Published and signed with other facts than are true of it. */
async function signedWith(changes: object): Promise<Shown> {
  const release = await published();
  const envelope = signedBy({ ...release.manifest, ...changes }, rig.keys.release);
  return { release, answer: { releaseManifest: envelope } };
}

const directive =
  (changes: Partial<NonNullable<AnswerChanges['directive']>>): Arrange =>
  async () => ({
    release: await published(),
    answer: { directive: changes },
  });

/** A published tarball whose place somebody took with other bytes. */
const swapped =
  (make: (tarball: Buffer) => Uint8Array, packument = false): Arrange =>
  async () => {
    const release = await published();
    registry.swapTarball(
      { name: releasePackageName, version: release.manifest.version },
      make(release.tarball),
      packument,
    );
    return { release };
  };

/** Any bytes as a tarball, signed by the right key with a manifest of the files that it claims to have. */
async function signedTarball(tarball: Buffer, files: Readonly<Record<string, string>>): Promise<Shown> {
  const release = await published();
  const { manifest } = release;
  registry.swapTarball({ name: releasePackageName, version: manifest.version }, tarball, true);
  const changed = {
    ...manifest,
    tarball: { sha512: sha512(tarball), sizeBytes: tarball.length, unpackedBytes: 4_096 },
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sha512(Buffer.from(text))])),
  };
  return { release: { manifest: changed, tarball, envelope: signedBy(changed, rig.keys.release) } };
}

const agentText = '// agent\n';
const honest: TarEntry = { name: `package/${hostFiles.agentEntry}`, text: agentText };
const archive =
  (...entries: TarEntry[]): Arrange =>
  () =>
    signedTarball(tarballOf([honest, ...entries]), { [hostFiles.agentEntry]: agentText, 'a.mjs': 'x' });

/** A server in the registry's place. */
async function impostor(listener: RequestListener): Promise<{ url: string; token: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'a-token' };
}
const instead =
  (listener: RequestListener, look: LookChanges = {}): Arrange =>
  async () => ({
    release: await published(),
    answer: { registry: await impostor(listener) },
    look,
  });

const cases: Readonly<Record<string, Arrange>> = {
  'directive-wrong-key': async () => ({ release: await published(), answer: { directiveBy: rig.keys.stranger } }),
  'directive-forged': async () => ({
    release: await published(),
    answer: { directiveBy: rig.keys.stranger, directiveKeyId: keyIdOf(rig.keys.directive) },
  }),
  'directive-replayed': directive({ nonce: 'a-nonce-of-yesterday-0123' }),
  'directive-expired': directive({ expiresAt: '2026-01-01T00:00:00Z' }),
  'directive-of-another-practice': directive({ practice: 'oak-lane' as never }),
  async 'directive-older'() {
    await rig.look(rig.answer(null, { directive: { sequence: 50, version: '0.9.0' } }));
    return { release: await published(), answer: { directive: { sequence: 49 } } };
  },
  async 'directive-older-than-the-host-knows'() {
    rig.writeSlot({ sequence: 50 });
    return { release: await published(), answer: { directive: { sequence: 49 } } };
  },
  'directive-below-the-floor': directive({ floor: '2.0.0' }),
  async 'directive-floor-lowered'() {
    await rig.look(rig.answer(null, { directive: { floor: '0.5.0', version: '0.9.0' } }));
    return { release: await published(), answer: { directive: { floor: '0.4.0' } } };
  },
  'clock-a-year-ahead': async () => ({
    release: await published(),
    look: { nowMs: Date.now() + 365 * 86_400_000 },
  }),
  async 'keys-damaged'() {
    writeFileSync(rig.keysFile, '{"release":[');
    return { release: await published() };
  },
  async 'keys-missing'() {
    rmSync(rig.keysFile);
    return { release: await published() };
  },
  unsigned: async () => ({ release: await published(), answer: { releaseManifest: null } }),
  'no-release-named': async () => {
    const release = await published();
    return {
      release: null,
      answer: { releaseManifest: release.envelope, directive: { version: release.manifest.version } },
    };
  },
  async 'manifest-wrong-key'() {
    const release = await published();
    return { release, answer: { releaseManifest: signedBy(release.manifest, rig.keys.stranger) } };
  },
  async 'manifest-forged'() {
    const release = await published();
    const envelope = { ...signedBy(release.manifest, rig.keys.stranger), keyId: keyIdOf(rig.keys.release) };
    return { release, answer: { releaseManifest: envelope } };
  },
  async 'manifest-by-the-online-key'() {
    const release = await published();
    return { release, answer: { releaseManifest: signedBy(release.manifest, rig.keys.directive) } };
  },
  async 'manifest-signed-for-another-purpose'() {
    const release = await published();
    return { release, answer: { releaseManifest: signedBy(release.manifest, rig.keys.release, 'directive') } };
  },
  async 'manifest-changed'() {
    const release = await published();
    const payload = Buffer.from(JSON.stringify({ ...release.manifest, hostMin: '0.0.1' })).toString('base64');
    return { release, answer: { releaseManifest: { ...release.envelope, payload } } };
  },
  'another-package': () => signedWith({ name: '@flynotes/something-else' }),
  async 'old-release-as-new'() {
    const [old, release] = [await published(), await published()];
    return { release, answer: { releaseManifest: old.envelope } };
  },
  'another-release-of-the-version': () =>
    signedWith({ tarball: { sha512: 'ab'.repeat(64), sizeBytes: 10, unpackedBytes: 10 } }),
  'manifest-with-a-bad-path': () => signedWith({ files: { '../../up.mjs': 'ab'.repeat(64) } }),
  'manifest-unreadable': async () => {
    const release = await published();
    return { release, answer: { releaseManifest: signedBy('nothing of the kind', rig.keys.release) } };
  },
  'needs-node': () => signedWith({ node: '99.0.0' }),
  'needs-host': () => signedWith({ hostMin: '0.2.0' }),
  'state-too-old': () => signedWith({ stateSchema: 1 }),
  'disk-low': async () => ({ release: await published(), look: { options: { spareBytes: 2 ** 60 } } }),
  'registry-away': async () => ({
    release: await published(),
    answer: { registry: { url: 'http://127.0.0.1:9', token: 'a-token' } },
  }),
  'registry-silent': instead(() => undefined, { options: { times: { idleMs: 300, wholeMs: 5_000 } } }),
  'registry-nonsense': instead((_request, response) => response.end('<html>Please sign in</html>')),
  'registry-endless': instead((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  }),
  'redirects-in-a-circle': instead((request, response) => {
    response.writeHead(302, { location: request.url ?? '/' }).end();
  }),
  'token-refused': async () => ({
    release: await published(),
    answer: { registry: { url: registry.url, token: 'not-a-token' } },
  }),
  'not-published': () => ({ release: rig.release(rig.nextVersion()) }),
  'address-gone': async () => {
    const { url } = await impostor((_request, response) => response.writeHead(404).end());
    return { release: rig.release(rig.nextVersion()), answer: { registry: null, releaseUrl: `${url}/release.tgz` } };
  },
  'no-place-named': () => ({ release: rig.release(rig.nextVersion()), answer: { registry: null } }),
  'tarball-swapped': swapped(() => rig.release('1.0.0', { 'evil.mjs': 'evil' }).tarball),
  'tarball-and-packument-swapped': swapped(() => rig.release('1.0.0', { 'evil.mjs': 'evil' }).tarball, true),
  async 'stolen-publisher-token'() {
    const version = rig.nextVersion();
    await registry.publish(rig.release(version, { 'evil.mjs': 'evil' }).tarball, registry.tokens.publisher);
    return { release: rig.release(version) };
  },
  // A gzip header's byte 9 names a system (RFC 1952): what unpacks is the same, and no other check than the hash of the whole sees it.
  'tarball-same-size': swapped((tarball) => Buffer.from(tarball).fill(tarball[9]! ^ 1, 9, 10), true),
  'tarball-truncated': swapped((tarball) => tarball.subarray(0, -7), true),
  'tarball-empty': swapped(() => Buffer.alloc(0), true),
  'tarball-oversized': swapped((tarball) => Buffer.concat([tarball, Buffer.alloc(100_000)]), true),
  'bomb-unsigned': swapped(() => gzipSync(Buffer.alloc(50_000_000)), true),
  async 'address-lies'() {
    const { url } = await impostor((_request, response) => response.end('other bytes'));
    return { release: rig.release(rig.nextVersion()), answer: { registry: null, releaseUrl: `${url}/release.tgz` } };
  },
  'bomb-signed': () => signedTarball(gzipSync(Buffer.alloc(300_000_000)), { [hostFiles.agentEntry]: agentText }),
  'not-gzip': () => signedTarball(Buffer.from('no archive at all'), { [hostFiles.agentEntry]: agentText }),
  'archive-cut-off': () => {
    const whole = tarballOf([{ ...honest, text: 'x'.repeat(3_000) }], Buffer.alloc(0));
    return signedTarball(whole.subarray(0, whole.length - 12), { [hostFiles.agentEntry]: 'x'.repeat(3_000) });
  },
  'path-traversal': archive({ name: 'package/../../up.mjs', text: 'x' }),
  'path-absolute': archive({ name: '/etc/cron.d/x', text: 'x' }),
  'path-drive-letter': archive({ name: 'package/C:/x.mjs', text: 'x' }),
  'path-alternate-stream': archive({ name: 'package/a.mjs:x', text: 'x' }),
  'path-backslash': archive({ name: 'package/a\\..\\..\\x', text: 'x' }),
  'path-reserved-name': archive({ name: 'package/nul.txt', text: 'x' }),
  'path-trailing-dot': archive({ name: 'package/a.mjs.', text: 'x' }),
  'path-outside-the-package': archive({ name: 'other/a.mjs', text: 'x' }),
  'link-symbolic': archive({ name: 'package/a.mjs', type: '2', link: '/etc/passwd' }),
  'link-hard': archive({ name: 'package/a.mjs', type: '1', link: 'package/agent/agent.mjs' }),
  device: archive({ name: 'package/a.mjs', type: '3' }),
  'long-name-extension': archive({ name: 'package/PaxHeader', type: 'x', text: '20 path=../../a.mjs\n' }),
  'bytes-behind-the-end': () => {
    const end = Buffer.concat([Buffer.alloc(1_024), Buffer.from('more')]);
    return signedTarball(tarballOf([honest, { name: 'package/a.mjs', text: 'x' }], end), {
      [hostFiles.agentEntry]: agentText,
      'a.mjs': 'x',
    });
  },
  'file-twice': archive({ name: 'package/a.mjs', text: 'x' }, { name: 'package/a.mjs', text: 'x' }),
  'file-changed': archive({ name: 'package/a.mjs', text: 'y' }),
  'file-added': archive({ name: 'package/b.mjs', text: 'x' }),
  'file-case-duplicate': archive({ name: 'package/A.mjs', text: 'x' }),
  'file-missing': archive(),
  async quarantined() {
    const release = await published();
    const quarantined = [{ releaseSha512: release.manifest.tarball.sha512, attempt: 1, reason: 'crashed: exit 1' }];
    rig.writeSlot({ quarantined });
    return { release };
  },
  async 'not-taken'() {
    const release = await published();
    const { decision } = await rig.look(rig.answer(release));
    expect(decision.outcome).toBe('staged');
    return { release };
  },
};

describe('a release or directive that is refused', () => {
  test('each case of the table is one here, and the reverse', () => {
    expect(Object.keys(cases).toSorted()).toEqual(agentUpdateCases.map(({ name }) => name).toSorted());
  });

  test.each(agentUpdateCases)('$name: $code', async ({ name, code }) => {
    const { release, answer, look } = await cases[name]!();
    const before = { versions: rig.versions(), staged: rig.staged() };
    const first = await rig.look(rig.answer(release, answer), look);
    expect(first.codes).toEqual([code]);
    expect(first.update).toMatchObject({ state: code === 'UPDATE_UNSIGNED' ? 'differs' : 'refused', code });
    expect(first.told).toEqual([]);
    // Nothing of it is left, and what was there is there.
    expect(rig.versions()).toEqual(before.versions);
    expect(rig.staged()).toEqual(before.staged);
    expect(first.decision.outcome).not.toBe('staged');

    // Looked at again by the same release and attempt, by another process: no second word about it, and no second end.
    const sequence = answer?.directive?.sequence;
    const again = { ...answer, directive: { ...answer?.directive, ...(sequence === undefined ? {} : { sequence }) } };
    const second = await rig.look(rig.answer(release, again), look);
    expect(second.decision.outcome).toBe('run');
    const perRelease = !['UPDATE_DIRECTIVE_INVALID', 'UPDATE_KEYS_UNREADABLE', 'UPDATE_UNSIGNED'].includes(code);
    if (perRelease) expect(second.codes).toEqual([]);
  });

  test('a higher attempt is told anew; a quarantined release is then staged', async () => {
    const release = await published();
    const quarantined = [{ releaseSha512: release.manifest.tarball.sha512, attempt: 1, reason: 'crashed: exit 1' }];
    rig.writeSlot({ quarantined, stable: '0.9.0-0a1b2c3d' });
    const refused = await rig.look(rig.answer(release));
    expect(refused.codes).toEqual(['UPDATE_QUARANTINED']);
    await expect.poll(() => refused.step.state().quarantined).toEqual(quarantined);
    const raised = await rig.look(rig.answer(release, { directive: { attempt: 2 } }));
    expect(raised.decision.outcome).toBe('staged');
    expect(rig.versions()).toEqual([releaseFolderOf(release.manifest.version, release.manifest.tarball.sha512)]);
  });

  test('a thief of the publisher’s token who publishes what nobody dictated changes nothing', async () => {
    const evil = rig.release(rig.nextVersion(), { 'evil.mjs': 'evil' });
    await registry.publish(evil.tarball, registry.tokens.publisher);
    const { decision, codes } = await rig.look(rig.answer(null, { directive: { version: '0.9.0' } }));
    expect([decision.outcome, codes]).toEqual(['run', []]);
    expect(rig.versions()).toEqual([]);
  });

  test('a release on trial that raised the state database goes back by order to the one that the host would go back to', async () => {
    const { release, answer } = await cases['state-too-old']!();
    if (release === null) throw new Error('there is a release');
    const stable = releaseFolderOf(release.manifest.version, release.manifest.tarball.sha512);
    const running = '2.0.0-0a1b2c3d';
    rig.writeSlot({ candidate: running, stable: '0.8.0-0a1b2c3d' });
    const look = { options: { running, role: 'candidate' as const } };
    expect((await rig.look(rig.answer(release, answer), look)).codes).toEqual(['UPDATE_STATE_TOO_OLD']);
    rig.writeSlot({ candidate: running, stable });
    expect((await rig.look(rig.answer(release, answer), look)).decision.outcome).toBe('staged');
  });

  test('what a thief of the online key raised beyond everything binds nobody once another key is pinned', async () => {
    const release = await published();
    const far = { sequence: Number.MAX_SAFE_INTEGER, version: '999.0.0', floor: '999.0.0' };
    await rig.look(rig.answer(null, { directive: far }));
    const locked = await rig.look(rig.answer(release));
    expect(locked.codes).toEqual(['UPDATE_DIRECTIVE_INVALID']);
    const keys = JSON.parse(readFileSync(rig.keysFile, 'utf8')) as KeysFile;
    const directive = [pinnedKeyOf(rig.keys.stranger)];
    writeFileSync(rig.keysFile, JSON.stringify({ ...keys, directive }));
    const opened = await rig.look(rig.answer(release, { directiveBy: rig.keys.stranger }));
    expect(opened.decision.outcome).toBe('staged');
    // From here on the new key's own numbers count.
    const older = rig.answer(release, { directiveBy: rig.keys.stranger, directive: { sequence: 1 } });
    expect((await rig.look(older)).reasons).toEqual(['sequence-older']);
  });

  test('a clock that is a year behind refuses nothing: the nonce tells new from old', async () => {
    const release = await published();
    const { decision } = await rig.look(rig.answer(release), { nowMs: Date.now() - 365 * 86_400_000 });
    expect(decision.outcome).toBe('staged');
  });
});

test('a bomb that is signed takes no memory', async () => {
  const { release } = await cases['bomb-signed']!();
  const files = createSystemFiles();
  const before = process.memoryUsage().rss;
  await rig.look(rig.answer(release), { files });
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
});
