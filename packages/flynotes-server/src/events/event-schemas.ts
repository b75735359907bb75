import {
  batchAnswerSchema,
  commandResultSchema,
  errorCodeSchema,
  heartbeatSchema,
  passReasonSchema,
} from '@flynotes/carestream-server/api';
import * as z from 'zod';

const count = z.int().min(0);

/**
 * What happens to practices, as `GET /v1/operator/events` tells it. Over the wire each event is
 * `id: <cursor>`, `event: <type>`, `data: <JSON of eventSchema>`.
 */
const bodies = {
  'licence-opened': z.object({
    type: z.literal('licence-opened'),
    /** The agent's version. */
    version: z.string(),
    dictated: z.string(),
  }),
  'pass-started': z.object({
    type: z.literal('pass-started'),
    passId: z.string(),
    reason: passReasonSchema,
    resumed: z.boolean(),
  }),
  'batch-accepted': z.object({
    type: z.literal('batch-accepted'),
    passId: z.string(),
    n: count,
    round: count,
    changed: count,
    unchanged: count,
    stale: count,
    removed: count,
    refused: count,
  }),
  'pass-completed': z.object({
    type: z.literal('pass-completed'),
    passId: z.string(),
    outcome: z.enum(['equal', 'failed', 'expired']),
    code: errorCodeSchema.optional(),
    /** How many patients the server holds. */
    patients: count,
    rounds: count,
  }),
  'patient-changed': z.object({
    type: z.literal('patient-changed'),
    patientCode: z.int(),
    /** `full-record`: one patient's record with history arrived. `refused`: what came cannot be stored; the last good one is kept. */
    kind: z.enum(['inserted', 'updated', 'removed', 'refused', 'full-record']),
    /** As the patient is called now; null where nothing is held. */
    name: z.string().nullable(),
  }),
  'command-sent': z.object({
    type: z.literal('command-sent'),
    messageId: z.string(),
    messageType: z.string(),
    patientCode: z.int().optional(),
    requestedAt: z.string(),
  }),
  'command-result': z.object({ type: z.literal('command-result'), result: commandResultSchema }),
  heartbeat: z.object({ type: z.literal('heartbeat'), heartbeat: heartbeatSchema }),
};

/** The body of an event by its type. */
export const eventBodySchema = z.discriminatedUnion('type', [
  bodies['licence-opened'],
  bodies['pass-started'],
  bodies['batch-accepted'],
  bodies['pass-completed'],
  bodies['patient-changed'],
  bodies['command-sent'],
  bodies['command-result'],
  bodies.heartbeat,
]);
/** One patient who came, changed or left. */
export const patientChangedSchema = bodies['patient-changed'];
/** @see {@link eventBodySchema} */
export type EventBody = z.infer<typeof eventBodySchema>;

/** One event as it is sent. */
export const eventSchema = z.object({ practiceId: z.string(), at: z.string(), body: eventBodySchema });
/** @see {@link eventSchema} */
export type ServerEvent = z.infer<typeof eventSchema>;

/** Figures of a batch without its refusals. */
export const batchCountsSchema = batchAnswerSchema.omit({ refused: true });
