import { AgentError, isAgentError, untilAborted, within, type Clock, type Log } from '../runtime/index.ts';
import type { Episodes } from '../telemetry/index.ts';
import type { Ending } from './ending.ts';
import type { Health } from './health.ts';
import { sendHeartbeats } from './heartbeats.ts';
import { keepHours } from './hours.ts';
import type { LicenceKeeper } from './licence-keeper.ts';
import type { LifeDeps, PracticePort, Work } from './ports.ts';
import type { PracticeWatch } from './practice-watch.ts';
import type { LifeTimes } from './times.ts';
import type { VitalSigns } from './vital-signs.ts';

/** Everything that a day is spent with. */
export interface DayDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly work: Work;
  readonly watch: PracticeWatch;
  readonly keeper: LicenceKeeper;
  readonly episodes: Episodes;
  readonly signs: VitalSigns;
  readonly health: Health;
  readonly sendHeartbeat: LifeDeps<PracticePort>['sendHeartbeat'];
  /** Told of what a heartbeat or a bulk upload failed with. */
  onFailure(error: unknown): void;
}

/** Kept back of the time for an end: for what is aborted, for the last reports, and for closing files. */
const keptBackMs = 2_500;
const abortMs = 500;

/** Serves the queue, and beside it uploads, renews, and tells how things stand, until something ends the day. Returns what failed unforeseen. */
export async function spendDay(deps: DayDeps, ending: Ending, times: LifeTimes): Promise<unknown[]> {
  const { clock, log, work, keeper, episodes, signs, health } = deps;
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

  const upload = async (signal: AbortSignal): Promise<'settled' | 'again'> => {
    try {
      signs.warn();
      await work.uploadAll(signal);
      signs.uploaded();
      deps.watch.worked();
      episodes.worked('upload');
      return 'settled';
    } catch (error) {
      if (signal.aborted) return 'settled';
      // The pass has reported it.
      episodes.failed('upload', error, 'told');
      deps.onFailure(error);
      // What will not get better by trying waits for the next hour: each try reads all of R4.
      const mayPass = isAgentError(error) && (error.disposition === 'transient' || error.disposition === 'ambiguous');
      return mayPass ? 'again' : 'settled';
    } finally {
      health.look();
    }
  };

  // The bulk upload outlives the order to end for a moment: a restart finishes what is in flight.
  const passes = new AbortController();
  const serving = guard('queue', work.serve(ending.signal));
  const hours = keepHours(
    {
      clock,
      uploadAll: () => upload(passes.signal),
      renew: () => keeper.renew(),
      onDayOver: () => ending.end('day-over'),
    },
    times,
    ending.signal,
  );
  const heartbeats = sendHeartbeats(
    {
      clock,
      facts: () => signs.heartbeat(),
      send: (heartbeat, signal) => deps.sendHeartbeat(heartbeat, signal),
      onFailure: (error) => deps.onFailure(error),
    },
    times.heartbeatEveryMs,
    ending.signal,
  );
  const parts = [
    serving,
    guard('upload', hours),
    guard('practice', deps.watch.run(ending.signal)),
    guard('heartbeat', heartbeats),
    guard('health', health.run(ending.signal)),
  ];
  await untilAborted(ending.signal);
  const reason = ending.reason ?? 'stopped';
  log.emit('agent.stopping', { reason });
  // The outstanding long poll may take 20 s to come back.
  const finishMs = Math.max(0, times.stopWithinMs - keptBackMs);
  if ((await within(clock, finishMs, serving)) === 'late') log.error(new AgentError('STOPPED_LATE'), 'lifecycle');
  passes.abort(new Error(`the agent ends: ${reason}`));
  await within(clock, abortMs, Promise.all(parts));
  work.close();
  return failures;
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}
