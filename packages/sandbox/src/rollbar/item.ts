import * as z from 'zod';

/**
 * An item as Rollbar's API takes it. Only what is required or limited is judged; the rest is kept as it came.
 * @see https://docs.rollbar.com/reference/create-item
 */

const levelSchema = z.enum(['critical', 'error', 'warning', 'info', 'debug']);

const frameSchema = z.looseObject({
  filename: z.string(),
  lineno: z.int().nullish(),
  colno: z.int().nullish(),
  method: z.string().nullish(),
});
const traceSchema = z.looseObject({
  frames: z.array(frameSchema),
  exception: z.looseObject({ class: z.string().min(1), message: z.string().optional() }),
});
const bodyKinds = ['trace', 'trace_chain', 'message', 'crash_report'] as const;

const bodySchema = z
  .looseObject({
    trace: traceSchema.optional(),
    trace_chain: z.array(traceSchema).min(1).optional(),
    message: z.looseObject({ body: z.string().min(1) }).optional(),
    crash_report: z.looseObject({ raw: z.string().min(1) }).optional(),
  })
  .refine(
    (body) => bodyKinds.filter((kind) => body[kind] !== undefined).length === 1,
    'exactly one of trace, trace_chain, message and crash_report is required',
  );

/** `data` of an item. */
export const itemDataSchema = z.looseObject({
  environment: z.string().min(1).max(255),
  body: bodySchema,
  level: levelSchema.optional(),
  timestamp: z.number().optional(),
  code_version: z.string().max(255).optional(),
  platform: z.string().max(255).optional(),
  language: z.string().max(255).optional(),
  framework: z.string().max(255).optional(),
  context: z.string().max(255).optional(),
  title: z.string().max(255).optional(),
  fingerprint: z.string().optional(),
  uuid: z.string().max(36).optional(),
  person: z.looseObject({ id: z.string().max(40) }).optional(),
  server: z.looseObject({}).optional(),
  custom: z.looseObject({}).optional(),
  notifier: z.looseObject({ name: z.string().optional(), version: z.string().optional() }).optional(),
});
/** @see {@link itemDataSchema} */
export type ItemData = z.infer<typeof itemDataSchema>;

/** What was sent, judged: good, or the status and words of the refusal. */
export type JudgedItem =
  | { readonly outcome: 'item'; readonly data: ItemData }
  | { readonly outcome: 'refused'; readonly status: 400 | 422; readonly message: string };

/** Judges the body of a request. */
export function judgeItem(body: Buffer): JudgedItem {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return { outcome: 'refused', status: 400, message: 'Invalid JSON payload' };
  }
  if (typeof value !== 'object' || value === null || !('data' in value)) {
    return { outcome: 'refused', status: 400, message: 'Missing required parameter: data' };
  }
  const parsed = itemDataSchema.safeParse(value.data);
  if (parsed.success) return { outcome: 'item', data: parsed.data };
  const [issue] = parsed.error.issues;
  const path = ['data', ...(issue?.path ?? [])].map(String).join('.');
  return { outcome: 'refused', status: 422, message: `Invalid format. ${path}: ${issue?.message ?? 'not valid'}` };
}
