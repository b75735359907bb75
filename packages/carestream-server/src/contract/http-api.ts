import * as z from 'zod';
import {
  digestHexSchema,
  errorCodeSchema,
  instantSchema,
  patientCodeSchema,
  practiceIdSchema,
  readSequenceSchema,
  versionSchema,
} from './identifiers.ts';
import { basicRecordSchema, fullRecordSchema } from './patient.ts';
import { signedEnvelopeSchema } from './release.ts';

/** How many patients and removals one batch may hold. */
export const batchPatientsMost = 1_000;
/** How many rounds of healing a pass may take before it fails loudly. */
export const parityRoundsMost = 3;
/** An identifier that a server made; opaque. */
export const opaqueIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const milliseconds = z.number().min(0);
const count = z.int().min(0);

/** An error as RFC 9457 has it, with a code of the error table. `code` may be one that this release does not know. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string().optional(),
  code: errorCodeSchema,
  /** Names of fields that were wrong; never values. */
  fields: z.array(z.string()).optional(),
  /** How long to wait before the next try. */
  retryAfterMs: milliseconds.optional(),
});
/** @see {@link problemSchema} */
export type Problem = z.infer<typeof problemSchema>;

/** The levels of Rollbar, lowest first. */
export const levelSchema = z.enum(['debug', 'info', 'warning', 'error', 'critical']);
/** @see {@link levelSchema} */
export type Level = z.infer<typeof levelSchema>;

export const licenceRequestSchema = z.object({
  /** At least 16 characters of randomness, fresh for each request. */
  nonce: z.string().min(16).max(128),
  version: versionSchema,
  hostVersion: versionSchema.nullable(),
  platform: z.string().min(1).max(100),
  canonicalVersions: z.array(z.int().min(1)).min(1).max(20),
  stateSchema: z.int().min(1),
});
export type LicenceRequest = z.infer<typeof licenceRequestSchema>;

export const queueCredentialsSchema = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1),
  expiresAt: instantSchema,
});
export type QueueCredentials = z.infer<typeof queueCredentialsSchema>;

export const licenceAnswerSchema = z.object({
  practice: z.object({ id: practiceIdSchema, name: z.string().min(1).max(200), timeZone: z.string().min(1).max(64) }),
  queue: z.object({
    url: z.url(),
    region: z.string().regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/),
    /** Set for emulators alone. */
    endpoint: z.url().optional(),
    credentials: queueCredentialsSchema,
  }),
  rollbar: z
    .object({
      accessToken: z.string().min(1).max(200),
      environment: z.string().min(1).max(100),
      /** The lowest level that is sent. */
      level: levelSchema,
      /** Set for emulators alone. */
      endpoint: z.url().optional(),
    })
    .nullable(),
  registry: z.object({ url: z.url(), token: z.string().min(1) }).nullable(),
  digest: z.object({
    /** 32 bytes, base64. */
    key: z.base64().length(44),
    canonicalVersion: z.int().min(1),
  }),
  /**
   * The highest `readSequence` that Flynotes holds of this practice, 0 for none. An agent that lost its state goes on above
   * it; otherwise all that it sends would be taken for older than what is held.
   */
  highestReadSequence: z.int().min(0).optional(),
  /** Replaces parts of the schema map: entity → field → candidate columns. */
  schemaOverrides: z.record(z.string(), z.unknown()),
  features: z.record(z.string(), z.boolean()),
  directive: signedEnvelopeSchema,
  releaseManifest: signedEnvelopeSchema.nullable(),
});
export type LicenceAnswer = z.infer<typeof licenceAnswerSchema>;

export const passReasonSchema = z.enum(['scheduled', 'requested']);
export const bulkPassRequestSchema = z.object({ reason: passReasonSchema });
export const bulkPassAnswerSchema = z.object({
  passId: opaqueIdSchema,
  /** True where an unfinished pass goes on. */
  resumed: z.boolean(),
  /** The number that the next batch bears. */
  nextBatch: count,
  expiresAt: instantSchema,
  /** Codings of request bodies that this server reads, best first; gzip always works. */
  contentCodings: z.array(z.enum(['zstd', 'gzip'])),
});
export type BulkPassAnswer = z.infer<typeof bulkPassAnswerSchema>;

export const batchPatientSchema = z.object({ readSequence: readSequenceSchema, basics: basicRecordSchema });
export type BatchPatient = z.infer<typeof batchPatientSchema>;
export const removalSchema = z.object({ patientCode: patientCodeSchema, readSequence: readSequenceSchema });
export type Removal = z.infer<typeof removalSchema>;

/** A batch as the agent writes it. */
export const batchRequestSchema = z
  .object({
    n: count,
    /** 0 while the pass first goes through R4; 1 to 3 when differing buckets are sent whole. */
    round: z.int().min(0).max(parityRoundsMost),
    patients: z.array(batchPatientSchema).max(batchPatientsMost),
    removals: z.array(removalSchema).max(batchPatientsMost),
  })
  .refine(
    (batch) => batch.patients.length + batch.removals.length <= batchPatientsMost,
    'too many patients and removals',
  );
export type BatchRequest = z.infer<typeof batchRequestSchema>;

/** A batch as the server first reads it: each patient is judged alone, so that one bad row never fails a batch. */
export const batchEnvelopeSchema = z.object({
  n: count,
  round: z.int().min(0).max(parityRoundsMost),
  patients: z.array(z.unknown()).max(batchPatientsMost),
  removals: z.array(z.unknown()).max(batchPatientsMost),
});

export const refusalSchema = z.object({
  /** Null where not even the code could be read; then `index` tells. */
  patientCode: z.int().nullable(),
  index: count,
  code: errorCodeSchema,
  /** Names of fields, never values. */
  fields: z.array(z.string()),
});
export type Refusal = z.infer<typeof refusalSchema>;

export const batchAnswerSchema = z.object({
  /** Stored because new or different. */
  changed: count,
  /** Held in the same form already. */
  unchanged: count,
  /** Older than what is held. */
  stale: count,
  removed: count,
  refused: z.array(refusalSchema),
});
export type BatchAnswer = z.infer<typeof batchAnswerSchema>;

export const completeRequestSchema = z.object({
  /** How many patients the agent holds as acknowledged; refused ones are outside. */
  patients: count,
  root: digestHexSchema,
  round: z.int().min(0).max(parityRoundsMost),
  /** Sent when asked for: all 256, in order. */
  buckets: z.array(digestHexSchema).length(256).optional(),
  /** The buckets that were just sent whole: what the server holds in them and did not get in this round, it removes. */
  resent: z.array(z.int().min(0).max(255)).max(256).optional(),
  /** Figures for the operator. */
  figures: z
    .object({
      pages: count,
      rows: count,
      refusedByAgent: z.record(z.string(), count),
      rules: z.record(z.string(), count),
      elapsedMs: milliseconds,
    })
    .partial()
    .optional(),
});
export type CompleteRequest = z.infer<typeof completeRequestSchema>;

export const completeAnswerSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('equal'), patients: count, root: digestHexSchema, at: instantSchema }),
  z.object({ outcome: z.literal('send-digests') }),
  z.object({
    outcome: z.literal('send-buckets'),
    buckets: z.array(z.int().min(0).max(255)).min(1).max(256),
    round: z.int().min(1).max(parityRoundsMost),
  }),
  z.object({ outcome: z.literal('failed'), code: errorCodeSchema }),
]);
export type CompleteAnswer = z.infer<typeof completeAnswerSchema>;

export const patientUploadSchema = z.object({
  readSequence: readSequenceSchema,
  /** The queue message that asked. */
  messageId: z.string().max(200).optional(),
  record: fullRecordSchema,
});
export type PatientUpload = z.infer<typeof patientUploadSchema>;
export const patientUploadAnswerSchema = z.object({
  outcome: z.enum(['stored', 'unchanged', 'stale']),
  /** Digest of the basics that the server now holds. */
  digest: digestHexSchema,
});
export type PatientUploadAnswer = z.infer<typeof patientUploadAnswerSchema>;

/** Where the time of a message went, in milliseconds. */
export const legsSchema = z
  .object({
    queuedMs: milliseconds,
    dispatchedMs: milliseconds,
    readMs: milliseconds,
    mappedMs: milliseconds,
    uploadedMs: milliseconds,
  })
  .partial();
export type Legs = z.infer<typeof legsSchema>;

export const commandResultSchema = z.object({
  messageId: z.string().min(1).max(200),
  /** As it stood in the message; `unknown` where the body told none. */
  type: z.string().min(1).max(64),
  outcome: z.enum(['done', 'not-found', 'failed', 'rejected']),
  code: errorCodeSchema.optional(),
  patientCode: patientCodeSchema.optional(),
  requestedAt: instantSchema.optional(),
  at: instantSchema,
  legs: legsSchema,
  /** Counts and identifiers: `patients`, `changed`, `passId`, `items`. */
  figures: z.record(z.string().max(40), z.union([z.number(), opaqueIdSchema])).optional(),
});
export type CommandResult = z.infer<typeof commandResultSchema>;

export const passFiguresSchema = z.object({
  passId: opaqueIdSchema.nullable(),
  reason: passReasonSchema,
  outcome: z.enum(['equal', 'failed', 'running']),
  code: errorCodeSchema.optional(),
  startedAt: instantSchema,
  endedAt: instantSchema.nullable(),
  rows: count,
  pages: count,
  patients: count,
  sent: count,
  changed: count,
  removed: count,
  refusedByAgent: z.record(z.string(), count),
  refusedByServer: z.record(z.string(), count),
  /** How often each named rule for doubtful data applied. */
  rules: z.record(z.string(), count),
  readMs: milliseconds,
  pausedMs: milliseconds,
});
export type PassFigures = z.infer<typeof passFiguresSchema>;

export const heartbeatSchema = z.object({
  at: instantSchema,
  version: versionSchema,
  hostVersion: versionSchema.nullable(),
  startedAt: instantSchema,
  uptimeMs: milliseconds,
  lastEqualAt: instantSchema.nullable(),
  lastPass: passFiguresSchema.nullable(),
  queue: z.object({ lastReceiveAt: instantSchema.nullable(), lagMs: milliseconds.nullable(), inFlight: count }),
  memory: z.object({ rssBytes: count, heapUsedBytes: count }),
  schemaFingerprint: z.string().max(64).nullable(),
  warnings: z.array(errorCodeSchema).max(50),
  update: z.object({
    dictated: versionSchema.nullable(),
    state: z.enum(['current', 'differs', 'staged', 'refused']),
    code: errorCodeSchema.optional(),
  }),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/** Every call of the agent to Flynotes. */
export const agentCalls = {
  licence: { method: 'POST', path: '/v1/licence', request: licenceRequestSchema, answer: licenceAnswerSchema },
  beginPass: { method: 'POST', path: '/v1/bulk-passes', request: bulkPassRequestSchema, answer: bulkPassAnswerSchema },
  sendBatch: {
    method: 'POST',
    path: '/v1/bulk-passes/{passId}/batches',
    request: batchRequestSchema,
    answer: batchAnswerSchema,
  },
  completePass: {
    method: 'POST',
    path: '/v1/bulk-passes/{passId}/complete',
    request: completeRequestSchema,
    answer: completeAnswerSchema,
  },
  putPatient: {
    method: 'PUT',
    path: '/v1/patients/{patientCode}',
    request: patientUploadSchema,
    answer: patientUploadAnswerSchema,
  },
  commandResult: { method: 'POST', path: '/v1/command-results', request: commandResultSchema, answer: z.object({}) },
  heartbeat: { method: 'POST', path: '/v1/heartbeats', request: heartbeatSchema, answer: z.object({}) },
} as const;
