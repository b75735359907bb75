import type { SqlValue } from '../database/index.ts';
import type { PracticeQueue } from '../queue/index.ts';

/** A row of `practices`. */
export interface Practice {
  readonly id: string;
  readonly name: string;
  readonly timeZone: string;
  readonly suspended: boolean;
  readonly pinnedVersion: string | null;
  /** Runs the canaries' version, if there is one and it is not pinned. */
  readonly canary: boolean;
  readonly floor: string;
  readonly attempt: number;
  /** 32 bytes, base64. */
  readonly digestKey: string;
  readonly canonicalVersion: number;
  readonly queue: PracticeQueue | null;
  readonly schemaOverrides: Record<string, unknown>;
  readonly features: Record<string, boolean>;
  readonly createdAt: string;
  readonly agentVersion: string | null;
  readonly licenceOpenedAt: string | null;
  readonly lastEqualAt: string | null;
}

/** The columns of {@link Practice}, for a SELECT. */
export const practiceColumns = `id, name, time_zone as "timeZone", suspended, pinned_version as "pinnedVersion", canary, floor, attempt,
  digest_key as "digestKey", canonical_version as "canonicalVersion", queue, schema_overrides as "schemaOverrides", features,
  created_at as "createdAt", agent_version as "agentVersion", licence_opened_at as "licenceOpenedAt", last_equal_at as "lastEqualAt"`;

/** JSON as a statement takes it: `$n::text::jsonb`. */
export const json = (value: unknown): SqlValue => JSON.stringify(value);
