import type { EndReason } from './lifecycle/end-reason.ts';
import type { LifeTimes } from './lifecycle/times.ts';
import type { AgentError } from './runtime/errors.ts';

/** The configuration as a program may give it instead of a file; the same fields. */
export interface ConfigInput {
  readonly licenceKey?: string;
  readonly flynotesUrl?: string;
  readonly database?: string | Readonly<Record<string, unknown>>;
  readonly dataDir?: string;
  readonly proxy?: string;
  readonly rollbarToken?: string;
  readonly rollbarEndpoint?: string;
  readonly times?: Partial<LifeTimes>;
}

/** Options of `start`. */
export interface StartOptions {
  /** A file, or the configuration itself. Without it, `config.json` in the folder that `CARESTREAM_DATA_DIR` names. */
  readonly config?: string | ConfigInput;
  /** Ends the agent cleanly, within 25 s. */
  readonly signal?: AbortSignal;
  /** Who started the process; by default what the environment tells. `null` for nobody. */
  readonly host?: {
    readonly role: 'stable' | 'candidate';
    readonly version: string | null;
    /** The host's keys.json: without it no other version is ever installed. */
    readonly keysFile?: string | null;
  } | null;
  /** Hour, day and the like, in milliseconds; above those of the configuration. */
  readonly times?: Partial<LifeTimes>;
  /** The process's own unless told otherwise. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** How the agent ended, and what it tells its host by it. */
export interface StartResult {
  readonly exitCode: number;
  readonly reason: EndReason;
  /** What stood in the way, each with a code and what to do. */
  readonly failures: readonly AgentError[];
}
