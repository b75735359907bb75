import * as z from 'zod';
import {
  digestHexSchema,
  errorCodeSchema,
  instantSchema,
  opaqueIdSchema,
  patientCodeSchema,
  readSequenceSchema,
} from './identifiers.ts';
import { basicRecordSchema } from './patient.ts';

/** How many patients and removals one batch may hold. */
export const batchPatientsMost = 1_000;
/** How many rounds of healing a pass may take before it fails loudly. */
export const parityRoundsMost = 3;
const milliseconds = z.number().min(0);
const count = z.int().min(0);

/** Why a bulk pass runs: each hour, or because a message asked for it. */
export const passReasonSchema = z.enum(['scheduled', 'requested']);
/** A bulk pass begins. */
export const bulkPassRequestSchema = z.object({ reason: passReasonSchema });
/** The pass that batches belong to: a new one, or the unfinished one of this practice. */
export const bulkPassAnswerSchema = z.object({
  passId: opaqueIdSchema,
  /** True where an unfinished pass goes on. */
  resumed: z.boolean(),
  /** The number that the next batch bears. */
  nextBatch: count,
  expiresAt: instantSchema,
  /**
   * About how many patients Flynotes holds of this practice. An agent that does not know whom it has sent asks for a comparison before
   * it sends anybody, and one that finds most of them gone removes nobody.
   */
  patientsHeld: count.optional(),
  /** True where an operator has confirmed that most of the patients are to be removed. */
  removalsConfirmed: z.boolean().optional(),
  /** Codings of request bodies that this server reads, best first; gzip always works. */
  contentCodings: z.array(z.enum(['zstd', 'gzip'])),
});
/** @see {@link bulkPassAnswerSchema} */
export type BulkPassAnswer = z.infer<typeof bulkPassAnswerSchema>;

/** One patient of a batch, with the number of the read that brought the record. */
export const batchPatientSchema = z.object({ readSequence: readSequenceSchema, basics: basicRecordSchema });
/** @see {@link batchPatientSchema} */
export type BatchPatient = z.infer<typeof batchPatientSchema>;
/** A patient who is no longer in R4. */
export const removalSchema = z.object({ patientCode: patientCodeSchema, readSequence: readSequenceSchema });
/** @see {@link removalSchema} */
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
/** @see {@link batchRequestSchema} */
export type BatchRequest = z.infer<typeof batchRequestSchema>;

/** A batch as the server first reads it: each patient is judged alone, so that one bad row never fails a batch. */
export const batchEnvelopeSchema = z.object({
  n: count,
  round: z.int().min(0).max(parityRoundsMost),
  patients: z.array(z.unknown()).max(batchPatientsMost),
  removals: z.array(z.unknown()).max(batchPatientsMost),
});

/** A row of a batch that Flynotes did not take, and why. */
export const refusalSchema = z.object({
  /** Null where not even the code could be read; then `index` tells. */
  patientCode: z.int().nullable(),
  index: count,
  code: errorCodeSchema,
  /** Names of fields, never values. */
  fields: z.array(z.string()),
});
/** @see {@link refusalSchema} */
export type Refusal = z.infer<typeof refusalSchema>;

/** What became of the rows of a batch; those refused are named one by one. */
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
/** @see {@link batchAnswerSchema} */
export type BatchAnswer = z.infer<typeof batchAnswerSchema>;

/** What the agent holds as acknowledged, to be compared. */
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
      /** Patients who were proved to be held already when the agent did not know it, and did not travel. */
      adopted: count,
      /** Patients and removals that were told in rounds of healing. */
      retold: count,
    })
    .partial()
    .optional(),
});
/** @see {@link completeRequestSchema} */
export type CompleteRequest = z.infer<typeof completeRequestSchema>;

/** Whether both sides hold the same, and otherwise what is to be sent for it. */
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
/** @see {@link completeAnswerSchema} */
export type CompleteAnswer = z.infer<typeof completeAnswerSchema>;
