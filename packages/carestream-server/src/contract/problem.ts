import * as z from 'zod';
import { errorCodeSchema } from './identifiers.ts';

const milliseconds = z.number().min(0);

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
