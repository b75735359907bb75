import * as z from 'zod';

/** R4's own number of a patient: a positive 32-bit integer, such as `1000123`. */
export const patientCodeSchema = z.int().min(1).max(2_147_483_647).brand<'PatientCode'>();
/** @see {@link patientCodeSchema} */
export type PatientCode = z.infer<typeof patientCodeSchema>;

/** Flynotes' identifier of a practice: lower-case letters, digits and hyphens. */
export const practiceIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .brand<'PracticeId'>();
/** @see {@link practiceIdSchema} */
export type PracticeId = z.infer<typeof practiceIdSchema>;

/** An instant: RFC 3339 with `Z` or an offset. */
export const instantSchema = z.iso.datetime({ offset: true });

/** An exact released version, as semver.org 2.0.0 writes it: `1.4.0`, `1.4.0-beta.2`. */
export const versionSchema = z
  .string()
  .max(64)
  .regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}(?:-[0-9A-Za-z.-]{1,40})?$/);

/** A SHA-512 in lower-case hexadecimal. */
export const sha512HexSchema = z.string().regex(/^[0-9a-f]{128}$/);

/** A 16-byte digest in lower-case hexadecimal. */
export const digestHexSchema = z.string().regex(/^[0-9a-f]{32}$/);

/** An error code: `PRACTICE_LOGIN_FAILED`. */
export const errorCodeSchema = z.string().regex(/^[A-Z][A-Z0-9_]{2,63}$/);

/**
 * A number that the agent raises for each read of R4 and never repeats. The server keeps the record with the highest one,
 * so a page that was read before a single patient's record but arrives after it changes nothing.
 */
export const readSequenceSchema = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** An identifier that a server made; opaque. */
export const opaqueIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
