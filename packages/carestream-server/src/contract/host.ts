import * as z from 'zod';
import { exitCodes } from './host-names.ts';
import { sha512HexSchema, versionSchema } from './identifiers.ts';
import { signedEnvelopeSchema } from './release.ts';

export * from './host-names.ts';

/** What a host does after an exit: how long it waits before the next start. */
export type RestartRule =
  | { readonly kind: 'at-once' }
  | { readonly kind: 'candidate' }
  | { readonly kind: 'fixed'; readonly delayMs: number }
  | { readonly kind: 'growing'; readonly firstMs: number; readonly mostMs: number };

/** The host's table, as data. Unknown codes are crashes. */
export function restartRuleOf(exitCode: number | null): RestartRule {
  switch (exitCode) {
    case exitCodes.dayEnd:
    case exitCodes.restart:
      return { kind: 'at-once' };
    case exitCodes.staged:
      return { kind: 'candidate' };
    case exitCodes.versionUnavailable:
    case exitCodes.configuration:
      return { kind: 'fixed', delayMs: 300_000 };
    case null:
    default:
      return { kind: 'growing', firstMs: 1_000, mostMs: 300_000 };
  }
}

/** After this long in health, a host forgets earlier crashes. */
export const healthyResetMs = 600_000;

/**
 * With these flags of Node's own, before the agent's file, a host launches it: what lives is some 20 MB, and pages come and go.
 *
 * - The second one says how far they may pile up: with twice as much the process holds 15 MB more, and nothing gets faster.
 * - The third one: one thread helps V8 collect and compile, not four. On two processors four of them took both from everything else,
 *   SQL Server included, for 10 ms at a time, and a pass was no faster for it.
 * - The fourth one keeps V8 from collecting twice more, 8 s after a pass whose memory the agent itself gave back: 80 ms of a processor
 *   for nothing.
 */
export const agentNodeFlags: readonly string[] = [
  '--max-old-space-size=128',
  '--max-semi-space-size=8',
  '--v8-pool-size=1',
  '--no-memory-reducer',
];

/** With these variables, besides {@link hostEnvironment}: glibc otherwise keeps a heap of its own for each thread. Other systems ignore them. */
export const agentNodeEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2' };

/** Where things lie, relative to the folder that is named. */
export const hostFiles = {
  /** In a release: what the host runs. */
  agentEntry: 'agent/agent.mjs',
  /** In a version's folder, beside the release's files: the signed manifest, written last. */
  releaseManifest: 'release.json',
  /** In the data folder: one folder per release. */
  versions: 'versions',
  /** In the data folder: the host's two slots, of which the agent only reads. */
  slots: ['state/slot-0.json', 'state/slot-1.json'],
  /** In the data folder: {@link stagedFileSchema}, written by the agent before it exits with 11. */
  staged: 'state/staged.json',
} as const;

/** A public key that is pinned in the host. */
export const pinnedKeySchema = z.object({
  /** First 16 hexadecimal characters of SHA-256 of the SPKI bytes. */
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  /** ed25519, SPKI as DER, base64. */
  spki: z.base64().max(200),
});
/** `keys.json` beside the host: an active and a spare key for releases, and those that dictate versions. */
export const keysFileSchema = z.object({
  release: z.array(pinnedKeySchema).min(1).max(8),
  directive: z.array(pinnedKeySchema).min(1).max(8),
});
/** @see {@link pinnedKeySchema} */
export type PinnedKey = z.infer<typeof pinnedKeySchema>;
/** @see {@link keysFileSchema} */
export type KeysFile = z.infer<typeof keysFileSchema>;

/** What the agent leaves for the host with a staged version: the directive that asked for it, for the host to verify itself. */
export const stagedFileSchema = z.object({ directive: signedEnvelopeSchema });

/** Whether this process is the proven version or one on trial. */
export const hostRoleSchema = z.enum(['stable', 'candidate']);

/** The file descriptor on which the agent writes {@link hostEventSchema} lines. Without it everything works, unreported. */
export const healthFileDescriptor = 3;

/** How often health is written when nothing changes. */
export const healthEveryMs = 30_000;

/** The longest that a stop may take, from the closing of standard input to the process's end. */
export const stopWithinMs = 25_000;

/** One JSON line from the agent to its host. */
export const hostEventSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('health'),
    checks: z.object({
      database: z.boolean(),
      licence: z.boolean(),
      queue: z.boolean(),
      /** A pass completed, or compared equal. */
      upload: z.boolean(),
    }),
  }),
  z.object({ event: z.literal('staged'), version: versionSchema, releaseSha512: sha512HexSchema }),
]);
/** @see {@link hostEventSchema} */
export type HostEvent = z.infer<typeof hostEventSchema>;
/** The four things that must be true at once before a candidate is kept. */
export type HealthChecks = Extract<HostEvent, { event: 'health' }>['checks'];

/** A folder below `versions/`. */
export const releaseFolderSchema = z.string().regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?-[0-9a-f]{8}$/);

/** The folder of a release: its version and the beginning of its tarball's SHA-512. */
export function releaseFolderOf(version: string, tarballSha512: string): string {
  return `${version}-${tarballSha512.slice(0, 8)}`;
}

/** What a state slot's body holds. */
export const hostStateSchema = z.object({
  stable: releaseFolderSchema.nullable(),
  previous: releaseFolderSchema.nullable(),
  candidate: releaseFolderSchema.nullable(),
  /** Written before a launch of the candidate. */
  tries: z.int().min(0),
  quarantined: z.array(
    z.object({ releaseSha512: sha512HexSchema, attempt: z.int().min(1), reason: z.string().max(200) }),
  ),
  sequence: z.int().min(0),
  floor: versionSchema,
});
/** @see {@link hostStateSchema} */
export type HostState = z.infer<typeof hostStateSchema>;

/** A slot file: the valid one with the highest `gen` counts; `sha256` is over the JSON text of `body`. */
export const hostStateSlotSchema = z.object({
  gen: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  body: hostStateSchema,
});
