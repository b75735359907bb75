import type { ErrorCode, Heartbeat, LicenceAnswer } from '../contract/index.ts';
import { AgentError, instantOf, isAgentError, within } from '../runtime/index.ts';
import { createEpisodes } from '../telemetry/index.ts';
import { createVersionStep } from '../update/index.ts';
import { createEnding, exitCodeOf, type EndReason } from './ending.ts';
import { createHealth } from './health.ts';
import { sendHeartbeats } from './heartbeats.ts';
import { keepHours } from './hours.ts';
import { changesFoundations, createLicenceKeeper } from './licence-keeper.ts';
import type { LifeDeps, LifeOptions, PracticePort, Work } from './ports.ts';
import { createPracticeWatch } from './practice-watch.ts';
import { endReasonOf, openScope } from './scope.ts';
import type { LifeTimes } from './times.ts';

/** How a life ended. */
export interface LifeResult {
  readonly exitCode: number;
  readonly reason: EndReason;
  /** What stood in the way, for a person to read. */
  readonly failures: readonly unknown[];
}

/** One life of the agent: the five steps, from opening the scope to the end of the day. Never throws. */
export async function live<Practice extends PracticePort>(
  deps: LifeDeps<Practice>,
  options: LifeOptions & { readonly times: LifeTimes },
  stop: AbortSignal,
): Promise<LifeResult> {
  const { clock, log } = deps;
  const { times } = options;
  const startedAt = instantOf(clock);
  const startedMs = clock.monotonic();
  using ending = createEnding(stop);
  const result = (reason: EndReason, failures: readonly unknown[] = []): LifeResult => ({
    exitCode: exitCodeOf[reason],
    reason,
    failures,
  });

  const scope = await openScope(deps, times.scopeWithinMs, ending.signal);
  if (scope.outcome === 'closed') {
    if (ending.reason) return result(ending.reason);
    for (const { area, error } of scope.failures) log.error(error, area);
    const failures = scope.failures.map(({ error }) => error);
    return result(endReasonOf(scope.failures), failures);
  }
  const elapsedMs = Math.round(clock.monotonic() - startedMs);
  log.emit('scope.opened', { practiceId: scope.answer.practice.id, elapsedMs });

  const episodes = createEpisodes(deps);
  let work: Work | null = null;
  let uploadedOnce = false;
  const health = createHealth(
    {
      clock,
      checks: () => ({
        database: watch.healthy(),
        licence: keeper.healthy(),
        queue: receivedLately(),
        upload: uploadedOnce,
      }),
      write: deps.writeHealth,
    },
    times.healthEveryMs,
  );
  const look = (): void => health.look();
  await using practice = scope.practice;
  const watch = createPracticeWatch({ clock, episodes, practice, onChange: look }, times);

  const versionStep = createVersionStep(deps, { running: options.version, tryAgainAfterMs: times.dayMs });
  const checkVersion = (answer: LicenceAnswer, nonce: string): void => {
    if (versionStep.check(answer, nonce).outcome === 'exit') ending.end('version-differs');
  };
  const keeper = createLicenceKeeper(
    {
      ...deps,
      episodes,
      onAnswer(answer, nonce, before) {
        deps.onLicence(answer);
        checkVersion(answer, nonce);
        if (changesFoundations(before, answer)) ending.end('licence-changed');
      },
      onChange: look,
    },
    scope.answer,
    ending.signal,
  );
  checkVersion(scope.answer, scope.nonce);
  if (ending.reason) return result(ending.reason);

  const receivedLately = (): boolean => {
    const last = work?.queueStats().lastReceiveAt ?? null;
    // A long poll takes 20 s; the wall clock may be set in between.
    return last !== null && Math.abs(clock.now() - Date.parse(last)) < 90_000;
  };

  const warnings = (): ErrorCode[] => {
    const update = versionStep.state().code as ErrorCode | undefined;
    return [
      ...new Set([
        ...(practice.schema.canWrite ? (['PRACTICE_WRITABLE'] as const) : []),
        ...(update ? [update] : []),
        ...episodes.codes(),
      ]),
    ];
  };

  const warnOfWriting = (): void => {
    if (!practice.schema.canWrite) return;
    const last = Number(deps.notes.get('warned.writable') ?? Number.NaN);
    const since = clock.now() - last;
    if (since >= 0 && since < times.warnEveryMs) return;
    deps.notes.set('warned.writable', String(clock.now()));
    log.emit('warning', {
      code: 'PRACTICE_WRITABLE',
      area: 'practice',
      ...(practice.schema.sysadmin ? { name: 'sysadmin' } : {}),
    });
  };

  const facts = (): Heartbeat => {
    const stats = work?.queueStats();
    return {
      at: instantOf(clock),
      version: options.version,
      hostVersion: options.hostVersion,
      startedAt,
      uptimeMs: Math.round(clock.monotonic() - startedMs),
      lastEqualAt: work?.lastEqualAt() ?? null,
      lastPass: work?.lastPass() ?? null,
      queue: {
        lastReceiveAt: stats?.lastReceiveAt ?? null,
        lagMs: stats?.lagMs ?? null,
        inFlight: stats?.inFlight ?? 0,
      },
      memory: deps.memory(),
      schemaFingerprint: practice.schema.fingerprint,
      warnings: warnings().slice(0, 50),
      update: versionStep.state(),
    };
  };

  let lastCheckMs = Number.NEGATIVE_INFINITY;
  const checkVersionNow = (): void => {
    if (clock.monotonic() - lastCheckMs < times.versionCheckEveryMs) return;
    lastCheckMs = clock.monotonic();
    keeper.renew().catch(() => undefined);
  };

  try {
    work = await deps.assemble({
      practice,
      licence: () => keeper.current(),
      renewLicence: () => keeper.renew(),
      requestRestart: () => ending.end('restart-requested'),
      checkVersion: checkVersionNow,
    });
  } catch (error) {
    log.error(error, 'compose');
    return result(endReasonOf([{ error }]), [error]);
  }
  const { serve, uploadAll, close } = work;

  const failures: unknown[] = [];
  /** A part that fails for a reason that nobody foresaw ends the life: the host starts a new one. */
  const guard = async (area: string, part: Promise<unknown>): Promise<void> => {
    try {
      await part;
    } catch (error) {
      if (ending.signal.aborted && isAbort(error, ending.signal)) return;
      log.error(error, area);
      failures.push(error);
      ending.end('crashed');
    }
  };

  const uploads = async (signal: AbortSignal): Promise<'settled' | 'again'> => {
    try {
      warnOfWriting();
      await uploadAll(signal);
      uploadedOnce = true;
      watch.worked();
      episodes.worked('upload');
      return 'settled';
    } catch (error) {
      if (signal.aborted) return 'settled';
      // The pass has reported it.
      episodes.failed('upload', error, 'told');
      // What will not get better by trying waits for the next hour: each try reads all of R4.
      const mayPass = isAgentError(error) && (error.disposition === 'transient' || error.disposition === 'ambiguous');
      return mayPass ? 'again' : 'settled';
    } finally {
      look();
    }
  };

  // The bulk upload outlives the order to end for a moment: a restart finishes what is in flight.
  const passes = new AbortController();
  const parts = [
    guard('queue', serve(ending.signal)),
    guard(
      'upload',
      keepHours(
        {
          clock,
          uploadAll: () => uploads(passes.signal),
          renew: () => keeper.renew(),
          onDayOver: () => ending.end('day-over'),
        },
        times,
        ending.signal,
      ),
    ),
    guard('practice', watch.run(ending.signal)),
    guard(
      'heartbeat',
      sendHeartbeats({ clock, facts, send: deps.sendHeartbeat }, times.heartbeatEveryMs, ending.signal),
    ),
    guard('health', health.run(ending.signal)),
  ];
  await waitFor(ending.signal);
  const reason = ending.reason ?? 'stopped';
  log.emit('agent.stopping', { reason });
  // What the last reports and the closing of files take is kept back.
  const finishMs = Math.max(0, times.stopWithinMs - times.flushWithinMs - 1_000);
  if ((await within(clock, finishMs, parts[0]!)) === 'late') log.error(new AgentError('STOPPED_LATE'), 'lifecycle');
  passes.abort(new Error(`the agent ends: ${reason}`));
  await within(clock, 1_000, Promise.all(parts));
  close();
  return result(reason, failures);
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}

async function waitFor(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
