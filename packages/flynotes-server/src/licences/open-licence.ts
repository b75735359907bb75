import { version as installedVersion } from '@flynotes/carestream-server';
import { canonicalVersions, compareVersions } from '@flynotes/carestream-server/api';
import type { LicenceAnswer, LicenceRequest } from '@flynotes/carestream-server/api';
import type { Database } from '../database/index.ts';
import { one } from '../database/index.ts';
import { appendEvent } from '../events/index.ts';
import { problemError } from '../http/index.ts';
import { recomputeDigests } from '../passes/index.ts';
import type { Practice, Practices } from '../practices/index.ts';
import { credentialDurationS } from '../queue/index.ts';
import type { QueueProvider } from '../queue/index.ts';
import { dictatedVersion, findRelease, findRollout } from '../releases/index.ts';
import type { DirectiveSigner } from './signing.ts';

/** What licence answers say for every practice. */
export interface LicenceSettings {
  /** The version that practices run unless pinned. */
  readonly version: string;
  /** Below it no agent is spoken to. */
  readonly agentVersionLeast: string;
  readonly rollbar: LicenceAnswer['rollbar'];
  readonly registry: LicenceAnswer['registry'];
  readonly directiveValidMs: number;
  readonly credentialDurationS?: number;
}

/** Answers `POST /v1/licence`. */
export function createLicences(
  deps: { database: Database; practices: Practices; queues: QueueProvider | null; signer: DirectiveSigner },
  settings: LicenceSettings,
): { open(practice: Practice, request: LicenceRequest, ownUrl: string): Promise<LicenceAnswer> } {
  const { database, practices, queues, signer } = deps;

  const canonicalVersionFor = async (practice: Practice, offered: readonly number[]): Promise<number> => {
    const common = canonicalVersions.filter((version) => offered.includes(version));
    const newest = common.at(-1);
    if (newest === undefined) throw problemError('AGENT_TOO_OLD');
    if (newest !== practice.canonicalVersion) {
      await database.query('update practices set canonical_version = $2 where id = $1', [practice.id, newest]);
      await recomputeDigests(database, { ...practice, canonicalVersion: newest }, { counts: false });
    }
    return newest;
  };

  return {
    async open(practice, request, ownUrl) {
      if (compareVersions(request.version, settings.agentVersionLeast) < 0) throw problemError('AGENT_TOO_OLD');
      const canonicalVersion = await canonicalVersionFor(practice, request.canonicalVersions);
      const queue = await practices.withQueue(practice);
      if (queues === null) throw problemError('QUEUE_MISSING');
      const credentials = await queues.issueCredentials(queue, settings.credentialDurationS ?? credentialDurationS);
      const rollout = await findRollout(database);
      const version = dictatedVersion(practice, rollout, settings.version);
      const release = await findRelease(database, version);
      // Never below the seconds of the clock: a database that was restored from yesterday goes on above what agents have seen since.
      const opened = await database.transaction(async (sql) => {
        await appendEvent(sql, practice.id, { type: 'licence-opened', version: request.version, dictated: version });
        return one(
          sql.query<{ sequence: number; floor: string; attempt: number; highest: number }>(
            `update practices set directive_sequence = greatest(directive_sequence + 1, floor(extract(epoch from now()))::bigint), agent_version = $2, licence_opened_at = now()
             where id = $1
             returning directive_sequence as sequence, floor, attempt,
               (select coalesce(max(read_sequence), 0) from patients where practice_id = $1) as highest`,
            [practice.id, request.version],
          ),
        );
      });
      const { url, region, endpoint } = queue;
      return {
        practice: { id: practice.id, name: practice.name, timeZone: practice.timeZone } as LicenceAnswer['practice'],
        queue: { url, region, ...(endpoint === undefined ? {} : { endpoint }), credentials },
        rollbar: settings.rollbar,
        registry: settings.registry,
        digest: { key: practice.digestKey, canonicalVersion },
        highestReadSequence: opened.highest,
        serverVersion: installedVersion,
        schemaOverrides: practice.schemaOverrides,
        features: practice.features,
        directive: signer.sign({
          practice: practice.id as LicenceAnswer['practice']['id'],
          nonce: request.nonce,
          sequence: opened.sequence,
          version,
          ...(release === null ? {} : { releaseSha512: release.tarballSha512 }),
          attempt: opened.attempt,
          floor: compareVersions(opened.floor, rollout.floor) > 0 ? opened.floor : rollout.floor,
          expiresAt: new Date(Date.now() + settings.directiveValidMs).toISOString(),
        }),
        releaseManifest: release?.manifest ?? null,
        ...(release?.hasTarball === true
          ? { releaseUrl: new URL(`/v1/releases/${release.tarballSha512}/tarball`, ownUrl).href }
          : {}),
      };
    },
  };
}
