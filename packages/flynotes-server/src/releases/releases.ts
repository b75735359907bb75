import { createHash } from 'node:crypto';
import { compareVersions, openEnvelope, releaseManifestSchema } from '@flynotes/carestream-server/api';
import type { PinnedKey, ReleaseManifest, SignedEnvelope } from '@flynotes/carestream-server/api';
import type { Database, Sql } from '../database/index.ts';
import { one } from '../database/index.ts';
import { problemError } from '../http/index.ts';

/** A release whose signed manifest was added to this server. */
export interface Release {
  readonly version: string;
  readonly tarballSha512: string;
  readonly manifest: SignedEnvelope;
  /** Whether this server holds the tarball itself, besides what a registry may hold. */
  readonly hasTarball: boolean;
  readonly addedAt: string;
}

/** What holds for every practice unless it is pinned. */
export interface Rollout {
  /** What practices on the canary list run; null: the same as all others. */
  readonly canaryVersion: string | null;
  /** No version below it is ever installed; it only rises. */
  readonly floor: string;
}

/** The releases that practices may be given. */
export interface Releases {
  /** @throws REQUEST_INVALID: no manifest of this package, another release under the same version, or signed by nobody who is trusted */
  add(envelope: SignedEnvelope): Promise<Release>;
  /** Keeps the bytes of a release that was added, to be given to agents. @throws NOT_FOUND, REQUEST_INVALID for other bytes */
  addTarball(version: string, tarball: Uint8Array): Promise<Release>;
  list(): Promise<Release[]>;
  find(version: string): Promise<Release | null>;
  tarball(sha512: string): Promise<Buffer | null>;
  rollout(): Promise<Rollout>;
  setCanaryVersion(version: string | null): Promise<Rollout>;
  /** @throws REQUEST_INVALID where it would fall, or rise above a version that is dictated */
  raiseFloor(version: string): Promise<Rollout>;
}

const columns = `version, tarball_sha512 as "tarballSha512", manifest, tarball is not null as "hasTarball", added_at as "addedAt"`;
const refused = (detail: string, field: string, status = 400) =>
  problemError('REQUEST_INVALID', { status, detail, fields: [field] });

/** @see {@link Releases} `keys`: whose signatures count when a release is added; null takes any, because agents decide by their own keys. */
export function createReleases(
  database: Database,
  { installed, keys }: { readonly installed: string; readonly keys: readonly PinnedKey[] | null },
): Releases {
  const find = (version: string): Promise<Release | null> => findRelease(database, version);
  const rollout = (): Promise<Rollout> => findRollout(database);
  return {
    find,
    rollout,
    async add(envelope) {
      if (keys !== null && openEnvelope(envelope, 'releaseManifest', keys).outcome === 'refused') {
        throw refused('The manifest is signed by nobody whom this server trusts.', 'signature', 403);
      }
      const manifest = manifestOf(envelope);
      if (manifest === null) throw refused('This is no signed release manifest of the package.', 'payload');
      await database.query(
        `insert into releases (version, manifest, tarball_sha512) values ($1, $2::text::jsonb, $3)
         on conflict (version) do update set manifest = excluded.manifest
           where releases.tarball_sha512 = excluded.tarball_sha512`,
        [manifest.version, JSON.stringify(envelope), manifest.tarball.sha512],
      );
      const held = await find(manifest.version);
      if (held === null || held.tarballSha512 !== manifest.tarball.sha512) {
        throw refused(`Another release was added as ${manifest.version}: a version is never replaced.`, 'version', 409);
      }
      return held;
    },
    async addTarball(version, tarball) {
      const release = await find(version);
      if (release === null) {
        throw problemError('NOT_FOUND', { detail: 'Add the signed manifest of this version first.' });
      }
      if (createHash('sha512').update(tarball).digest('hex') !== release.tarballSha512) {
        throw refused('This is not the tarball that the signed manifest names.', 'tarball');
      }
      await database.query(`update releases set tarball = decode($2, 'base64') where version = $1`, [
        version,
        Buffer.from(tarball).toString('base64'),
      ]);
      return { ...release, hasTarball: true };
    },
    async list() {
      const releases = await database.query<Release>(`select ${columns} from releases`);
      return releases.toSorted((left, right) => compareVersions(right.version, left.version));
    },
    async tarball(sha512) {
      const [row] = await database.query<{ base64: string }>(
        `select encode(tarball, 'base64') as base64 from releases where tarball_sha512 = $1 and tarball is not null`,
        [sha512],
      );
      return row === undefined ? null : Buffer.from(row.base64, 'base64');
    },
    async setCanaryVersion(version) {
      const { floor } = await rollout();
      if (version !== null && compareVersions(version, floor) < 0) {
        throw refused(`No version below ${floor} is ever installed.`, 'canaryVersion');
      }
      await database.query('update rollout set canary_version = $1', [version]);
      return rollout();
    },
    async raiseFloor(version) {
      const { floor, canaryVersion } = await rollout();
      if (compareVersions(version, floor) < 0) throw refused(`The floor is ${floor} and never falls.`, 'floor');
      const pinned = await database.query<{ version: string }>(
        'select distinct pinned_version as version from practices where pinned_version is not null',
      );
      const dictated = [
        installed,
        ...(canaryVersion === null ? [] : [canaryVersion]),
        ...pinned.map((row) => row.version),
      ];
      const below = dictated.find((each) => compareVersions(each, version) < 0);
      if (below !== undefined)
        throw refused(`${below} is dictated to some practice and would never be installed.`, 'floor');
      await database.query('update rollout set floor = $1', [version]);
      return rollout();
    },
  };
}

/** The release of a version; null where no manifest was added: then nothing can be installed. */
export async function findRelease(sql: Sql, version: string): Promise<Release | null> {
  const [release] = await sql.query<Release>(`select ${columns} from releases where version = $1`, [version]);
  return release ?? null;
}

/** What holds for every practice unless it is pinned. */
export function findRollout(sql: Sql): Promise<Rollout> {
  return one(sql.query<Rollout>('select canary_version as "canaryVersion", floor from rollout'));
}

/** What was signed; null where it describes no release of this package. */
export function manifestOf(envelope: SignedEnvelope): ReleaseManifest | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8'));
    return releaseManifestSchema.parse(value);
  } catch {
    return null;
  }
}

/** Which version a practice is to run: its own pin, else the canaries' version if it is one of them, else what this server has installed. */
export function dictatedVersion(
  practice: { readonly pinnedVersion: string | null; readonly canary: boolean },
  rollout: Pick<Rollout, 'canaryVersion'>,
  installed: string,
): string {
  return practice.pinnedVersion ?? (practice.canary ? rollout.canaryVersion : null) ?? installed;
}
