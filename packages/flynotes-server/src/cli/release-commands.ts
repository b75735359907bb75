import { readFileSync } from 'node:fs';
import { version as installed } from '@flynotes/carestream-server';
import { keysFileSchema, signedEnvelopeSchema, versionSchema } from '@flynotes/carestream-server/api';
import type { PinnedKey } from '@flynotes/carestream-server/api';
import type { Command } from 'commander';
import type { Database } from '../database/index.ts';
import type { Practices } from '../practices/index.ts';
import type { Releases } from '../releases/index.ts';
import { ConfigError, databaseOf, readEnvironment } from './config.ts';
import type { Terminal } from './program.ts';

interface Common {
  readonly dataDir?: string;
  readonly json?: boolean;
}
interface Parts {
  readonly releases: Releases;
  readonly practices: Practices;
  readonly database: Database;
}

/** `release …` and `signing-key`: what an operator's API does too, on the database itself. */
export function addReleaseCommands(program: Command, terminal: Terminal): void {
  const release = program.command('release').description('Releases, and which practice is to run which');
  const common = (command: Command): Command =>
    command
      .option('--data-dir <folder>', 'folder of the embedded database (no server may be running on it)')
      .option('--json', 'one JSON line');

  /** Opens the database for one command, and says what came of it. */
  const act = async (
    options: Common,
    work: (parts: Parts) => Promise<{ readonly said: string; readonly json: object }>,
  ) => {
    const env = readEnvironment(terminal.env);
    const { openMigrated } = await import('../database/index.ts');
    const { createReleases } = await import('../releases/index.ts');
    const { createPractices } = await import('../practices/index.ts');
    const keys = env.FLYNOTES_RELEASE_KEYS === undefined ? null : releaseKeysIn(env.FLYNOTES_RELEASE_KEYS);
    await using database = await openMigrated(databaseOf(env, options));
    const parts = {
      database,
      releases: createReleases(database, { installed, keys }),
      practices: createPractices({ database, queues: null }),
    };
    const { said, json } = await work(parts);
    terminal.out(options.json === true ? JSON.stringify(json) : said);
  };

  common(release.command('add'))
    .description('Add a release by its signed manifest; without FLYNOTES_RELEASE_KEYS its signature is not looked at')
    .argument('<file>', 'the .release.json that release:sign wrote')
    .option('--tarball <file>', 'keep the tarball too, for agents to fetch it here instead of from a registry')
    .action(async (file: string, options: Common & { tarball?: string }) =>
      act(options, async ({ releases }) => {
        const envelope = signedEnvelopeSchema.safeParse(jsonIn(file));
        if (!envelope.success) throw new ConfigError(`${file}: is no signed release manifest`);
        const added = await releases.add(envelope.data);
        const { version, tarballSha512: sha512 } = added;
        const held =
          options.tarball === undefined ? added : await releases.addTarball(version, bytesIn(options.tarball));
        const json = { version, sha512, hasTarball: held.hasTarball };
        return { said: `added ${version} (${sha512.slice(0, 8)})${held.hasTarball ? ' with its tarball' : ''}`, json };
      }),
    );

  common(release.command('list'))
    .description('Releases that were added, newest first')
    .action(async (options: Common) =>
      act(options, async ({ releases }) => {
        const [held, rollout] = await Promise.all([releases.list(), releases.rollout()]);
        const rows = held.map(({ version, tarballSha512, hasTarball, addedAt, manifest }) => ({
          version,
          sha512: tarballSha512,
          keyId: manifest.keyId,
          hasTarball,
          addedAt,
          dictated: version === installed,
          canary: version === rollout.canaryVersion,
        }));
        const lines = rows.map((row) =>
          [
            row.version.padEnd(16),
            row.sha512.slice(0, 8),
            row.addedAt,
            row.hasTarball ? 'tarball here' : 'registry',
            ...(row.dictated ? ['dictated by default'] : []),
            ...(row.canary ? ['canaries'] : []),
          ].join('  '),
        );
        const missing = rows.some((row) => row.dictated)
          ? []
          : [`${installed} is dictated by default and was not added.`];
        const said = [...lines, ...missing, `floor ${rollout.floor}`].join('\n');
        return { said, json: { installed, ...rollout, releases: rows } };
      }),
    );

  common(release.command('pin'))
    .description('Pin the version of one practice; --none unpins')
    .argument('[version]')
    .requiredOption('--practice <id>')
    .option('--none')
    .action(async (given: string | undefined, options: Common & { practice: string; none?: boolean }) =>
      act(options, async ({ practices, releases }) => {
        const version = versionOrNone(given, options.none);
        const { floor } = await releases.rollout();
        const { compareVersions } = await import('@flynotes/carestream-server/api');
        if (version !== null && compareVersions(version, floor) < 0) {
          throw new ConfigError(`version: no version below ${floor} is ever installed`);
        }
        await practices.pinVersion(options.practice, version);
        const unknown = version !== null && (await releases.find(version)) === null;
        const said =
          version === null ? 'unpinned' : `pinned to ${version}${unknown ? ', which was not added yet' : ''}`;
        return { said: `${options.practice} is ${said}`, json: { practice: options.practice, pinnedVersion: version } };
      }),
    );

  common(release.command('canary'))
    .description(
      'Put a practice on the canary list (--off takes it off), or set the version that canaries run (--none ends it)',
    )
    .argument('[version]')
    .option('--practice <id>')
    .option('--off')
    .option('--none')
    .action(async (given: string | undefined, options: Common & { practice?: string; off?: boolean; none?: boolean }) =>
      act(options, async ({ practices, releases }) => {
        if (options.practice !== undefined) {
          const { id, canary } = await practices.setCanary(options.practice, options.off !== true);
          return { said: `${id} is ${canary ? 'a canary' : 'no canary'}`, json: { practice: id, canary } };
        }
        const rollout = await releases.setCanaryVersion(versionOrNone(given, options.none));
        const { canaryVersion } = rollout;
        return {
          said: canaryVersion === null ? 'canaries run what all run' : `canaries run ${canaryVersion}`,
          json: rollout,
        };
      }),
    );

  common(release.command('floor'))
    .description('Raise the floor: no version below it is ever installed; it never falls')
    .argument('<version>')
    .action(async (given: string, options: Common) =>
      act(options, async ({ releases }) => {
        const rollout = await releases.raiseFloor(versionOf(given));
        return { said: `floor ${rollout.floor}`, json: rollout };
      }),
    );

  common(release.command('retry'))
    .description('Have a release that a practice undid tried there once more')
    .requiredOption('--practice <id>')
    .action(async (options: Common & { practice: string }) =>
      act(options, async ({ practices }) => {
        const { id, attempt } = await practices.raiseAttempt(options.practice);
        return { said: `${id} tries again (attempt ${attempt})`, json: { practice: id, attempt } };
      }),
    );

  common(program.command('signing-key'))
    .description('The public key that this server’s directives are verified with, for the host’s keys.json')
    .action(async (options: Common) =>
      act(options, async ({ database }) => {
        const { loadDirectiveSigner } = await import('../licences/index.ts');
        const { keyId, publicKey: spki } = await loadDirectiveSigner(database);
        return { said: JSON.stringify({ keyId, spki }, null, 2), json: { keyId, spki } };
      }),
    );
}

/** Whose signatures count, of a keys file. @throws ConfigError */
export function releaseKeysIn(file: string): readonly PinnedKey[] {
  const parsed = keysFileSchema.shape.release.safeParse((jsonIn(file) as { release?: unknown } | null)?.release);
  if (!parsed.success) throw new ConfigError(`${file}: is no keys file with release keys`);
  return parsed.data;
}

function versionOrNone(given: string | undefined, none: boolean | undefined): string | null {
  if (none === true) return null;
  if (given === undefined) throw new ConfigError('version: is missing; --none for none');
  return versionOf(given);
}

function versionOf(given: string): string {
  if (!versionSchema.safeParse(given).success) throw new ConfigError(`version: must be as in 1.4.0`);
  return given;
}

function bytesIn(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    throw new ConfigError(`${file}: cannot be read`);
  }
}

function jsonIn(file: string): unknown {
  try {
    return JSON.parse(bytesIn(file).toString('utf8'));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${file}: is no JSON`);
  }
}
