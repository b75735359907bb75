import * as z from 'zod';
import { instantSchema, patientCodeSchema } from './identifiers.ts';

/** The schema version that this release writes. */
export const messageSchemaVersion = 1;

const envelope = {
  /** When Flynotes asked. The waiting screen's clock starts here. */
  requestedAt: instantSchema,
  schemaVersion: z.int().min(1),
};

/** Upload one patient's full record with medical history; sent just before the patient's screen opens. */
export const patientSyncSchema = z
  .object({ type: z.literal('patient-sync'), patientCode: patientCodeSchema, ...envelope })
  .meta({
    title: 'patient-sync',
    description:
      'Upload one patient’s full record with medical history; sent just before the patient’s screen opens, so latency is everything.',
  });

/** Upload every patient's basics now, outside the hourly schedule. */
export const bulkUploadPatientsSchema = z.object({ type: z.literal('bulk-upload-patients'), ...envelope }).meta({
  title: 'bulk-upload-patients',
  description: 'A bulk upload now, outside the hourly schedule: a patient has just walked in.',
});

/** Acknowledge, finish what is in flight, exit; the host restarts the agent. */
export const restartSchema = z.object({ type: z.literal('restart'), ...envelope }).meta({
  title: 'restart',
  description: 'Acknowledge, finish what is in flight, and exit; the host starts the agent again.',
});

/** Log a test message to Rollbar. */
export const testSchema = z
  .object({ type: z.literal('test'), ...envelope })
  .meta({ title: 'test', description: 'Log a test message to Rollbar, to see that reports arrive.' });

/** Log every distinct questionnaire question of this practice to Rollbar. */
export const questionnaireQuestionsUploadSchema = z
  .object({ type: z.literal('questionnaire-questions-upload'), ...envelope })
  .meta({
    title: 'questionnaire-questions-upload',
    description: 'Log every distinct questionnaire question of this practice to Rollbar, for mapping by hand.',
  });

/** Log every distinct preset answer to Rollbar; never a patient's own words. */
export const questionnaireAnswersUploadSchema = z
  .object({ type: z.literal('questionnaire-answers-upload'), ...envelope })
  .meta({
    title: 'questionnaire-answers-upload',
    description:
      'Log every distinct preset answer (“Yes”, “True”) of this practice to Rollbar; never a patient’s own words. Refused with QUESTIONNAIRE_PRESETS_UNKNOWN where this practice’s R4 cannot tell the two apart.',
  });

/** Every message that may stand in a practice's queue. */
export const messageSchema = z.discriminatedUnion('type', [
  patientSyncSchema,
  bulkUploadPatientsSchema,
  restartSchema,
  testSchema,
  questionnaireQuestionsUploadSchema,
  questionnaireAnswersUploadSchema,
]);
/** A message of Flynotes to a practice. */
export type Message = z.infer<typeof messageSchema>;
/** The name of a message type. */
export type MessageType = Message['type'];
/** One member of {@link Message}. */
export type MessageOf<Type extends MessageType> = Extract<Message, { type: Type }>;

/** All message types, in the order of the documentation. */
export const messageTypes = messageSchema.options.map((option) => option.shape.type.value) as readonly MessageType[];

/** What a caller gives to {@link serializeMessage}: `requestedAt` and `schemaVersion` may be left to it. */
export type MessageInput =
  | { type: 'patient-sync'; patientCode: number; requestedAt?: string; schemaVersion?: number }
  | { type: Exclude<MessageType, 'patient-sync'>; requestedAt?: string; schemaVersion?: number };

/** What {@link parseMessage} found. `paths` name fields and never hold values. */
export type ParsedMessage =
  | { readonly outcome: 'message'; readonly message: Message }
  /** The sender is newer than this release. */
  | { readonly outcome: 'unknown-type'; readonly type: string }
  | {
      readonly outcome: 'invalid';
      readonly reason: 'not-json' | 'not-an-object' | 'invalid-fields';
      readonly paths: readonly string[];
    };

/** The shape of a type name; anything else in `type` is an invalid body, not a newer sender. */
const typeNamePattern = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/**
 * Reads the body of a queue message. Never throws: a body from outside is data.
 * @param body - the text as it stood in the queue; a leading byte order mark is ignored
 */
export function parseMessage(body: string): ParsedMessage {
  let value: unknown;
  try {
    value = JSON.parse(body.replace(/^\uFEFF/, ''));
  } catch {
    return { outcome: 'invalid', reason: 'not-json', paths: [] };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { outcome: 'invalid', reason: 'not-an-object', paths: [] };
  }
  const type: unknown = Object.hasOwn(value, 'type') ? (value as { type?: unknown }).type : undefined;
  const parsed = messageSchema.safeParse(value);
  if (parsed.success) return { outcome: 'message', message: parsed.data };
  const known = (messageTypes as readonly unknown[]).includes(type);
  if (!known && typeof type === 'string' && type.length <= 64 && typeNamePattern.test(type)) {
    return { outcome: 'unknown-type', type };
  }
  const paths = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'type'))];
  return { outcome: 'invalid', reason: 'invalid-fields', paths };
}

/**
 * Writes a message as it goes into the queue. The time defaults to now.
 * @throws ZodError when the message is not valid
 */
export function serializeMessage(message: MessageInput): string {
  return JSON.stringify(
    messageSchema.parse({ requestedAt: new Date().toISOString(), schemaVersion: messageSchemaVersion, ...message }),
  );
}
