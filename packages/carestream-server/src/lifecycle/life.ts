import type { LicenceAnswer } from '../contract/index.ts';
import { instantOf, within } from '../runtime/index.ts';
import { createEpisodes } from '../telemetry/index.ts';
import { createVersionStep } from '../update/index.ts';
import { spendDay } from './day.ts';
import { exitCodeOf, type EndReason } from './end-reason.ts';
import { createEnding } from './ending.ts';
import { createHealth } from './health.ts';
import { changesFoundations, createLicenceKeeper, isLicenceRefusal } from './licence-keeper.ts';
import type { LifeDeps, LifeOptions, PracticePort } from './ports.ts';
import { createPracticeWatch } from './practice-watch.ts';
import { endReasonOf, openScope } from './scope.ts';
import type { LifeTimes } from './times.ts';
import { createVitalSigns } from './vital-signs.ts';

/** How a life ended. */
export interface LifeResult {
  readonly exitCode: number;
  readonly reason: EndReason;
  /** What stood in the way, for a person to read. */
  readonly failures: readonly unknown[];
  /** How long the end has taken until now. */
  readonly endingMs: number;
}

/** One life of the agent: the five steps, from opening the scope to the end of the day. */
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
  let endedMs = Number.POSITIVE_INFINITY;
  ending.signal.addEventListener('abort', () => (endedMs = clock.monotonic()), { once: true });
  const result = (reason: EndReason, failures: readonly unknown[] = []): LifeResult => ({
    exitCode: exitCodeOf[reason],
    reason,
    failures,
    endingMs: Math.max(0, clock.monotonic() - endedMs),
  });

  const scope = await openScope(deps, times.scopeWithinMs, ending.signal);
  if (scope.outcome === 'closed') {
    if (ending.reason) return result(ending.reason);
    for (const { area, error } of scope.failures) log.error(error, area);
    const failures = scope.failures.map(({ error }) => error);
    return result(endReasonOf(scope.failures), failures);
  }
  await using practice = scope.practice;
  const elapsedMs = Math.round(clock.monotonic() - startedMs);
  log.emit('scope.opened', { practiceId: scope.answer.practice.id, elapsedMs });

  const versionStep = createVersionStep(deps, {
    running: options.version,
    underHost: options.underHost,
    tryAgainAfterMs: times.dayMs,
    offerAgainAfterMs: times.hourMs,
  });
  const checkVersion = async (answer: LicenceAnswer, nonce: string): Promise<void> => {
    const { outcome } = await versionStep.check(answer, nonce, ending.signal);
    if (outcome === 'staged') ending.end('version-staged');
    if (outcome === 'exit') ending.end('version-differs');
  };
  // A slow line does not keep a practice waiting: the release is fetched on while the version that runs already works.
  await within(clock, times.updateWithinMs, checkVersion(scope.answer, scope.nonce));
  if (ending.reason) return result(ending.reason);

  const episodes = createEpisodes(deps);
  // Parts that notice a change tell the host at once; health itself is made of those parts.
  let look = (): void => undefined;
  const onChange = (): void => look();
  const watch = createPracticeWatch({ clock, episodes, practice, onChange }, times);
  const refusals: unknown[] = [];
  const keeper = createLicenceKeeper(
    {
      clock,
      log,
      episodes,
      licence: (nonce, signal) => deps.licence(nonce, signal),
      newNonce: () => deps.newNonce(),
      onAnswer(answer, nonce, before) {
        deps.onLicence(answer);
        void checkVersion(answer, nonce);
        if (changesFoundations(before, answer)) ending.end('licence-changed');
      },
      // Whoever may no longer work with Flynotes reads no more patients; the host starts us again every few minutes to ask.
      onRefused(error) {
        refusals.push(error);
        ending.end('configuration');
      },
      onChange,
    },
    scope.answer,
    ending.signal,
  );

  let lastCheckMs = Number.NEGATIVE_INFINITY;
  const askLicenceNow = (): void => {
    if (clock.monotonic() - lastCheckMs < times.versionCheckEveryMs) return;
    lastCheckMs = clock.monotonic();
    keeper.renew().catch(() => undefined);
  };
  /** A refusal of anything at all is looked into at once; the licence alone decides. */
  const onFailure = (error: unknown): void => {
    if (isLicenceRefusal(error)) askLicenceNow();
  };

  let work;
  try {
    work = await deps.assemble({
      practice,
      licence: () => keeper.current(),
      renewLicence: () => keeper.renew(),
      requestRestart: () => ending.end('restart-requested'),
      checkVersion: askLicenceNow,
      queueAnswered: onChange,
    });
  } catch (error) {
    log.error(error, 'compose');
    return result(endReasonOf([{ error }]), [error]);
  }
  const signs = createVitalSigns(
    {
      clock,
      log,
      notes: deps.notes,
      practice,
      watch,
      keeper,
      versionStep,
      episodes,
      work,
      memory: () => deps.memory(),
      failing: () => deps.failing?.() ?? null,
    },
    { ...options, startedAt, startedMs },
  );
  const health = createHealth(
    { clock, checks: () => signs.checks(), write: (checks) => deps.writeHealth(checks) },
    times.healthEveryMs,
  );
  look = () => health.look();
  const failures = await spendDay(
    {
      clock,
      log,
      work,
      watch,
      keeper,
      episodes,
      signs,
      health,
      sendHeartbeat: (heartbeat, signal) => deps.sendHeartbeat(heartbeat, signal),
      onFailure,
    },
    ending,
    times,
  );
  return result(ending.reason ?? 'stopped', ending.reason === 'configuration' ? refusals : failures);
}
