import { z } from 'zod';
import type { Fault } from './tds/index.ts';

const scope = {
  times: z.int().positive().optional(),
  /** A pattern for statement texts; case does not matter. */
  matching: z
    .string()
    .transform((pattern, context) => {
      try {
        return new RegExp(pattern, 'i');
      } catch {
        context.addIssue({ code: 'custom', message: 'is no regular expression' });
        return z.NEVER;
      }
    })
    .optional(),
};
const at = z.enum(['connect', 'statement']).optional();
const count = z.int().nonnegative();

/** A fault as JSON tells it, on the command line or to the running process. */
const faultMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('refuse'), ...scope }),
  z.strictObject({ kind: z.literal('black-hole'), at, ...scope }),
  z.strictObject({ kind: z.literal('delay'), delayMs: count, at, ...scope }),
  z.strictObject({ kind: z.literal('cut'), afterRows: count.optional(), afterBytes: count.optional(), ...scope }),
  z.strictObject({ kind: z.literal('deadlock'), afterRows: count.optional(), ...scope }),
  z.strictObject({ kind: z.literal('lock-timeout'), afterRows: count.optional(), ...scope }),
  z.strictObject({
    kind: z.literal('data-moved'),
    number: z.union([z.literal(601), z.literal(605)]),
    afterRows: count.optional(),
    ...scope,
  }),
  z.strictObject({ kind: z.literal('login-failure'), number: z.int().positive(), ...scope }),
]);

/** Reads a fault out of JSON. @returns the fault, or what is wrong with it in words */
export const readFault = (value: unknown): { readonly fault: Fault } | { readonly wrong: string } => {
  const result = faultMessage.safeParse(value);
  if (!result.success) {
    const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'fault'}: ${issue.message}`);
    return { wrong: issues.join('; ') };
  }
  // Absent and undefined are the same to zod, not to the type.
  return {
    fault: Object.fromEntries(
      Object.entries(result.data).filter(([, field]) => field !== undefined),
    ) as unknown as Fault,
  };
};
