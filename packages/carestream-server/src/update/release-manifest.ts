import {
  compareVersions,
  releaseManifestSchema,
  type Directive,
  type PinnedKey,
  type ReleaseManifest,
  type SignedEnvelope,
} from '../contract/index.ts';
import { AgentError } from '../runtime/index.ts';
import { openEnvelope } from '../runtime/signed-envelope.ts';
import { jsonOf } from './directive.ts';

/** What this machine can run. */
export interface Abilities {
  /** As `process.versions.node` has it. */
  readonly node: string;
  readonly host: string | null;
  /** The schema number of the state database as it is now. */
  readonly stateSchema: number;
}

/**
 * Opens the manifest of the dictated release: first the signature, then what was signed.
 * @throws AgentError UPDATE_SIGNATURE_WRONG, UPDATE_MANIFEST_INVALID
 */
export function readReleaseManifest(
  envelope: SignedEnvelope,
  keys: readonly PinnedKey[],
  directive: Pick<Directive, 'version' | 'releaseSha512'>,
): ReleaseManifest {
  const opened = openEnvelope(envelope, 'releaseManifest', keys);
  if (opened.outcome === 'refused') {
    throw new AgentError('UPDATE_SIGNATURE_WRONG', { details: { reason: opened.fault, keyId: envelope.keyId } });
  }
  const parsed = releaseManifestSchema.safeParse(jsonOf(opened.payload));
  if (!parsed.success) {
    const field = String(parsed.error.issues[0]?.path[0] ?? 'whole');
    throw new AgentError('UPDATE_MANIFEST_INVALID', { details: { reason: 'not-a-manifest', field } });
  }
  const manifest = parsed.data;
  const invalid = (reason: string) => new AgentError('UPDATE_MANIFEST_INVALID', { details: { reason } });
  if (manifest.version !== directive.version) throw invalid('another-version');
  if (manifest.tarball.sha512 !== directive.releaseSha512) throw invalid('another-release');
  return manifest;
}

/**
 * Asks before anything is fetched whether this machine can run a release.
 * @throws AgentError UPDATE_NEEDS_NODE, UPDATE_NEEDS_HOST, UPDATE_STATE_TOO_OLD
 */
export function checkAbilities(
  manifest: Pick<ReleaseManifest, 'node' | 'hostMin' | 'stateSchema'>,
  { node, host, stateSchema }: Abilities,
): void {
  if (compareVersions(node, manifest.node) < 0) {
    throw new AgentError('UPDATE_NEEDS_NODE', { details: { here: node, needed: manifest.node } });
  }
  if (host === null || compareVersions(host, manifest.hostMin) < 0) {
    throw new AgentError('UPDATE_NEEDS_HOST', { details: { here: host ?? 'unknown', needed: manifest.hostMin } });
  }
  // Forward it is brought up by the newer release; nothing ever brings it back. The older one would set it aside and begin anew, as it does
  // where the host undoes a release; by order, nobody's deliveries and progress are thrown away.
  if (manifest.stateSchema < stateSchema) {
    throw new AgentError('UPDATE_STATE_TOO_OLD', {
      details: { stateSchema, releaseStateSchema: manifest.stateSchema },
    });
  }
}
