import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { pinnedKeyOf, pinnedKeySchema } from '@flynotes/carestream-server/api';
import { unpackRelease } from '../packages/carestream-server/src/update/index.ts';
import { buildPackage } from './build.ts';
import { makeRelease, writeRelease } from './release/make-release.ts';
import { currentNeeds } from './release/needs.ts';
import { packageFactsIn } from './release/package-files.ts';
import { takeNewPassphrase, takePassphrase } from './release/passphrase.ts';
import { publishTarball } from './release/publish.ts';
import { addToKeysFile, makeReleaseKey, openReleaseKey, readKeysFile } from './release/release-keys.ts';
import { checkTarball, openRelease, signRelease } from './release/sign-release.ts';
import { root, say } from './steps.ts';

const usage = `npm run release:build  [-- --out FOLDER] [--no-build]         the tarball, and what is to be signed
npm run release:keygen -- --key FILE --keys KEYS              a new private key under a passphrase; its public half into KEYS
npm run release:keygen -- --directive FILE --keys KEYS        the public key that dictates versions (flynotes-server signing-key) into KEYS
npm run release:sign   -- MANIFEST --key FILE                 sign what was built, offline
npm run release:verify -- RELEASE --keys KEYS [--tarball FILE]   anyone, with public keys alone
npm run release:publish -- TARBALL                            to CARESTREAM_REGISTRY_URL with CARESTREAM_REGISTRY_TOKEN
The passphrase is asked on the terminal, or taken from --passphrase-file or CARESTREAM_RELEASE_PASSPHRASE.`;

const accepted = {
  allowPositionals: true,
  options: {
    out: { type: 'string', default: path.join(root, 'release') },
    'no-build': { type: 'boolean', default: false },
    key: { type: 'string' },
    keys: { type: 'string' },
    directive: { type: 'string' },
    tarball: { type: 'string' },
    registry: { type: 'string' },
    'passphrase-file': { type: 'string' },
  },
} as const;
const { values, positionals } = readWords();
const [command, file] = positionals;
const passphraseSource = { file: values['passphrase-file'], environment: process.env };

async function build(): Promise<void> {
  if (!values['no-build'] && !(await buildPackage())) throw new Error('the build failed');
  const release = makeRelease(path.join(root, 'packages/carestream-server'), currentNeeds);
  const files = writeRelease(release, path.resolve(values.out));
  const { version, tarball, files: inside } = release.manifest;
  say(`${version}: ${Object.keys(inside).length} files, ${tarball.sizeBytes} bytes, SHA-512 ${tarball.sha512}`);
  say(`tarball    ${files.tarball}\nto sign    ${files.manifest}`);
}

async function keygen(): Promise<void> {
  const keys = must(values.keys, '--keys KEYS');
  if (values.directive !== undefined) {
    const pinned = pinnedKeySchema.parse(JSON.parse(readFileSync(values.directive, 'utf8')));
    addToKeysFile(keys, 'directive', pinned);
    say(`${keys} now trusts ${pinned.keyId} to dictate versions`);
    return;
  }
  const keyFile = must(values.key, '--key FILE');
  const { pem, pinned } = makeReleaseKey(await takeNewPassphrase('Passphrase of the new key: ', passphraseSource));
  // Never over an existing file: what was signed with a lost key cannot be replaced.
  writeFileSync(keyFile, pem, { mode: 0o600, flag: 'wx' });
  addToKeysFile(keys, 'release', pinned);
  say(`private    ${keyFile} (keep it offline)\npublic     ${pinned.keyId} in ${keys}`);
}

async function sign(): Promise<void> {
  const manifestFile = must(file, 'MANIFEST');
  const base = manifestFile.replace(/\.manifest\.json$/, '');
  if (base === manifestFile) throw new Error('give the .manifest.json that release:build wrote');
  const tarball = readFileSync(values.tarball ?? `${base}.tgz`);
  const pem = readFileSync(must(values.key, '--key FILE'), 'utf8');
  const key = openReleaseKey(pem, await takePassphrase('Passphrase: ', passphraseSource));
  const { envelope, manifest } = signRelease(readFileSync(manifestFile), tarball, key);
  writeFileSync(`${base}.release.json`, `${JSON.stringify(envelope)}\n`);
  say(`signed     ${manifest.version} with ${pinnedKeyOf(key).keyId}\nsha512     ${manifest.tarball.sha512}`);
  say(`release    ${base}.release.json`);
}

async function verify(): Promise<void> {
  const releaseFile = must(file, 'RELEASE');
  const { release } = readKeysFile(must(values.keys, '--keys KEYS'));
  const { manifest, keyId } = openRelease(readFileSync(releaseFile, 'utf8'), release);
  say(`genuine    ${manifest.name} ${manifest.version}, signed by ${keyId}`);
  say(`sha512     ${manifest.tarball.sha512}, ${manifest.tarball.sizeBytes} bytes`);
  say(`needs      Node.js ${manifest.node}, host ${manifest.hostMin}, state schema ${manifest.stateSchema}`);
  if (values.tarball === undefined) return say('tarball    not looked at (--tarball FILE)');
  const tarball = readFileSync(values.tarball);
  checkTarball(manifest, tarball);
  let files = 0;
  // The agent's own reader: what passes here is what an agent takes.
  for await (const _ of unpackRelease(tarball, manifest)) files += 1;
  say(`tarball    equal, its ${files} files too`);
}

async function publish(): Promise<void> {
  const tarballFile = must(file, 'TARBALL');
  const registry = must(values.registry ?? process.env['CARESTREAM_REGISTRY_URL'], 'CARESTREAM_REGISTRY_URL');
  const token = must(process.env['CARESTREAM_REGISTRY_TOKEN'], 'CARESTREAM_REGISTRY_TOKEN');
  const tarball = readFileSync(tarballFile);
  const { name, version } = await packageFactsIn(tarball);
  const { outcome } = await publishTarball(tarballFile, { name, version, tarball }, { registry, token });
  say(outcome === 'published' ? `published  ${name} ${version}` : `there      ${name} ${version}, the same bytes`);
}

/** A word that is not known ends with what there is, not with a stack. */
function readWords() {
  try {
    return parseArgs(accepted);
  } catch (error) {
    process.stderr.write(`release: ${error instanceof Error ? error.message : 'failed'}\n\n${usage}\n`);
    process.exit(2);
  }
}

function must(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new Error(`${what} is missing\n\n${usage}`);
  return value;
}

const commands: Readonly<Record<string, () => Promise<void>>> = { build, keygen, sign, verify, publish };
try {
  const run = commands[command ?? ''];
  if (run === undefined) throw new Error(usage);
  await run();
} catch (error) {
  process.stderr.write(`release: ${error instanceof Error ? error.message : 'failed'}\n`);
  process.exitCode = 1;
}
