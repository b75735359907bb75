import { pinnedKeySchema, sha512HexSchema, signedEnvelopeSchema } from '@flynotes/carestream-server/api';
import * as z from 'zod';
import type { App } from '../http/app.ts';
import { problemError } from '../http/index.ts';
import { manifestOf, rolloutView, rolloutViewSchema } from '../releases/index.ts';
import type { Release } from '../releases/index.ts';
import { describe, practiceParams } from './operator-route.ts';
import type { OperatorDeps } from './operator-route.ts';
import { versionSchema } from './operator-schemas.ts';
import { practiceViewSchema } from './operator-schemas.ts';
import { practiceViews } from './practice-views.ts';

const envelopeBytesMost = 1_000_000;
const tarballBytesMost = 200_000_000;

const releaseViewSchema = z.object({
  version: z.string(),
  sha512: sha512HexSchema,
  sizeBytes: z.int(),
  files: z.int(),
  node: z.string(),
  hostMin: z.string(),
  stateSchema: z.int(),
  /** The key that signed it. */
  keyId: z.string(),
  hasTarball: z.boolean(),
  addedAt: z.string(),
});
const rolloutSettingsSchema = z.object({ canaryVersion: z.string().nullable(), floor: z.string() });

/** Releases, and which practice is to run which. */
export function addReleaseRoutes(operator: App, deps: OperatorDeps): void {
  const { database, practices, releases, version } = deps;
  operator.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: tarballBytesMost },
    (_request, body, done) => done(null, body),
  );
  operator.get(
    '/releases',
    { schema: describe('Releases that were added, newest first', z.object({ releases: z.array(releaseViewSchema) })) },
    async () => ({ releases: (await releases.list()).flatMap((each) => viewOf(each) ?? []) }),
  );
  operator.post(
    '/releases',
    {
      bodyLimit: envelopeBytesMost,
      schema: { ...describe('Add a release by its signed manifest', releaseViewSchema), body: signedEnvelopeSchema },
    },
    async ({ body }) => must(await releases.add(body)),
  );
  operator.put(
    '/releases/:version/tarball',
    {
      bodyLimit: tarballBytesMost,
      schema: {
        ...describe('Keep the tarball of a release, for agents to fetch it here', releaseViewSchema),
        params: z.object({ version: versionSchema }),
      },
    },
    async ({ params, body }) => {
      if (!Buffer.isBuffer(body)) {
        throw problemError('REQUEST_INVALID', { detail: 'Send the bytes as application/octet-stream.' });
      }
      return must(await releases.addTarball(params.version, body));
    },
  );
  operator.get(
    '/signing-key',
    {
      schema: describe('The public key that directives are verified with, for the keys.json of hosts', pinnedKeySchema),
    },
    async () => deps.signingKey,
  );
  operator.get('/rollout', { schema: describe('What runs where, and what was undone', rolloutViewSchema) }, async () =>
    rolloutView(database, version),
  );
  operator.put(
    '/rollout/canary-version',
    {
      schema: {
        ...describe('The version that practices on the canary list run; null ends it', rolloutSettingsSchema),
        body: z.object({ version: versionSchema.nullable() }),
      },
    },
    async ({ body }) => releases.setCanaryVersion(body.version),
  );
  operator.put(
    '/rollout/floor',
    {
      schema: {
        ...describe('Raise the floor: no version below it is ever installed', rolloutSettingsSchema),
        body: z.object({ version: versionSchema }),
      },
    },
    async ({ body }) => releases.raiseFloor(body.version),
  );
  const view = async (id: string) => {
    const [found] = await practiceViews(database, version, id);
    if (found === undefined) throw problemError('NOT_FOUND', { detail: 'There is no such practice.' });
    return found;
  };
  operator.put(
    '/practices/:practiceId/canary',
    {
      schema: {
        ...describe('Put a practice on the canary list, or take it off', practiceViewSchema),
        params: practiceParams,
        body: z.object({ canary: z.boolean() }),
      },
    },
    async ({ params, body }) => view((await practices.setCanary(params.practiceId, body.canary)).id),
  );
  operator.post(
    '/practices/:practiceId/update-attempt',
    {
      schema: {
        ...describe('Have a release that was undone tried once more', practiceViewSchema),
        params: practiceParams,
      },
    },
    async ({ params }) => view((await practices.raiseAttempt(params.practiceId)).id),
  );
}

function viewOf(release: Release): z.infer<typeof releaseViewSchema> | null {
  const manifest = manifestOf(release.manifest);
  if (manifest === null) return null;
  return {
    version: release.version,
    sha512: release.tarballSha512,
    sizeBytes: manifest.tarball.sizeBytes,
    files: Object.keys(manifest.files).length,
    node: manifest.node,
    hostMin: manifest.hostMin,
    stateSchema: manifest.stateSchema,
    keyId: release.manifest.keyId,
    hasTarball: release.hasTarball,
    addedAt: release.addedAt,
  };
}

function must(release: Release): z.infer<typeof releaseViewSchema> {
  const view = viewOf(release);
  if (view === null) throw problemError('SERVER_INTERNAL');
  return view;
}
