import * as z from 'zod';
import { instantSchema, practiceIdSchema, sha512HexSchema, versionSchema } from './identifiers.ts';
import { faultOfReleasePaths } from './release-path.ts';

/** The name of the only package that is ever run. */
export const releasePackageName = '@flynotes/carestream-server';

/** What is put before the exact bytes when signing, so that a signature for one purpose never serves another. */
export const signatureContexts = {
  releaseManifest: 'carestream-server release manifest v1\n',
  directive: 'carestream-server directive v1\n',
} as const;

/** Signed bytes as they travel: the signature covers the context prefix and exactly these bytes (ed25519, RFC 8032). */
export const signedEnvelopeSchema = z.object({
  /** The signed JSON, base64. */
  payload: z.base64().max(400_000),
  /** 64 bytes, base64. */
  signature: z.base64().max(100),
  /** First 16 hexadecimal characters of SHA-256 of the public key's SPKI bytes. */
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
});
/** @see {@link signedEnvelopeSchema} */
export type SignedEnvelope = z.infer<typeof signedEnvelopeSchema>;

/** What one release is; signed offline. */
export const releaseManifestSchema = z.object({
  name: z.literal(releasePackageName),
  version: versionSchema,
  tarball: z.object({
    sha512: sha512HexSchema,
    sizeBytes: z.int().min(1).max(200_000_000),
    /** What its files take together once unpacked. */
    unpackedBytes: z.int().min(1).max(400_000_000).optional(),
  }),
  /** Path inside the package → SHA-512. */
  files: z
    .record(z.string(), sha512HexSchema)
    .refine((files) => faultOfReleasePaths(Object.keys(files)) === null, 'must be paths that every system has alike'),
  /** The Node.js versions it runs on, as a minimum: `24.0.0`. */
  node: versionSchema,
  hostMin: versionSchema,
  /** The schema number of `agent.db` that it writes. */
  stateSchema: z.int().min(1),
});
/** @see {@link releaseManifestSchema} */
export type ReleaseManifest = z.infer<typeof releaseManifestSchema>;

/** Which version a practice is to run; signed online, in each licence answer. */
export const directiveSchema = z.object({
  practice: practiceIdSchema,
  /** Echo of the request's nonce: an old answer cannot be played again. */
  nonce: z.string().min(16).max(128),
  /** Only grows; a downgrade is legal with a newer one. */
  sequence: z.int().min(1),
  version: versionSchema,
  /** Absent where Flynotes holds no manifest of that version: then nothing can be installed. */
  releaseSha512: sha512HexSchema.optional(),
  /** Raised to have a quarantined release tried once more. */
  attempt: z.int().min(1),
  /** No version below this one is ever installed. */
  floor: versionSchema,
  expiresAt: instantSchema,
});
/** @see {@link directiveSchema} */
export type Directive = z.infer<typeof directiveSchema>;
