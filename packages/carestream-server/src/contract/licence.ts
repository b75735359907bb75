import * as z from 'zod';
import { instantSchema, practiceIdSchema, versionSchema } from './identifiers.ts';
import { levelSchema } from './problem.ts';
import { signedEnvelopeSchema } from './release.ts';

/** What the agent tells of itself when it asks about its licence. */
export const licenceRequestSchema = z.object({
  /** At least 16 characters of randomness, fresh for each request. */
  nonce: z.string().min(16).max(128),
  version: versionSchema,
  hostVersion: versionSchema.nullable(),
  platform: z.string().min(1).max(100),
  canonicalVersions: z.array(z.int().min(1)).min(1).max(20),
  stateSchema: z.int().min(1),
});
/** @see {@link licenceRequestSchema} */
export type LicenceRequest = z.infer<typeof licenceRequestSchema>;

/** Temporary credentials for one queue, as AWS STS gives them. */
export const queueCredentialsSchema = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1),
  expiresAt: instantSchema,
});
/** @see {@link queueCredentialsSchema} */
export type QueueCredentials = z.infer<typeof queueCredentialsSchema>;

/** Everything that an agent needs to work: practice, queue, reports, digest key, and the version to run. */
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
  /** The version whose rules the server judges records by. What it refused under another one is sent once more. */
  serverVersion: versionSchema.optional(),
  /** Replaces parts of the schema map: entity → field → candidate columns. */
  schemaOverrides: z.record(z.string(), z.unknown()),
  features: z.record(z.string(), z.boolean()),
  directive: signedEnvelopeSchema,
  releaseManifest: signedEnvelopeSchema.nullable(),
  /** Where the dictated release's tarball lies, beside or instead of the registry; the licence key goes there where it is Flynotes. */
  releaseUrl: z.url({ protocol: /^https?$/ }).optional(),
});
/** @see {@link licenceAnswerSchema} */
export type LicenceAnswer = z.infer<typeof licenceAnswerSchema>;
