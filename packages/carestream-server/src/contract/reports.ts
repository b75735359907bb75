import * as z from 'zod';
import { hostRoleSchema, releaseFolderSchema } from './host.ts';
import {
  errorCodeSchema,
  instantSchema,
  opaqueIdSchema,
  patientCodeSchema,
  sha512HexSchema,
  versionSchema,
} from './identifiers.ts';
import { passReasonSchema } from './bulk-pass.ts';

const milliseconds = z.number().min(0);
const count = z.int().min(0);

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
/** @see {@link legsSchema} */
export type Legs = z.infer<typeof legsSchema>;

/** How a message of the queue ended. */
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
/** @see {@link commandResultSchema} */
export type CommandResult = z.infer<typeof commandResultSchema>;

/** The figures of one bulk pass. Times in milliseconds; `refused…` and `rules` count by name. */
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
  /** True where it went on after an earlier process, or an earlier try, and did not read what that one had finished. */
  resumed: z.boolean().optional(),
  /** Rounds of healing that were needed until both sides were equal. */
  rounds: count.optional(),
  /** Patients and removals told in those rounds, */
  retold: count.optional(),
  /** and how many of them Flynotes had held otherwise. */
  healed: count.optional(),
  /** Patients whom Flynotes was proved to hold while the agent did not know it: its ledger was lost, or the digests’ key is new. */
  adopted: count.optional(),
});
/** @see {@link passFiguresSchema} */
export type PassFigures = z.infer<typeof passFiguresSchema>;

/** How an agent is doing, sent each minute. Holds nothing of a patient. */
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
    /** The folder of the release that runs, and what the host takes it for. */
    running: releaseFolderSchema.optional(),
    role: hostRoleSchema.optional(),
    /** Where another release is on trial, or is kept to go back to. */
    candidate: releaseFolderSchema.nullable().optional(),
    previous: releaseFolderSchema.nullable().optional(),
    /** Releases that the host undid, newest last, each with the reason. */
    quarantined: z
      .array(z.object({ releaseSha512: sha512HexSchema, attempt: z.int().min(1), reason: z.string().max(200) }))
      .max(20)
      .optional(),
  }),
});
/** @see {@link heartbeatSchema} */
export type Heartbeat = z.infer<typeof heartbeatSchema>;
