import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  hostFiles,
  keysFileSchema,
  pinnedKeyOf,
  releaseFolderOf,
  type SignedEnvelope,
} from '@flynotes/carestream-server/api';
import { unpackRelease } from '../../packages/carestream-server/src/update/index.ts';
import { buildPackage } from '../build.ts';
import { makeRelease, manifestBytesOf } from '../release/make-release.ts';
import { currentNeeds } from '../release/needs.ts';
import { checkTarball, openRelease, signRelease } from '../release/sign-release.ts';
import { root } from '../steps.ts';
import { call } from './call.ts';
import { buildHostScripts, hostVersion } from './host-scripts.ts';
import { makeMsi } from './make-msi.ts';
import { buildNativeParts } from './native-build.ts';
import { signCode, type CodeSignature } from './sign-code.ts';
import { takeWindowsNode } from './windows-node.ts';

/** What is built, and from what. */
export interface WindowsMsiOptions {
  /** The file; otherwise a name with the version in `outFolder`. */
  readonly out?: string;
  readonly outFolder?: string;
  /** A signed release, its tarball beside it, and the public keys for ever. Absent: the working tree, and keys for the occasion. */
  readonly release?: { readonly signed: string; readonly keys: string };
  readonly signature?: CodeSignature;
  /** Another version of the host than this one, to try an upgrade. */
  readonly version?: string;
}

/** What was built. */
export interface WindowsMsi {
  readonly msi: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly signed: boolean;
  /** Where the private keys lie that were made for this build; null with real ones. */
  readonly developmentKeys: string | null;
}

/** A release as it is laid down: its files and its signed manifest. */
interface FirstRelease {
  readonly envelope: SignedEnvelope;
  readonly tarball: Buffer;
  readonly keysText: string;
}

/** Builds the MSI. @throws Error in plain words */
export async function buildWindowsMsi(options: WindowsMsiOptions, say: (line: string) => void): Promise<WindowsMsi> {
  const version = options.version ?? hostVersion;
  const msi = options.out ?? path.join(options.outFolder ?? root, `flynotes-agent-${version}.msi`);
  const work = mkdtempSync(path.join(tmpdir(), 'carestream-msi-'));
  try {
    const release =
      options.release === undefined ? await releaseOfTree(`${msi}.development-keys`) : givenRelease(options.release);
    const files = path.join(work, 'files');
    mkdirSync(path.join(files, 'native'), { recursive: true });
    writeCommand(files, await layDown(release, files, say));
    say(`service program and installer library, by ${call('x86_64-w64-mingw32-gcc', ['--version']).split('\n')[0]}`);
    const native = buildNativeParts(work, version);
    say('genuine node.exe, its hash checked');
    takeWindowsNode(files);
    const driver = path.join(root, 'node_modules/msnodesqlv8');
    copyFileSync(
      path.join(driver, 'prebuilds/win32-x64/msnodesqlv8.node'),
      path.join(files, 'native/msnodesqlv8.node'),
    );
    copyFileSync(path.join(driver, 'LICENSE'), path.join(files, 'native/LICENSE-msnodesqlv8.txt'));
    await buildHostScripts(files);
    if (options.signature !== undefined) {
      signCode(native.service, options.signature);
      signCode(native.actions, options.signature);
    }
    copyFileSync(native.service, path.join(files, 'carestream-service.exe'));
    makeMsi({ filesFolder: files, actions: native.actions, version, timeS: timeOfSources() }, work, msi);
    if (options.signature !== undefined) signCode(msi, options.signature);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const bytes = readFileSync(msi);
  return {
    msi,
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    signed: options.signature !== undefined,
    developmentKeys: options.release === undefined ? `${msi}.development-keys` : null,
  };
}

function givenRelease({ signed, keys }: { readonly signed: string; readonly keys: string }): FirstRelease {
  const base = signed.replace(/\.release\.json$/, '');
  if (base === signed) throw new Error('--release wants the .release.json that release:sign wrote');
  return {
    envelope: JSON.parse(readFileSync(signed, 'utf8')) as SignedEnvelope,
    tarball: readFileSync(`${base}.tgz`),
    keysText: readFileSync(keys, 'utf8'),
  };
}

/** The working tree as a release, signed by keys that exist for this build alone. */
async function releaseOfTree(keysFolder: string): Promise<FirstRelease> {
  if (!(await buildPackage())) throw new Error('the build failed');
  const { tarball, manifest } = makeRelease(path.join(root, 'packages/carestream-server'), currentNeeds);
  const release = generateKeyPairSync('ed25519').privateKey;
  const directive = generateKeyPairSync('ed25519').privateKey;
  const keysText = `${JSON.stringify({ release: [pinnedKeyOf(release)], directive: [pinnedKeyOf(directive)] }, null, 2)}\n`;
  mkdirSync(keysFolder, { recursive: true });
  const writeKey = (name: string, key: KeyObject): void =>
    writeFileSync(path.join(keysFolder, name), key.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  writeKey('release.pem', release);
  writeKey('directive.pem', directive);
  writeFileSync(path.join(keysFolder, 'keys.json'), keysText);
  return { envelope: signRelease(manifestBytesOf(manifest), tarball, release).envelope, tarball, keysText };
}

/** For a Windows command prompt, which wants its own ends of lines. */
function writeCommand(files: string, releaseFolder: string): void {
  const text = readFileSync(path.join(root, 'packages/service-host/windows/carestream-server.cmd'), 'utf8');
  const command = text.replace('{RELEASE}', releaseFolder).replaceAll('\n', '\r\n');
  writeFileSync(path.join(files, 'carestream-server.cmd'), command);
}

/**
 * Lays the first release where the host looks for what came with the installer, after the checks that an agent makes of an update.
 * @returns its folder's name
 */
async function layDown(
  { envelope, tarball, keysText }: FirstRelease,
  files: string,
  say: (line: string) => void,
): Promise<string> {
  const keys = keysFileSchema.safeParse(JSON.parse(keysText));
  if (!keys.success) throw new Error('the keys file must hold at least one key for releases and one for directives');
  const { manifest } = openRelease(JSON.stringify(envelope), keys.data.release);
  checkTarball(manifest, tarball);
  const name = releaseFolderOf(manifest.version, manifest.tarball.sha512);
  const folder = path.join(files, hostFiles.versions, name);
  let count = 0;
  for await (const file of unpackRelease(tarball, manifest)) {
    const place = path.join(folder, file.path);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, file.bytes);
    count += 1;
  }
  writeFileSync(path.join(folder, hostFiles.releaseManifest), `${JSON.stringify(envelope)}\n`);
  writeFileSync(path.join(files, 'keys.json'), keysText);
  say(`first release ${manifest.version}: ${count} files`);
  return name;
}

/** The last commit's time, so that two people who build the same commit get the same bytes. */
function timeOfSources(): number {
  const given = Number(process.env['SOURCE_DATE_EPOCH']);
  if (Number.isSafeInteger(given) && given > 0) return given;
  try {
    return Number(call('git', ['log', '-1', '--format=%ct'], { cwd: root }).trim());
  } catch {
    // Sources without a history: any fixed time does.
    return 1_577_836_800;
  }
}
