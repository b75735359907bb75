import { opaqueIdSchema, problemSchema } from '@flynotes/carestream-server/api';
import { messageSchema } from '@flynotes/carestream-server/messages';
import type { MessageInput } from '@flynotes/carestream-server/messages';
import * as z from 'zod';
import { sendMessage } from '../commands/index.ts';
import type { Database } from '../database/index.ts';
import { parseCursor, streamEvents } from '../events/index.ts';
import type { EventSignal } from '../events/index.ts';
import type { App } from '../http/app.ts';
import { operatorTokenHook } from '../http/authenticate.ts';
import { problemError } from '../http/index.ts';
import { refuseUnstorableText } from '../http/json-body.ts';
import { compareVersions } from '../licences/index.ts';
import { recomputeDigests } from '../passes/index.ts';
import type { Practices } from '../practices/index.ts';
import type { QueueProvider } from '../queue/index.ts';
import { commandViews, legFigures } from './command-views.ts';
import { deadLetterShape } from './dead-letter-shape.ts';
import * as schemas from './operator-schemas.ts';
import { findPatients, patientView } from './patient-views.ts';
import { passRefusals, passViews } from './pass-views.ts';
import { practiceViews } from './practice-views.ts';

/** What the operator's routes need. */
export interface OperatorDeps {
  readonly database: Database;
  readonly practices: Practices;
  readonly queues: QueueProvider | null;
  readonly eventSignal: EventSignal;
  /** The version that this server dictates by default. */
  readonly version: string;
  readonly stopped: AbortSignal;
}

const practiceParams = z.object({ practiceId: z.string().max(64) });
const listQuery = z.object({ limit: z.coerce.number().int().min(1).max(500).default(50) });
const tags = ['operator'];
const security = [{ operatorToken: [] }];
const describe = <Schema extends z.ZodType>(summary: string, answer: Schema) => ({
  summary,
  tags,
  security,
  response: { 200: answer, '4xx': problemSchema, '5xx': problemSchema },
});

/** What operators and their console call, under `/v1/operator`. */
export function addOperatorApi(app: App, deps: OperatorDeps, token: string): void {
  void app.register(
    async (instance) => {
      const operator = instance as App;
      operator.addHook('onRequest', operatorTokenHook(token));
      operator.addHook('preHandler', async ({ body, query }) => {
        refuseUnstorableText(body);
        refuseUnstorableText(query);
      });
      addPractices(operator, deps);
      addRecords(operator, deps);
      addCommands(operator, deps);
      addEvents(operator, deps);
    },
    { prefix: '/v1/operator' },
  );
}

function addPractices(operator: App, { database, practices, version }: OperatorDeps): void {
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
      const { floor } = await practices.get(params.practiceId);
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

function addRecords(operator: App, { database, practices }: OperatorDeps): void {
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
    async ({ params, query }) => ({ refusals: await passRefusals(database, params, query.limit) }),
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

function addCommands(operator: App, deps: OperatorDeps): void {
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
        ...describe(
          'What was sent and how it ended, with percentiles of patient-sync’s legs',
          z.object({ commands: z.array(schemas.sentCommandSchema), legs: schemas.legFiguresSchema }),
        ),
        params: practiceParams,
        querystring: listQuery,
      },
    },
    async ({ params, query }) => {
      const { id } = await practices.get(params.practiceId);
      return {
        commands: (await commandViews(database, id, query.limit)) as z.infer<typeof schemas.sentCommandSchema>[],
        legs: (await legFigures(database, id, 'patient-sync')) as z.infer<typeof schemas.legFiguresSchema>,
      };
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
    async ({ params, query }) => ({
      heartbeats: await database.query<z.infer<typeof schemas.heartbeatViewSchema>>(
        'select received_at as "receivedAt", heartbeat from heartbeats where practice_id = $1 order by id desc limit $2::int',
        [params.practiceId, query.limit],
      ),
    }),
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

function addEvents(operator: App, { database, eventSignal, practices, stopped }: OperatorDeps): void {
  operator.get(
    '/events',
    {
      config: { tokenInQuery: true },
      schema: {
        summary: 'What happens, as server-sent events; goes on after `Last-Event-ID`',
        tags,
        security,
        querystring: z.object({
          practice: z.string().max(64).optional(),
          token: z.string().max(200).optional(),
          after: z.string().max(60).optional(),
        }),
      },
    },
    async (request, reply) => {
      const { practice, after } = request.query;
      if (practice !== undefined) await practices.get(practice);
      const last = request.headers['last-event-id'] ?? after;
      reply.hijack();
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        connection: 'close',
        'x-accel-buffering': 'no',
      });
      const place = typeof last === 'string' ? parseCursor(last) : null;
      await streamEvents(
        { database, signal: eventSignal },
        { practiceId: practice ?? null, after: place },
        reply.raw,
        stopped,
      )
        // The database is away: the reader comes again by itself and goes on where it was.
        .catch(() => reply.raw.destroy());
    },
  );
}
