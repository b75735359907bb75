import { offer } from '../updates/updates.ts';
import { reportsOf } from '../reports.ts';
import { prove, sendAndWait, until, type TourStep } from './step.ts';
import { answeredAfter, dictate, runningNow, settled, told, updatesOf } from './update-steps.ts';

const replayedDirectiveRefused: TourStep = {
  name: 'replayed-directive-refused',
  shows: 'an old licence answer, played again, changes nothing',
  async run(context) {
    const updates = updatesOf(context);
    const { operator, rollbar } = context.sandbox;
    await settled(updates);
    const before = runningNow(updates);
    const reportedBefore = reportsOf(rollbar, 'error').length;
    const old = updates.interceptor.kept() - 1;
    const release = updates.kit.genuine('0.7.0');
    await offer({ registry: updates.registry, operator }, release);
    const since = updates.host.events.length;
    await dictate(context, release.version);
    await told(updates, 'promoted', since, ({ version }) => version === release.version);
    // From here on somebody plays the answer again that names the version before.
    const replayedBefore = updates.interceptor.replayed();
    updates.interceptor.replay(old);
    const sinceReplay = updates.host.events.length;
    await operator.send({ type: 'restart' });
    await told(updates, 'launched', sinceReplay);
    const reported = await until('the report at Rollbar', () =>
      rollbar
        .items()
        .slice(reportedBefore)
        .map(({ data }) => (data.custom ?? {}) as Record<string, unknown>)
        .find((fields) => fields['code'] === 'UPDATE_DIRECTIVE_INVALID'),
    );
    const answered = await sendAndWait(context, { type: 'test' });
    const replayed = updates.interceptor.replayed() - replayedBefore;
    updates.interceptor.replay(null);
    await settled(updates);
    const after = runningNow(updates);
    const evidence = {
      oldAnswerNames: before.version,
      replayed,
      reported: {
        code: reported['code'],
        reason: (reported['details'] as { reason?: unknown } | undefined)?.reason ?? reported['reason'],
      },
      versionAfter: after.version,
      processAfter: after.process,
      nextMessage: answered.outcome,
    };
    prove(replayed > 0, 'nothing was played again', evidence);
    prove(after.version === release.version, 'the old answer was obeyed', evidence);
    prove(answered.outcome === 'done', 'the queue is not served', evidence);
    return evidence;
  },
};

const worldBrokenNotBlamed: TourStep = {
  name: 'world-broken-not-blamed',
  shows: 'R4 goes down while a version is on trial: the version is not blamed, and is kept once R4 is back',
  async run(context) {
    const updates = updatesOf(context);
    const { operator, r4 } = context.sandbox;
    const release = updates.kit.genuine('0.8.0');
    await offer({ registry: updates.registry, operator }, release);
    await settled(updates);
    const before = runningNow(updates);
    const since = updates.host.events.length;
    await dictate(context, release.version);
    const launched = await told(updates, 'launched', since, ({ version }) => version === release.version);
    await r4.addFault({ kind: 'refuse' });
    await r4.addFault({ kind: 'cut', matching: '.' });
    const broken = await told(updates, 'world-broken', since);
    const meanwhile = updates.host.events
      .slice(since)
      .flatMap((event) => (event.event === 'launched' ? [`${event.version} as ${event.role}`] : []));
    await r4.clearFaults();
    const promoted = await told(updates, 'promoted', since, ({ version }) => version === release.version);
    const answeredAfterMs = await answeredAfter(context, performance.now());
    const quarantined = updates.host.events.slice(since).filter((event) => event.event === 'quarantined').length;
    const after = runningNow(updates);
    const evidence = {
      versionBefore: before.version,
      processBefore: before.process,
      candidateProcess: launched.pid,
      worldBroken: broken.version,
      meanwhile,
      quarantined,
      promoted: promoted.version,
      versionAfter: after.version,
      processAfter: after.process,
      patientSyncAnsweredMs: answeredAfterMs,
    };
    prove(quarantined === 0, 'the release was blamed', evidence);
    prove(after.version === release.version, 'the release was not kept', evidence);
    return evidence;
  },
};

const hostKilledWhileSwitching: TourStep = {
  name: 'host-killed-while-switching',
  shows: 'a host that is killed at each step of a switch goes on with it when it is started again',
  async run(context) {
    const updates = updatesOf(context);
    const { host } = updates;
    const { operator } = context.sandbox;
    const release = updates.kit.genuine('0.9.0');
    await offer({ registry: updates.registry, operator }, release);
    await settled(updates);
    const before = runningNow(updates);
    const hostBefore = host.hostPid();
    const since = host.events.length;
    await dictate(context, release.version);
    const kills: string[] = [];
    const killAfter = async (what: 'exited' | 'staged' | 'launched'): Promise<void> => {
      const from = kills.length === 0 ? since : host.events.length;
      if (what === 'exited') await told(updates, 'exited', from, ({ exitCode }) => exitCode === 11);
      else if (what === 'launched') await told(updates, 'launched', from, ({ version }) => version === release.version);
      await host.killHost();
      kills.push(what);
      host.startHost();
    };
    await killAfter('exited');
    await killAfter('launched');
    await killAfter('launched');
    const promoted = await told(updates, 'promoted', since, ({ version }) => version === release.version);
    const answeredAfterMs = await answeredAfter(context, performance.now());
    const after = runningNow(updates);
    const evidence = {
      versionBefore: before.version,
      processBefore: before.process,
      hostBefore,
      killedAfter: kills,
      hostAfter: host.hostPid(),
      promoted: promoted.version,
      versionAfter: after.version,
      processAfter: after.process,
      patientSyncAnsweredMs: answeredAfterMs,
    };
    prove(after.version === release.version, 'the release did not come to run', evidence);
    return evidence;
  },
};

/** What the world does to an update. */
export const updateWorldSteps: readonly TourStep[] = [
  replayedDirectiveRefused,
  worldBrokenNotBlamed,
  hostKilledWhileSwitching,
];
