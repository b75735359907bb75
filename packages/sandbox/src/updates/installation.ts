import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { hostFiles, releaseFolderOf, type KeysFile } from '@flynotes/carestream-server/api';
import { buildServiceHost } from '../../../../tools/service-host.ts';
import type { MadeRelease } from './release-kit.ts';

/** What an installer lays down once. */
export interface Installation {
  readonly installDir: string;
  readonly supervisor: string;
}

/** Lays down what the installers do: the host, whose signatures count, and the release that comes with it. */
export async function layDown(installDir: string, keys: KeysFile, first: MadeRelease): Promise<Installation> {
  mkdirSync(path.join(installDir, 'native'), { recursive: true });
  await buildServiceHost(installDir);
  writeFileSync(path.join(installDir, 'keys.json'), JSON.stringify(keys, null, 2));
  const release = path.join(
    installDir,
    hostFiles.versions,
    releaseFolderOf(first.version, first.manifest.tarball.sha512),
  );
  for (const { path: name, bytes } of first.files) {
    const file = path.join(release, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  writeFileSync(path.join(release, hostFiles.releaseManifest), JSON.stringify(first.envelope));
  return { installDir, supervisor: path.join(installDir, 'supervisor.mjs') };
}
