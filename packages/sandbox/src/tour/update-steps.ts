import type { HostEvent } from '@flynotes/service-host';
import { releaseFolderOf } from '@flynotes/carestream-server/api';
import { reportOf } from '../reports.ts';
import type { MadeRelease } from '../updates/release-kit.ts';
import { offer, type Updates } from '../updates/updates.ts';
import { prove, resultOf, sendAndWait, until, type Evidence, type TourContext, type TourStep } from './step.ts';

type EventOf<Kind extends HostEvent['event']> = Extract<HostEvent, { event: Kind }>;

/** How long the host may take for a trial, with its shortened times. */
const trialWithinMs = 120_000;

/** @throws Error in a sandbox without updates, which has none of these steps */
export function updatesOf({ sandbox }: TourContext): Updates {
  if (sandbox.updates === null) throw new Error('this sandbox was started without --updates');
  return sandbox.updates;
}

/** The next thing of a kind that the host told after event number `since`. */
export function told<Kind extends HostEvent['event']>(
  { host }: Updates,
  kind: Kind,
  since: number,
  fits: (event: EventOf<Kind>) => boolean = () => true,
): Promise<EventOf<Kind>> {
  return until(
    `the host's event ${kind}`,
    () =>
      host.events
        .slice(since)
        .find((event): event is EventOf<Kind> => event.event === kind && fits(event as EventOf<Kind>)),
    trialWithinMs,
  );
}

/** Who runs now. */
export function runningNow({ host }: Updates): {
  version: string | undefined;
  process: number | undefined;
  role: string | undefined;
} {
  const run = host.current();
  return { version: run?.version, process: run?.pid, role: run?.role };
}

/** An agent that has run healthily for a while, proven and alone. */
export async function settled(updates: Updates): Promise<void> {
  await until(
    'a healthy agent that is on no trial',
    () => {
      const run = updates.host.current();
      return run?.endedAt === null && run.health !== null && Object.values(run.health).every(Boolean);
    },
    trialWithinMs,
  );
}

/** Has a release dictated, and the agent look at once. */
export async function dictate(context: TourContext, version: string): Promise<void> {
  await context.sandbox.operator.pinVersion(version);
  await context.sandbox.operator.send({ type: 'restart' });
}

/** Sends a patient-sync and tells how long its answer took from `sinceMs` on. */
export async function answeredAfter(context: TourContext, sinceMs: number): Promise<number> {
  const [patientCode = 0] = await context.sandbox.reception.patientsWithHistory(1);
  const messageId = await context.sandbox.operator.send({ type: 'patient-sync', patientCode });
  const result = await resultOf(context.sandbox, messageId, trialWithinMs);
  prove(result.outcome === 'done', 'the patient-sync was not answered well', { outcome: result.outcome });
  return Math.round(performance.now() - sinceMs);
}

/** From one version to another, and what it took. */
async function switchTo(context: TourContext, release: MadeRelease): Promise<Evidence> {
  const updates = updatesOf(context);
  await settled(updates);
  const before = runningNow(updates);
  const since = updates.host.events.length;
  await dictate(context, release.version);
  const exited = await told(updates, 'exited', since, ({ exitCode }) => exitCode === 11);
  const answeredAfterMs = await answeredAfter(context, performance.now());
  const promoted = await told(updates, 'promoted', since, ({ version }) => version === release.version);
  const after = runningNow(updates);
  const evidence = {
    versionBefore: before.version,
    processBefore: before.process,
    exitCode: exited.exitCode,
    versionAfter: after.version,
    processAfter: after.process,
    promoted: promoted.folder,
    patientSyncAnsweredMs: answeredAfterMs,
  };
  prove(after.version === release.version, 'another version runs', evidence);
  prove(after.process !== before.process, 'the same process runs', evidence);
  return evidence;
}

/** What the agent told Rollbar of a refused release. */
async function refusalOf(context: TourContext, version: string, codes: readonly string[]): Promise<Evidence> {
  const { sandbox } = context;
  return until(
    `a refusal of ${version}`,
    () => {
      const found = sandbox.rollbar
        .items()
        .map(reportOf)
        .find(
          ({ fields }) =>
            (fields['version'] === version || fields['dictated'] === version) && codes.includes(String(fields['code'])),
        );
      return (
        found && {
          event: found.event,
          code: found.fields['code'],
          ...(found.fields['reason'] === undefined ? {} : { reason: found.fields['reason'] }),
        }
      );
    },
    trialWithinMs,
  );
}

/** A release that must not run: dictated, refused and reported, and the agent answers as before. */
async function refusedRelease(context: TourContext, version: string, codes: readonly string[]): Promise<Evidence> {
  const updates = updatesOf(context);
  await settled(updates);
  const before = runningNow(updates);
  const since = updates.host.events.length;
  await dictate(context, version);
  const refused = await refusalOf(context, version, codes);
  const answered = await sendAndWait(context, { type: 'test' });
  await context.sandbox.operator.pinVersion(before.version ?? null);
  await settled(updates);
  const after = runningNow(updates);
  const launched = updates.host.events
    .slice(since)
    .some((event) => event.event === 'launched' && event.version === version);
  const evidence = {
    dictated: version,
    refused,
    launched,
    versionBefore: before.version,
    processBefore: before.process,
    versionAfter: after.version,
    processAfter: after.process,
    nextMessage: answered.outcome,
  };
  prove(!launched, 'the host launched it', evidence);
  prove(after.version === before.version, 'another version runs', evidence);
  prove(answered.outcome === 'done', 'the queue is not served', evidence);
  return evidence;
}

const upgrade: TourStep = {
  name: 'upgrade',
  shows: 'a newer version arrives by itself, proves that it works, and is kept',
  async run(context) {
    const updates = updatesOf(context);
    const release = updates.kit.genuine('0.2.0');
    await offer({ registry: updates.registry, operator: context.sandbox.operator }, release);
    return switchTo(context, release);
  },
};

const downgrade: TourStep = {
  name: 'downgrade',
  shows: 'an older version arrives as well, where a newer directive names it',
  async run(context) {
    const updates = updatesOf(context);
    await offer({ registry: updates.registry, operator: context.sandbox.operator }, updates.first);
    return switchTo(context, updates.first);
  },
};

const badReleaseUndone: TourStep = {
  name: 'bad-release-undone',
  shows: 'a signed release that crashes at its start is undone by itself and not tried again',
  async run(context) {
    const updates = updatesOf(context);
    const { operator } = context.sandbox;
    const release = updates.kit.broken('0.3.0', `throw new Error('a release that does not start');\n`);
    await offer({ registry: updates.registry, operator }, release);
    await settled(updates);
    const before = runningNow(updates);
    const since = updates.host.events.length;
    await dictate(context, release.version);
    const quarantined = await told(updates, 'quarantined', since, ({ version }) => version === release.version);
    const answeredAfterMs = await answeredAfter(context, performance.now());
    await settled(updates);
    const launches = updates.host.events
      .slice(since)
      .filter((event) => event.event === 'launched' && event.version === release.version).length;
    // What undid it is still dictated: the agent must not fetch it again.
    const sinceUndone = updates.host.events.length;
    await sendAndWait(context, { type: 'restart' });
    await told(updates, 'launched', sinceUndone);
    await settled(updates);
    const again = updates.host.events
      .slice(sinceUndone)
      .some((event) => event.event === 'launched' && event.version === release.version);
    const known = await until('a heartbeat that tells of it', async () => {
      const [newest] = await operator.heartbeats(1);
      return newest?.update.quarantined?.find(({ releaseSha512 }) => releaseSha512 === release.manifest.tarball.sha512);
    });
    const after = runningNow(updates);
    await operator.pinVersion(after.version ?? null);
    const evidence = {
      versionBefore: before.version,
      processBefore: before.process,
      launches,
      reason: quarantined.reason,
      operatorReads: known.reason,
      triedAgain: again,
      versionAfter: after.version,
      processAfter: after.process,
      patientSyncAnsweredMs: answeredAfterMs,
    };
    prove(after.version === before.version, 'another version runs', evidence);
    prove(launches >= 3 && !again, 'it was not tried three times, or again', evidence);
    return evidence;
  },
};

const unsignedRefused: TourStep = {
  name: 'unsigned-refused',
  shows: 'a version without a manifest, or with one that somebody else signed, is refused',
  async run(context) {
    const updates = updatesOf(context);
    const { operator } = context.sandbox;
    const unsigned = updates.kit.genuine('0.4.0');
    await updates.registry.publish(unsigned.tarball);
    const withoutManifest = await refusedRelease(context, unsigned.version, ['UPDATE_UNSIGNED']);
    const forged = updates.kit.forged('0.4.1', theft);
    await offer({ registry: updates.registry, operator }, forged);
    const withForeignKey = await refusedRelease(context, forged.version, ['UPDATE_SIGNATURE_WRONG']);
    return { withoutManifest, withForeignKey };
  },
};

/** What a thief would like to run. */
const theft = `process.stdout.write('stolen\\n');\n`;

const stolenTokenRefused: TourStep = {
  name: 'stolen-token-refused',
  shows: 'who steals the registry’s publishing token can publish, and nothing of it runs',
  async run(context) {
    const updates = updatesOf(context);
    const genuine = updates.kit.genuine('0.5.0');
    const stolen = updates.kit.forged('0.5.0', theft);
    // The thief is first: the registry will not take the genuine one any more.
    await updates.registry.publish(stolen.tarball, updates.registry.tokens.publisher);
    await context.sandbox.operator.addRelease(genuine.envelope);
    const evidence = await refusedRelease(context, genuine.version, ['UPDATE_TARBALL_WRONG']);
    return { ...evidence, signedRelease: folderOf(genuine), registryHolds: folderOf(stolen) };
  },
};

const tarballSwappedRefused: TourStep = {
  name: 'tarball-swapped-refused',
  shows: 'who owns the registry’s disk can change tarball and metadata, and nothing of it runs',
  async run(context) {
    const updates = updatesOf(context);
    const genuine = updates.kit.genuine('0.6.0');
    await offer({ registry: updates.registry, operator: context.sandbox.operator }, genuine);
    const swapped = updates.kit.forged('0.6.0', theft);
    updates.registry.swapTarball({ name: genuine.manifest.name, version: genuine.version }, swapped.tarball, true);
    const evidence = await refusedRelease(context, genuine.version, ['UPDATE_TARBALL_WRONG']);
    return { ...evidence, signedRelease: folderOf(genuine), registryHolds: folderOf(swapped) };
  },
};

function folderOf({ version, manifest }: MadeRelease): string {
  return releaseFolderOf(version, manifest.tarball.sha512);
}

/** Releases that come and go, and those that must not run. */
export const updateSteps: readonly TourStep[] = [
  upgrade,
  downgrade,
  badReleaseUndone,
  unsignedRefused,
  stolenTokenRefused,
  tarballSwappedRefused,
];
