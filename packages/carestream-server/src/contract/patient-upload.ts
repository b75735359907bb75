import * as z from 'zod';
import { digestHexSchema, readSequenceSchema } from './identifiers.ts';
import { fullRecordSchema } from './patient.ts';

/** One full record. */
export const patientUploadSchema = z.object({
  readSequence: readSequenceSchema,
  /** The queue message that asked. */
  messageId: z.string().max(200).optional(),
  record: fullRecordSchema,
});
/** @see {@link patientUploadSchema} */
export type PatientUpload = z.infer<typeof patientUploadSchema>;
/** What became of a full record; `stale` where newer basics are held: its history is stored all the same, unless that is older too. */
export const patientUploadAnswerSchema = z.object({
  outcome: z.enum(['stored', 'unchanged', 'stale']),
  /** Digest of the basics that the server now holds. */
  digest: digestHexSchema,
});
/** @see {@link patientUploadAnswerSchema} */
export type PatientUploadAnswer = z.infer<typeof patientUploadAnswerSchema>;
