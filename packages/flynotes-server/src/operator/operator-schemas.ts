import {
  basicRecordSchema,
  commandResultSchema,
  fullRecordSchema,
  heartbeatSchema,
  practiceIdSchema,
  versionSchema,
} from '@flynotes/carestream-server/api';
import { messageTypes } from '@flynotes/carestream-server/messages';
import * as z from 'zod';
import { patientChangedSchema } from '../events/index.ts';

const count = z.int().min(0);
const instant = z.string();

/** An IANA time zone that this Node.js knows. */
const timeZoneSchema = z
  .string()
  .max(64)
  .refine((zone) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
    } catch {
      return false;
    }
  }, 'must be an IANA time zone');

export const newPracticeSchema = z.object({
  name: z.string().trim().min(1).max(200),
  timeZone: timeZoneSchema.default('Europe/London'),
  // Names of queues have at most 80 characters: prefix (15), id, `-dead-letters` (13).
  id: practiceIdSchema.refine((id) => id.length <= 50, 'must have at most 50 characters').optional(),
});

export const practiceViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  timeZone: z.string(),
  suspended: z.boolean(),
  /** Null: the version that this server has installed. */
  pinnedVersion: z.string().nullable(),
  canary: z.boolean(),
  /** Raised to have a release that was undone tried once more. */
  attempt: z.int(),
  dictatedVersion: z.string(),
  /** What the agent said when it last opened its licence. */
  agentVersion: z.string().nullable(),
  createdAt: instant,
  licenceOpenedAt: instant.nullable(),
  lastHeartbeatAt: instant.nullable(),
  lastEqualAt: instant.nullable(),
  /** Until then, or until both sides are equal, most patients may be removed; null or past: they are held back. */
  removalsConfirmedUntil: instant.nullable(),
  /** When digests were last computed anew, and how many rows were ever found edited behind the server's back. */
  digestChecks: z.object({ at: instant, mismatches: count, mismatchedAt: instant.nullable() }),
  /** Of one practice: counted now. In the list: as the last finished pass counted. */
  patients: count,
  queueUrl: z.string().nullable(),
  lastPass: z
    .object({
      passId: z.string(),
      status: z.string(),
      code: z.string().nullable(),
      startedAt: instant,
      endedAt: instant.nullable(),
    })
    .nullable(),
});
export type PracticeView = z.infer<typeof practiceViewSchema>;

export const sendMessageSchema = z.object({
  type: z.enum(messageTypes as [string, ...string[]]),
  patientCode: z.int().min(1).max(2_147_483_647).optional(),
  requestedAt: z.iso.datetime({ offset: true }).optional(),
});

export const patientViewSchema = z.object({
  patientCode: z.int(),
  /** `refused`: what R4 holds now cannot be stored; the last good record is shown, and does not count. */
  state: z.enum(['held', 'removed', 'refused']),
  readSequence: count,
  digest: z.string().nullable(),
  changedAt: instant,
  basics: basicRecordSchema.nullable(),
  /** Null until a full record has come. */
  fullRecord: fullRecordSchema.nullable(),
});
export type PatientView = z.infer<typeof patientViewSchema>;

export const foundPatientSchema = z.object({
  patientCode: z.int(),
  state: z.enum(['held', 'removed', 'refused']),
  name: z.string().nullable(),
  dateOfBirth: z.string().nullable(),
  hasFullRecord: z.boolean(),
  changedAt: instant,
});

/** What the event `patient-changed` tells, and when that was. */
export const arrivalSchema = patientChangedSchema.omit({ type: true }).extend({ at: instant });
/** @see {@link arrivalSchema} */
export type Arrival = z.infer<typeof arrivalSchema>;

export const passViewSchema = z.object({
  passId: z.string(),
  reason: z.string(),
  status: z.enum(['running', 'equal', 'failed', 'expired']),
  code: z.string().nullable(),
  startedAt: instant,
  endedAt: instant.nullable(),
  batches: count,
  changed: count,
  unchanged: count,
  stale: count,
  removed: count,
  refused: count,
  rounds: count,
  /** Differing buckets that were asked for, and patients and removals that healing them changed. */
  bucketsAsked: count,
  healed: count,
  /** How many the server held at the end. */
  patients: count.nullable(),
  figures: z.unknown(),
});

export const passRefusalSchema = z.object({
  n: count,
  index: count,
  patientCode: z.number().nullable(),
  code: z.string(),
  fields: z.array(z.string()),
});

export const sentCommandSchema = z.object({
  messageId: z.string(),
  type: z.string(),
  patientCode: z.int().nullable(),
  /** Null for a result whose message this server did not send. */
  sentAt: instant.nullable(),
  receivedAt: instant.nullable(),
  /** Null while there is none. */
  result: commandResultSchema.nullable(),
});

export const heartbeatViewSchema = z.object({ receivedAt: instant, heartbeat: heartbeatSchema });
export const digestCheckSchema = z.object({ checked: count, mismatches: count, patientCodes: z.array(z.int()) });
export const deadLetterSchema = z.object({
  messageId: z.string(),
  sentAt: instant.nullable(),
  receiveCount: count,
  sizeBytes: count,
  /** Never the body itself: what reading it gives, and the type of each of its fields that a message may have. */
  shape: z.object({
    outcome: z.enum(['message', 'unknown-type', 'invalid']),
    reason: z.string().nullable(),
    type: z.string().nullable(),
    fields: z.record(z.string(), z.string()),
  }),
});

export { versionSchema };
