import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { AgentConfig } from './cli/config.ts';
import { assemble } from './compose/assemble.ts';
import { deliverResult } from './compose/deliver-result.ts';
import { installerOf } from './compose/installer-of.ts';
import { createOverrides } from './compose/schema-overrides.ts';
import { forgiving, forgivingNotes, outboxOf } from './compose/state-ports.ts';
import type { AgentSurroundings } from './compose/surroundings.ts';
import { canonicalVersions } from './contract/index.ts';
import { createFlynotesClient } from './flynotes/index.ts';
import {
  beginRun,
  exitCodeOf,
  lifeTimes,
  live,
  noteEnd,
  noteHeartbeat,
  type EndReason,
  type LifeResult,
  type LifeTimes,
  type RunMarker,
} from './lifecycle/index.ts';
import { createPracticeConnector, type DatabaseConfig, type PracticeReader } from './practice/index.ts';
import { isAgentError, within, type Log } from './runtime/index.ts';
import { openState, stateSchema, type State } from './state/index.ts';
import { createTelemetry, takeCrashRecord, writeCrashRecord } from './telemetry/index.ts';
import { version } from './version.ts';

/** The agent, put together. */
export interface Agent {
  readonly log: Log;
  /** Lives until the day is over, something asks for an end, or the signal. Never throws. */
  run(stop: AbortSignal): Promise<LifeResult>;
  /** Writes down at once what nobody foresaw, and tries to send it. The process should end afterwards. */
  crashed(error: unknown): Promise<void>;
}

/** What closing connections and files may take at the end, */
const closeMs = 500;
/** and what must be left after that, of all the time for an end, until the process is gone. */
const spareMs = 1_500;
const inboxDaysMs = 20 * 86_400_000;

/** With `compose/`, the only place that knows which parts the agent is made of. */
export function composeAgent(config: AgentConfig, surroundings: AgentSurroundings): Agent {
  const { clock } = surroundings;
  const times: LifeTimes = { ...lifeTimes, ...config.times };
  const telemetry = createTelemetry(
    { clock },
    {
      logFolder: join(config.dataDir, 'logs'),
      version,
      rollbarToken: config.rollbarToken,
      rollbarEndpoint: config.rollbarEndpoint,
    },
  );
  const { log } = telemetry;
  const flynotes = createFlynotesClient({ clock }, { baseUrl: config.flynotesUrl, licenceKey: config.licenceKey });

  const askLicence = (nonce: string, signal: AbortSignal) =>
    flynotes.licence(
      {
        nonce,
        version,
        hostVersion: surroundings.hostVersion,
        platform: `${process.platform}-${process.arch}`,
        canonicalVersions: [...canonicalVersions],
        stateSchema,
      },
      signal,
    );

  const liveWith = (state: State, stop: AbortSignal): Promise<LifeResult> => {
    // The queue's SDK takes longest to load; meanwhile SQL Server and Flynotes answer.
    const queueParts = import('./queue/index.ts');
    queueParts.catch(() => undefined);
    const overrides = createOverrides();
    const notes = forgivingNotes(state, log);
    return live<PracticeReader>(
      {
        clock,
        log,
        practice: createPracticeConnector(
          { clock, log, notes: forgivingNotes(state, log) },
          { database: config.database as DatabaseConfig | undefined, schemaOverrides: () => overrides.known() },
        ),
        licence: (nonce, signal) => overrides.from(askLicence(nonce, signal)),
        newNonce,
        onLicence(answer) {
          forgiving(log, () => state.raiseReadSequence(answer.highestReadSequence ?? 0));
          telemetry.configure(answer);
        },
        notes,
        installer: installerOf(config, surroundings, log),
        assemble: (context) => assemble({ state, telemetry, flynotes, surroundings, clock }, context, queueParts),
        sendHeartbeat(heartbeat, signal) {
          noteHeartbeat(notes, heartbeat);
          return flynotes.heartbeat(heartbeat, signal);
        },
        writeHealth: (checks) => surroundings.tellHost({ event: 'health', checks }),
        memory() {
          const { rss, heapUsed } = process.memoryUsage();
          return { rssBytes: rss, heapUsedBytes: heapUsed };
        },
        failing: () => telemetry.failing(),
      },
      { version, hostVersion: surroundings.hostVersion, underHost: surroundings.role !== null, times },
      stop,
    );
  };

  /** Nothing can be kept, but something can still be told: with the token that Flynotes gives, if it answers soon. */
  const tellWithoutState = async (stop: AbortSignal): Promise<void> => {
    const enough = AbortSignal.any([stop, AbortSignal.timeout(times.flushWithinMs)]);
    try {
      telemetry.configure(await askLicence(newNonce(), enough));
    } catch {
      // The configuration's token, if there is one, will do.
    }
  };

  return {
    log,
    async run(stop) {
      const startedMs = clock.monotonic();
      log.emit('agent.started', {
        version,
        hostVersion: surroundings.hostVersion ?? undefined,
        role: surroundings.role ?? 'none',
        node: process.version,
      });
      const sending = new AbortController();
      const delivering = telemetry.run(sending.signal);
      let state: State | null = null;
      let marker: RunMarker | null = null;
      let result: LifeResult;
      try {
        state = openState(join(config.dataDir, 'agent.db'), { clock });
        telemetry.attach(outboxOf(state));
        telemetry.deliverResultsBy((json, signal) => deliverResult(flynotes, json, signal));
        if (state.replaced !== null) {
          log.emit('warning', { code: 'STATE_UNUSABLE', area: 'state', name: `replaced-${state.replaced}` });
        }
        const notes = forgivingNotes(state, log);
        marker = beginRun({ clock, log, notes, crash: takeCrashRecord(config.dataDir) }, version);
        forgiving(log, () => state?.inbox.prune(inboxDaysMs));
        result = await liveWith(state, stop);
      } catch (error) {
        log.error(error, 'compose');
        if (!state) await tellWithoutState(stop);
        result = ended(error);
      }
      const uptimeMs = Math.round(clock.monotonic() - startedMs);
      log.emit('agent.ended', { reason: result.reason, exitCode: result.exitCode, uptimeMs });
      const leftMs = times.stopWithinMs - closeMs - spareMs - result.endingMs;
      await telemetry.flush(Math.max(closeMs, Math.min(times.flushWithinMs, leftMs)));
      sending.abort(new Error('the agent ends'));
      await within(clock, closeMs, delivering);
      if (state) noteEnd(forgivingNotes(state, log), clock, { ...result, version });
      if (result.reason !== 'crashed') marker?.end();
      telemetry.close();
      closeQuietly(state);
      return result;
    },
    async crashed(error) {
      writeCrashRecord(config.dataDir, error, clock);
      log.crash(error);
      await telemetry.flush(times.flushWithinMs);
    },
  };
}

function newNonce(): string {
  return randomBytes(24).toString('base64url');
}

/** What an error before the first step makes of a run. */
function ended(error: unknown): LifeResult {
  const reason: EndReason = !isAgentError(error)
    ? 'crashed'
    : error.disposition === 'transient'
      ? 'unreachable'
      : 'configuration';
  return { reason, exitCode: exitCodeOf[reason], failures: [error], endingMs: 0 };
}

function closeQuietly(state: State | null): void {
  try {
    state?.close();
  } catch {
    // What was committed is safe; the rest is rebuilt.
  }
}
