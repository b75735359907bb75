import * as z from 'zod';
import { patientCodeSchema } from './identifiers.ts';

/** Text that every part of the way can hold: well-formed Unicode without NUL (PostgreSQL cannot store U+0000), and not blank. */
export const textSchema = (maxCharacters: number) =>
  z
    .string()
    .min(1)
    .max(maxCharacters)
    .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'must be well-formed Unicode without NUL');

/** A date without time: `1980-02-29`. */
export const dateSchema = z.iso.date();

/** What is doubtful about a record. A mark never holds a value. Unknown marks are kept: the agent may be newer. */
export const markSchema = z.string().regex(/^[a-z][a-z0-9-]{1,47}$/);

/** A telephone number exactly as it was typed into R4, words included. */
export const phoneSchema = z.object({
  kind: z.enum(['mobile', 'home', 'work', 'other']),
  number: textSchema(100),
});

/**
 * A patient's basic details. Empty fields are left out. What could not be read with certainty is passed on as text
 * (`dateOfBirthText`, `sexText`) and marked.
 */
export const basicRecordSchema = z
  .object({
    patientCode: patientCodeSchema,
    title: textSchema(100).optional(),
    forename: textSchema(200).optional(),
    surname: textSchema(200).optional(),
    knownAs: textSchema(200).optional(),
    sex: z.enum(['male', 'female', 'other']).optional(),
    sexText: textSchema(50).optional(),
    dateOfBirth: dateSchema.optional(),
    dateOfBirthText: textSchema(50).optional(),
    /** Digits only where they could be read so; a failed check digit is marked `nhs-number-check-failed`. */
    nhsNumber: textSchema(50).optional(),
    emails: z.array(textSchema(320)).max(10).optional(),
    phones: z.array(phoneSchema).max(10).optional(),
    /** In order, gaps closed. */
    addressLines: z.array(textSchema(300)).max(10).optional(),
    postcode: textSchema(50).optional(),
    archived: z.boolean().optional(),
    deceased: z.boolean().optional(),
    /** Sorted, each once. */
    marks: z.array(markSchema).max(30).optional(),
  })
  .refine((record) => record.surname !== undefined || record.forename !== undefined, {
    message: 'a patient needs a forename or a surname',
    path: ['surname'],
    params: { refusal: 'NAME_MISSING' },
  });
/** @see {@link basicRecordSchema} */
export type BasicRecord = z.infer<typeof basicRecordSchema>;

/**
 * A time that R4 holds as the practice's wall clock showed it. `zoned` is absent where the wall time names no instant
 * (`impossible`, in the gap of spring); where it names two (`ambiguous`, autumn) it holds the earlier one.
 */
export const localTimeSchema = z.object({
  local: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,7})?$/),
  zoned: z.iso.datetime({ offset: true }).optional(),
  mark: z.enum(['ambiguous', 'impossible']).optional(),
});
/** @see {@link localTimeSchema} */
export type LocalTime = z.infer<typeof localTimeSchema>;

/** One question of a completed questionnaire with what was answered: a preset answer, the patient's own words, or both. */
export const givenAnswerSchema = z.object({
  question: textSchema(4000),
  preset: textSchema(4000).optional(),
  ownWords: textSchema(100_000).optional(),
});

/** One questionnaire as a patient completed it. */
export const completedQuestionnaireSchema = z.object({
  completedAt: localTimeSchema.optional(),
  name: textSchema(400).optional(),
  answers: z.array(givenAnswerSchema).max(2000),
  notes: textSchema(1_000_000).optional(),
});

/** A warning that the practice keeps on a patient: an allergy, a pacemaker. */
export const medicalAlertSchema = z.object({
  text: textSchema(10_000),
  recordedAt: localTimeSchema.optional(),
});

/** Everything of one patient: basic details and medical history. Questionnaires are ordered by time, oldest first. */
export const fullRecordSchema = z.object({
  basics: basicRecordSchema,
  medicalAlerts: z.array(medicalAlertSchema).max(1000),
  questionnaires: z.array(completedQuestionnaireSchema).max(2000),
  /** Parts that this practice's R4 does not hold (`medical-alerts`, `given-answers`), so that an empty list is not taken for "none". */
  unavailable: z.array(markSchema).max(20).optional(),
  /** What is doubtful about the history: a text or list that was cut, an alert that nobody can read. Sorted, each once. */
  marks: z.array(markSchema).max(30).optional(),
});
/** @see {@link fullRecordSchema} */
export type FullRecord = z.infer<typeof fullRecordSchema>;
