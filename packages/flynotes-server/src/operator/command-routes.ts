import { messageSchema } from '@flynotes/carestream-server/messages';
import type { MessageInput } from '@flynotes/carestream-server/messages';
import * as z from 'zod';
import { sendMessage } from '../commands/index.ts';
import type { App } from '../http/app.ts';
import { problemError } from '../http/index.ts';
import { commandViews } from './command-views.ts';
import { deadLetterShape } from './dead-letter-shape.ts';
import { describe, listQuery, practiceParams } from './operator-route.ts';
import type { OperatorDeps } from './operator-route.ts';
import * as schemas from './operator-schemas.ts';
import { patientSyncTimes, patientSyncTimesQuery, patientSyncTimesSchema } from './patient-sync-times.ts';

/** Messages, their results, heartbeats and dead letters. */
export function addCommandRoutes(operator: App, deps: OperatorDeps): void {
  const { database, practices, queues } = deps;
  operator.post(
    '/practices/:practiceId/messages',
    {
      schema: {
        ...describe('Send a message to a practice', z.object({ messageId: z.string(), requestedAt: z.string() })),
        params: practiceParams,
        body: schemas.sendMessageSchema,
      },
    },
    async ({ params, body }) => {
      const practice = await practices.get(params.practiceId);
      const whole = { requestedAt: new Date().toISOString(), schemaVersion: 1, ...body };
      const parsed = messageSchema.safeParse(whole);
      if (!parsed.success) {
        const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))];
        throw problemError('REQUEST_INVALID', { detail: 'The message does not fit the contract.', fields });
      }
      return sendMessage(deps, practice, parsed.data as MessageInput);
    },
  );
  operator.get(
    '/practices/:practiceId/command-results',
    {
      schema: {
        ...describe('What was sent and how it ended', z.object({ commands: z.array(schemas.sentCommandSchema) })),
        params: practiceParams,
        querystring: listQuery,
      },
    },
    async ({ params, query }) => {
      const { id } = await practices.get(params.practiceId);
      return {
        commands: (await commandViews(database, id, query.limit)) as z.infer<typeof schemas.sentCommandSchema>[],
      };
    },
  );
  operator.get(
    '/practices/:practiceId/patient-sync-times',
    {
      schema: {
        ...describe('How long patient-syncs took: p50, p95 and p99 of each leg', patientSyncTimesSchema),
        params: practiceParams,
        querystring: patientSyncTimesQuery,
      },
    },
    async ({ params, query }) => {
      const { id } = await practices.get(params.practiceId);
      return patientSyncTimes(database, id, query.hours);
    },
  );
  operator.get(
    '/practices/:practiceId/heartbeats',
    {
      schema: {
        ...describe('Heartbeats, newest first', z.object({ heartbeats: z.array(schemas.heartbeatViewSchema) })),
        params: practiceParams,
        querystring: listQuery,
      },
    },
    async ({ params, query }) => {
      const { id } = await practices.get(params.practiceId);
      return {
        heartbeats: await database.query<z.infer<typeof schemas.heartbeatViewSchema>>(
          'select received_at as "receivedAt", heartbeat from heartbeats where practice_id = $1 order by id desc limit $2::int',
          [id, query.limit],
        ),
      };
    },
  );
  operator.get(
    '/practices/:practiceId/dead-letters',
    {
      schema: {
        ...describe(
          'Messages that nobody could handle: how many, and the shape of the first ones',
          z.object({ count: z.int(), letters: z.array(schemas.deadLetterSchema) }),
        ),
        params: practiceParams,
      },
    },
    async ({ params }) => {
      const practice = await practices.get(params.practiceId);
      if (queues === null || practice.queue === null) return { count: 0, letters: [] };
      const { count, letters } = await queues.deadLetters(practice.queue);
      return { count, letters: letters.map(deadLetterShape) };
    },
  );
}
