import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  hostFiles,
  keysFileSchema,
  nativeFiles,
  releaseFolderOf,
  signedEnvelopeSchema,
} from '@flynotes/carestream-server/api';
import { unpackRelease } from '../packages/carestream-server/src/update/index.ts';
import { checkTarball, openRelease } from './release/sign-release.ts';
import { buildServiceHost } from './service-host.ts';
import { root, say } from './steps.ts';

const usage = `node --conditions=@flynotes/source tools/linux-folder.ts --out DIR --release BASE.release.json --keys keys.json

Lays down what a Linux machine gets once: Node, the host, whose signatures it trusts, native parts, the first release.
--release  a signed release, its tarball beside it (npm run release:sign)
--keys     the public keys that the host trusts for ever`;

/** The command as it is called: a file that finds its own Node. */
const command = `#!/bin/sh
here=$(dirname -- "$(readlink -f -- "$0")")
exec "$here/node" "$here/carestream-service.mjs" "$@"
`;

/** Lays down an install folder for Linux, after the checks that an agent makes of an update. @throws Error in plain words */
export async function layDownForLinux(out: string, signed: string, keysFile: string): Promise<void> {
  const base = signed.replace(/\.release\.json$/, '');
  if (base === signed) throw new Error('--release wants the .release.json that release:sign wrote');
  const keysText = readFileSync(keysFile, 'utf8');
  const keys = keysFileSchema.safeParse(JSON.parse(keysText));
  if (!keys.success) throw new Error('the keys file must hold at least one key for releases and one for directives');
  const envelope = signedEnvelopeSchema.parse(JSON.parse(readFileSync(signed, 'utf8')));
  const { manifest } = openRelease(JSON.stringify(envelope), keys.data.release);
  const tarball = readFileSync(`${base}.tgz`);
  checkTarball(manifest, tarball);

  mkdirSync(path.join(out, 'native'), { recursive: true });
  await buildServiceHost(out);
  copyFileSync(path.join(root, 'node_modules/node/bin/node'), path.join(out, 'node'));
  writeFileSync(path.join(out, 'carestream-service'), command);
  for (const program of ['node', 'carestream-service']) chmodSync(path.join(out, program), 0o755);
  const driver = path.join(
    root,
    'node_modules/msnodesqlv8/prebuilds',
    `linux-${process.arch}`,
    'msnodesqlv8.glibc.node',
  );
  if (existsSync(driver)) copyFileSync(driver, path.join(out, 'native', nativeFiles.odbcDriver));
  else say(`no ODBC driver for ${process.arch}: R4 is reached by SQL logins alone`);
  writeFileSync(path.join(out, 'keys.json'), keysText);
  const folder = path.join(out, hostFiles.versions, releaseFolderOf(manifest.version, manifest.tarball.sha512));
  for await (const { path: name, bytes } of unpackRelease(tarball, manifest)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), bytes);
  }
  writeFileSync(path.join(folder, hostFiles.releaseManifest), `${JSON.stringify(envelope)}\n`);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, release: { type: 'string' }, keys: { type: 'string' } },
  });
  const { out, release, keys } = values;
  if (out === undefined || release === undefined || keys === undefined) {
    process.stderr.write(`${usage}\n`);
    process.exitCode = 2;
  } else {
    await layDownForLinux(path.resolve(out), path.resolve(release), path.resolve(keys));
    say(`laid down ${out}`);
  }
}
