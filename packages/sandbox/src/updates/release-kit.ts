import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  hostFiles,
  pinnedKeyOf,
  signEnvelope,
  type KeysFile,
  type PinnedKey,
  type ReleaseManifest,
  type SignedEnvelope,
} from '@flynotes/carestream-server/api';
import { buildAgent } from '../../../../tools/agent-bundle.ts';
import { manifestBytesOf, releaseOf } from '../../../../tools/release/make-release.ts';
import { currentNeeds } from '../../../../tools/release/needs.ts';
import { packageFactsOf } from '../../../../tools/release/package-files.ts';
import type { TarFile } from '../../../../tools/release/tar-writer.ts';

/** A release: what goes to the registry, and what Flynotes is told of it. */
export interface MadeRelease {
  readonly version: string;
  readonly manifest: ReleaseManifest;
  readonly tarball: Buffer;
  /** The signed manifest. */
  readonly envelope: SignedEnvelope;
  readonly files: readonly TarFile[];
}

/** Makes releases as the people do who own the offline key, and as others would like to. */
export interface ReleaseKit {
  /** What the host pins, with the key that dictates versions. */
  keysWith(directive: PinnedKey): KeysFile;
  /** The agent of this checkout under a version of its own. */
  genuine(version: string): MadeRelease;
  /** Signed as it should be, and yet its agent is this program. */
  broken(version: string, program: string): MadeRelease;
  /** What a thief makes: a program of theirs, signed with a key of theirs. */
  forged(version: string, program: string): MadeRelease;
}

const packageFolder = path.resolve(import.meta.dirname, '../../../carestream-server');
/** Stands in the bundle where its version goes. Nothing else in it looks like this. */
const placeholder = '99.88.77-placeholder';

/** Bundles the agent once; each release is a matter of milliseconds from then on. */
export async function createReleaseKit(folder: string): Promise<ReleaseKit> {
  const bundle = path.join(folder, 'agent.mjs');
  await buildAgent(bundle, { version: placeholder });
  const agent = readFileSync(bundle, 'utf8');
  const facts = packageFactsOf(packageFolder);
  const packageJson = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')) as object;
  const own = generateKeyPairSync('ed25519').privateKey;
  const spare = generateKeyPairSync('ed25519').privateKey;
  const thief = generateKeyPairSync('ed25519').privateKey;

  function made(version: string, program: string, key: KeyObject): MadeRelease {
    const files: TarFile[] = [
      { path: 'package.json', bytes: Buffer.from(JSON.stringify({ ...packageJson, version })), executable: false },
      { path: hostFiles.agentEntry, bytes: Buffer.from(program), executable: false },
    ];
    const { tarball, manifest } = releaseOf(files, { ...facts, version }, currentNeeds);
    const envelope = signEnvelope(manifestBytesOf(manifest), 'releaseManifest', key);
    return { version, manifest, tarball, envelope, files };
  }

  return {
    keysWith: (directive) => ({ release: [pinnedKeyOf(own), pinnedKeyOf(spare)], directive: [directive] }),
    genuine: (version) => made(version, agent.replaceAll(placeholder, version), own),
    broken: (version, program) => made(version, program, own),
    forged: (version, program) => made(version, program, thief),
  };
}
