import type { ErrorCode, Heartbeat, HealthChecks, LicenceAnswer, PassFigures } from '../contract/index.ts';
import type { Clock, Log } from '../runtime/index.ts';
import type { Installer, UpdateNotes } from '../update/index.ts';

/** R4's database, as far as the life of the agent is concerned. */
export interface PracticePort extends AsyncDisposable {
  /** `warnings`: codes of all that should not stay as it is, the right to write among them. */
  readonly schema: { readonly fingerprint: string; readonly warnings: readonly ErrorCode[] };
  ping(signal: AbortSignal): Promise<void>;
}

/** Opens R4's database and proves that it can be read. */
export interface PracticeOpener<Practice extends PracticePort> {
  open(signal: AbortSignal): Promise<Practice>;
}

/** What is done all day: the queue, and the bulk uploads beside it. */
export interface Work {
  /** Serves the queue until the signal, then ends cleanly. */
  serve(until: AbortSignal): Promise<void>;
  queueStats(): {
    /** When the queue last answered. */
    readonly lastReceiveAt: string | null;
    readonly lagMs: number | null;
    readonly inFlight: number;
    /** Why nothing can be received at the moment, or null. */
    readonly failing: ErrorCode | null;
  };
  /** One scheduled bulk upload, or the one that is under way. It has reported itself what it fails with. */
  uploadAll(signal: AbortSignal): Promise<unknown>;
  lastPass(): PassFigures | null;
  /** When both sides were last found equal, also by an earlier process. */
  lastEqualAt(): string | null;
  /** Closes connections; after `serve` has ended. */
  close(): void;
}

/** What work may ask of the life that it is part of. */
export interface WorkContext<Practice extends PracticePort> {
  readonly practice: Practice;
  /** The newest answer about the licence. */
  licence(): LicenceAnswer;
  /** Asks Flynotes again. Several callers at once share one request. */
  renewLicence(): Promise<LicenceAnswer>;
  /** Ends the process, to be started again. */
  requestRestart(): void;
  /** A message of an unknown type came: maybe another version is dictated. */
  checkVersion(): void;
  /** What {@link Work.queueStats} tells may have changed. */
  queueAnswered(): void;
}

/** Everything that the life of the agent needs from outside. */
export interface LifeDeps<Practice extends PracticePort> {
  readonly clock: Clock;
  readonly log: Log;
  readonly practice: PracticeOpener<Practice>;
  /** Asks Flynotes about the licence. */
  licence(nonce: string, signal: AbortSignal): Promise<LicenceAnswer>;
  newNonce(): string;
  /** Called with each answer before anything else happens: telemetry takes its settings from it. */
  onLicence(answer: LicenceAnswer): void;
  readonly notes: UpdateNotes;
  /** Brings other versions into the host's hands; null where no host is there to start them. */
  readonly installer: Installer | null;
  assemble(context: WorkContext<Practice>): Promise<Work>;
  sendHeartbeat(heartbeat: Heartbeat, signal: AbortSignal): Promise<void>;
  /** Writes to the host; does nothing without one. */
  writeHealth(checks: HealthChecks): void;
  memory(): Heartbeat['memory'];
  /** What else fails at the moment, for the heartbeat. */
  failing?(): ErrorCode | null;
}

/** What the agent is. */
export interface LifeOptions {
  readonly version: string;
  readonly hostVersion: string | null;
  /** Whether somebody starts the agent again when it ends. */
  readonly underHost: boolean;
}
