import { reportsOf } from '../../packages/sandbox/src/reports.ts';
import { takePorts } from '../../packages/sandbox/src/ports.ts';
import { startSandbox, type Sandbox } from '../../packages/sandbox/src/sandbox.ts';
import { until } from '../../packages/sandbox/src/tour/step.ts';
import { offer, type Updates } from '../../packages/sandbox/src/updates/updates.ts';

/** How one update went. */
export interface Switch {
  /** From the end of the old process until the new one's first receive was let through by the queue service. */
  readonly switchMs: number;
  /** From the look at the signed manifest until the release lay ready, the download included, as the agent reports it. */
  readonly stagedMs: number;
}

/** A practice whose agent is updated again and again, by the real host and a real registry. */
export interface SwitchBench extends AsyncDisposable {
  /** Publishes the next version, has it dictated, and waits until it is kept. */
  next(): Promise<Switch>;
}

const withinMs = 120_000;

/** Brings a sandbox up and waits until its first agent is well. */
export async function startSwitchBench(patients: number): Promise<SwitchBench> {
  let receivedAtMs: number[] = [];
  const sandbox = await startSandbox({
    patients,
    seed: 1,
    dialect: 'classic',
    ports: await takePorts(0),
    pauseFactor: 1,
    say: () => undefined,
    updates: true,
    onQueueRequest(action) {
      if (action === 'ReceiveMessage') receivedAtMs.push(Date.now());
    },
  });
  const updates = sandbox.updates;
  if (updates === null) throw new Error('The sandbox has no updates.');
  await healthy(updates);
  let minor = 1;
  return {
    async next() {
      minor += 1;
      const release = updates.kit.genuine(`0.${minor}.0`);
      await offer({ registry: updates.registry, operator: sandbox.operator }, release);
      const since = updates.host.events.length;
      receivedAtMs = [];
      await sandbox.operator.pinVersion(release.version);
      await sandbox.operator.send({ type: 'restart' });
      const endedAtMs = await until(
        'the old process’s end',
        () => {
          const index = updates.host.events.findIndex(
            (event, at) => at >= since && event.event === 'exited' && event.exitCode === 11,
          );
          const event = updates.host.events[index] as { at?: string } | undefined;
          return event?.at === undefined ? null : Date.parse(event.at);
        },
        withinMs,
      );
      const firstMs = await until(
        'a receive of the new process',
        () => receivedAtMs.find((at) => at >= endedAtMs) ?? null,
        withinMs,
      );
      await until(
        'the new version to be kept',
        () =>
          updates.host.events
            .slice(since)
            .some((event) => event.event === 'promoted' && event.version === release.version),
        withinMs,
      );
      return { switchMs: firstMs - endedAtMs, stagedMs: await stagedMsOf(sandbox, release.version) };
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

function healthy({ host }: Updates): Promise<boolean> {
  return until(
    'a healthy agent',
    () => {
      const health = host.current()?.health;
      return health !== null && health !== undefined && Object.values(health).every(Boolean);
    },
    withinMs,
  );
}

function stagedMsOf({ rollbar }: Sandbox, version: string): Promise<number> {
  return until(
    'the report of what staging took',
    () => {
      const report = reportsOf(rollbar, 'update.staged').find(({ fields }) => fields['version'] === version);
      return report === undefined ? null : Number(report.fields['elapsedMs']);
    },
    withinMs,
  );
}
