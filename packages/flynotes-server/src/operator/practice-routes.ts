import { compareVersions } from '@flynotes/carestream-server/api';
import * as z from 'zod';
import type { App } from '../http/app.ts';
import { problemError } from '../http/index.ts';
import { describe, practiceParams } from './operator-route.ts';
import type { OperatorDeps } from './operator-route.ts';
import * as schemas from './operator-schemas.ts';
import { practiceViews } from './practice-views.ts';

/** Practices and their licences. */
export function addPracticeRoutes(operator: App, { database, practices, releases, version }: OperatorDeps): void {
  const view = async (id: string) => {
    const [found] = await practiceViews(database, version, id);
    if (found === undefined) throw problemError('NOT_FOUND', { detail: 'There is no such practice.' });
    return found;
  };
  operator.get(
    '/practices',
    {
      schema: describe(
        'All practices with their freshness',
        z.object({ practices: z.array(schemas.practiceViewSchema) }),
      ),
    },
    async () => ({ practices: await practiceViews(database, version, null) }),
  );
  operator.post(
    '/practices',
    {
      schema: {
        ...describe(
          'Create a practice; its licence key is shown here and never again',
          z.object({ practice: schemas.practiceViewSchema, licenceKey: z.string() }),
        ),
        body: schemas.newPracticeSchema,
      },
    },
    async ({ body }) => {
      const { practice, licenceKey } = await practices.create(body);
      return { practice: await view(practice.id), licenceKey };
    },
  );
  operator.get(
    '/practices/:practiceId',
    { schema: { ...describe('One practice', schemas.practiceViewSchema), params: practiceParams } },
    async ({ params }) => view(params.practiceId),
  );
  for (const [action, suspended] of [
    ['suspend', true],
    ['resume', false],
  ] as const) {
    operator.post(
      `/practices/:practiceId/${action}`,
      { schema: { ...describe(`${action} a licence`, schemas.practiceViewSchema), params: practiceParams } },
      async ({ params }) => view((await practices.setSuspended(params.practiceId, suspended)).id),
    );
  }
  operator.post(
    '/practices/:practiceId/confirm-removals',
    {
      schema: {
        ...describe(
          'Let the next passes remove most of the patients: somebody has looked, and they are really gone from R4',
          schemas.practiceViewSchema,
        ),
        params: practiceParams,
      },
    },
    async ({ params }) => view((await practices.confirmRemovals(params.practiceId)).id),
  );
  operator.put(
    '/practices/:practiceId/version',
    {
      schema: {
        ...describe('Pin the version that a practice runs; null unpins', schemas.practiceViewSchema),
        params: practiceParams,
        body: z.object({ version: schemas.versionSchema.nullable() }),
      },
    },
    async ({ params, body }) => {
      const [practice, rollout] = await Promise.all([practices.get(params.practiceId), releases.rollout()]);
      const floor = compareVersions(practice.floor, rollout.floor) > 0 ? practice.floor : rollout.floor;
      if (body.version !== null && compareVersions(body.version, floor) < 0) {
        throw problemError('REQUEST_INVALID', {
          detail: `No version below ${floor} is ever installed.`,
          fields: ['version'],
        });
      }
      return view((await practices.pinVersion(params.practiceId, body.version)).id);
    },
  );
  operator.post(
    '/practices/:practiceId/licence-key',
    {
      schema: {
        ...describe('Replace the licence key; the old one ends at once', z.object({ licenceKey: z.string() })),
        params: practiceParams,
      },
    },
    async ({ params }) => ({ licenceKey: await practices.rotateLicenceKey(params.practiceId) }),
  );
}
