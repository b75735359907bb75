import type { ErrorCode, Heartbeat, HealthChecks } from '../contract/index.ts';
import { AgentError, instantOf, type Clock, type Log } from '../runtime/index.ts';
import type { Episodes } from '../telemetry/index.ts';
import type { UpdateNotes, VersionStep } from '../update/index.ts';
import type { LicenceKeeper } from './licence-keeper.ts';
import type { LifeOptions, PracticePort, Work } from './ports.ts';
import type { PracticeWatch } from './practice-watch.ts';
import type { LifeTimes } from './times.ts';

/** How the agent is doing, as the host and Flynotes are told. */
export interface VitalSigns {
  checks(): HealthChecks;
  heartbeat(): Heartbeat;
  /** A pass completed, or compared equal. */
  uploaded(): void;
  /** Warns of what is no failure but should not stay: once a day. */
  warn(): void;
}

/** What vital signs are read from. */
export interface VitalSignsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly notes: UpdateNotes;
  readonly practice: PracticePort;
  readonly watch: PracticeWatch;
  readonly keeper: LicenceKeeper;
  readonly versionStep: VersionStep;
  readonly episodes: Episodes;
  readonly work: Work;
  memory(): Heartbeat['memory'];
  /** What fails that no other part knows of. */
  failing(): ErrorCode | null;
}

/** A long poll takes 20 s and a few may fail; after this the queue counts as out of reach. */
const queueSilentMs = 90_000;
const warningsMost = 50;
const rightsTooMany: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['PRACTICE_WRITABLE', 'PRACTICE_SYSADMIN']);

/** @see {@link VitalSigns} */
export function createVitalSigns(
  deps: VitalSignsDeps,
  options: LifeOptions & { readonly times: LifeTimes; readonly startedAt: string; readonly startedMs: number },
): VitalSigns {
  const { clock, practice, versionStep, work } = deps;
  let uploadedOnce = false;

  const queueAnswers = (): boolean => {
    const { lastReceiveAt, failing } = work.queueStats();
    // The wall clock may be set in between, either way.
    return (
      failing === null && lastReceiveAt !== null && Math.abs(clock.now() - Date.parse(lastReceiveAt)) < queueSilentMs
    );
  };

  const warnings = (): ErrorCode[] => {
    const codes: (ErrorCode | null | undefined)[] = [
      ...practice.schema.warnings,
      versionStep.state().code as ErrorCode | undefined,
      work.queueStats().failing,
      deps.failing(),
      ...deps.episodes.codes(),
    ];
    return [...new Set(codes.filter((code) => code !== null && code !== undefined))].slice(0, warningsMost);
  };

  return {
    checks: () => ({
      database: deps.watch.healthy(),
      licence: deps.keeper.healthy(),
      queue: queueAnswers(),
      upload: uploadedOnce,
    }),
    heartbeat() {
      const { lastReceiveAt, lagMs, inFlight } = work.queueStats();
      return {
        at: instantOf(clock),
        version: options.version,
        hostVersion: options.hostVersion,
        startedAt: options.startedAt,
        uptimeMs: Math.round(clock.monotonic() - options.startedMs),
        lastEqualAt: work.lastEqualAt(),
        lastPass: work.lastPass(),
        queue: { lastReceiveAt, lagMs, inFlight },
        memory: deps.memory(),
        schemaFingerprint: practice.schema.fingerprint,
        warnings: warnings(),
        update: versionStep.state(),
      };
    },
    uploaded() {
      uploadedOnce = true;
    },
    warn() {
      const code = practice.schema.warnings.find((each) => rightsTooMany.has(each));
      if (code === undefined) return;
      const sinceMs = clock.now() - Number(deps.notes.get('warned.writable') ?? Number.NaN);
      if (sinceMs >= 0 && sinceMs < options.times.warnEveryMs) return;
      deps.notes.set('warned.writable', String(clock.now()));
      // Whoever rules the server could do anything at all: that is an error, not a warning.
      if (code === 'PRACTICE_SYSADMIN') deps.log.error(new AgentError(code), 'practice');
      else deps.log.emit('warning', { code, area: 'practice' });
    },
  };
}
