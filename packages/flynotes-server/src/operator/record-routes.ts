import { opaqueIdSchema } from '@flynotes/carestream-server/api';
import * as z from 'zod';
import type { App } from '../http/app.ts';
import { problemError } from '../http/index.ts';
import { recomputeDigests } from '../passes/index.ts';
import { describe, listQuery, practiceParams } from './operator-route.ts';
import type { OperatorDeps } from './operator-route.ts';
import * as schemas from './operator-schemas.ts';
import { passRefusals, passViews } from './pass-views.ts';
import { findPatients, latestArrivals, patientView } from './patient-views.ts';

/** Patients and passes. */
export function addRecordRoutes(operator: App, { database, practices }: OperatorDeps): void {
  operator.get(
    '/practices/:practiceId/patients',
    {
      schema: {
        ...describe(
          'Patients by number or parts of the name',
          z.object({ patients: z.array(schemas.foundPatientSchema) }),
        ),
        params: practiceParams,
        querystring: listQuery.extend({
          search: z.string().max(100).default(''),
          after: z.coerce.number().int().min(0).max(2_147_483_647).default(0),
        }),
      },
    },
    async ({ params, query }) => {
      const { id } = await practices.get(params.practiceId);
      return { patients: (await findPatients(database, id, query)) as z.infer<typeof schemas.foundPatientSchema>[] };
    },
  );
  operator.get(
    '/practices/:practiceId/arrivals',
    {
      schema: {
        ...describe(
          'Patients who arrived, changed or left lately, newest first; what follows is told by the events',
          z.object({ arrivals: z.array(schemas.arrivalSchema) }),
        ),
        params: practiceParams,
        querystring: listQuery,
      },
    },
    async ({ params, query }) => {
      const { id } = await practices.get(params.practiceId);
      return { arrivals: await latestArrivals(database, id, query.limit) };
    },
  );
  operator.get(
    '/practices/:practiceId/patients/:patientCode',
    {
      schema: {
        ...describe('One patient as it is held', schemas.patientViewSchema),
        params: practiceParams.extend({ patientCode: z.string().regex(/^[1-9]\d{0,9}$/) }),
      },
    },
    async ({ params }) => {
      const patientCode = Number(params.patientCode);
      const found = patientCode > 2_147_483_647 ? null : await patientView(database, params.practiceId, patientCode);
      if (found === null) throw problemError('NOT_FOUND', { detail: 'This patient has not come from the practice.' });
      return found;
    },
  );
  operator.get(
    '/practices/:practiceId/passes',
    {
      schema: {
        ...describe('Bulk passes, newest first', z.object({ passes: z.array(schemas.passViewSchema) })),
        params: practiceParams,
        querystring: listQuery,
      },
    },
    async ({ params, query }) => {
      const { id } = await practices.get(params.practiceId);
      return { passes: (await passViews(database, id, query.limit)) as z.infer<typeof schemas.passViewSchema>[] };
    },
  );
  operator.get(
    '/practices/:practiceId/passes/:passId/refusals',
    {
      schema: {
        ...describe('What a pass had refused', z.object({ refusals: z.array(schemas.passRefusalSchema) })),
        params: practiceParams.extend({ passId: opaqueIdSchema }),
        querystring: listQuery,
      },
    },
    async ({ params, query }) => {
      await practices.get(params.practiceId);
      return { refusals: await passRefusals(database, params, query.limit) };
    },
  );
  operator.post(
    '/practices/:practiceId/digest-check',
    {
      schema: {
        ...describe('Compute the digest of every row anew', schemas.digestCheckSchema),
        params: practiceParams,
      },
    },
    async ({ params }) => recomputeDigests(database, await practices.get(params.practiceId)),
  );
}
