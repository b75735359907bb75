import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { AgentConfig } from './cli/config.ts';
import type { ProxyVariables } from './cli/network.ts';
import {
  canonicalVersions,
  commandResultSchema,
  passFiguresSchema,
  type HostEvent,
  type LicenceAnswer,
} from './contract/index.ts';
import { createFlynotesClient, type FlynotesClient } from './flynotes/index.ts';
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
  type Work,
  type WorkContext,
} from './lifecycle/index.ts';
import { createPracticeConnector, type DatabaseConfig, type PracticeReader } from './practice/index.ts';
import { isAgentError, within, type Clock, type Log } from './runtime/index.ts';
import { createSystemFiles } from './runtime/system-files.ts';
import { openState, stateSchema, type State } from './state/index.ts';
import {
  createTelemetry,
  takeCrashRecord,
  writeCrashRecord,
  type Delivery,
  type ReportKind,
  type Telemetry,
} from './telemetry/index.ts';
import { createInstaller, type Installer } from './update/index.ts';
import type { UploadDeps } from './upload/index.ts';
import { version } from './version.ts';

/** What surrounds the agent. */
export interface AgentSurroundings {
  readonly clock: Clock;
  /** `stable` or `candidate` under a host, otherwise null. */
  readonly role: 'stable' | 'candidate' | null;
  readonly hostVersion: string | null;
  /** Where the host keeps the keys that it trusts; null without a host, or under one that installs nothing. */
  readonly keysFile: string | null;
  /** The folder of the release that this process runs from; null where it is none. */
  readonly release: string | null;
  /** For clients that do not see the proxy that was set for the process. */
  readonly proxy: ProxyVariables | null;
  tellHost(event: HostEvent): void;
}

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

/** The only place that knows which parts the agent is made of. */
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
        if (state.replacedDamaged) log.emit('warning', { code: 'STATE_UNUSABLE', area: 'state', name: 'replaced' });
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

interface Parts {
  readonly state: State;
  readonly telemetry: Telemetry;
  readonly flynotes: FlynotesClient;
  readonly surroundings: AgentSurroundings;
  readonly clock: Clock;
}

/** Puts together what works all day, once practice and licence are known. */
async function assemble(
  parts: Parts,
  context: WorkContext<PracticeReader>,
  queueParts: Promise<typeof import('./queue/index.ts')>,
): Promise<Work> {
  const { state, telemetry, flynotes, surroundings, clock } = parts;
  const { log } = telemetry;
  const [{ createQueue }, upload, { createCommands }] = await Promise.all([
    queueParts,
    import('./upload/index.ts'),
    import('./commands/index.ts'),
  ]);
  const licence = context.licence();
  const digesterOf = keepNewest(upload.createKeyedDigester);
  const uploadDeps = (ports: Pick<UploadDeps, 'practice' | 'flynotes' | 'clock'>): UploadDeps => ({
    ...ports,
    state,
    log,
    // A new key, or another server, comes with a licence answer of any hour.
    get digester() {
      return digesterOf(context.licence().digest);
    },
    readingForm: () => `${version} ${context.practice.schema.fingerprint}`,
    refusalJudge: () => context.licence().serverVersion ?? 'not-told',
    timeZone: licence.practice.timeZone,
  });
  const ports = { practice: () => context.practice, flynotes, clock };
  const rightOfWay = upload.createRightOfWay(clock);
  const bulkUploads = upload.createBulkUploads(uploadDeps(rightOfWay.givenBy(ports)));
  const handle = createCommands({
    reporter: log,
    version,
    bulkUploads,
    patientUploads: upload.createPatientUploads(uploadDeps(ports), { rightOfWay }),
    questionnaires: () => context.practice,
    requestRestart: () => context.requestRestart(),
  });
  const { queue: address } = licence;
  const queue = createQueue(
    {
      clock,
      log,
      inbox: state.inbox,
      credentials: {
        current: () => context.licence().queue.credentials,
        renew: async () => (await context.renewLicence()).queue.credentials,
      },
      handle,
      onUnknownType: () => context.checkVersion(),
      onAnswer: () => context.queueAnswered(),
      report: (result) => telemetry.addResult(JSON.stringify(result)),
    },
    {
      url: address.url,
      region: address.region,
      ...(address.endpoint === undefined ? {} : { endpoint: address.endpoint }),
      ...(surroundings.proxy === null ? {} : { proxyEnv: surroundings.proxy }),
    },
  );
  return {
    serve: (until) => queue.serve(until),
    queueStats: () => queue.stats(),
    uploadAll: (signal) => bulkUploads.request('scheduled', signal),
    lastPass: () => bulkUploads.current() ?? passFiguresSchema.nullable().catch(null).parse(bulkUploads.last()),
    lastEqualAt: () => bulkUploads.lastEqualAt(),
    close: () => queue.close(),
  };
}

/** What the newest licence answer replaces in the schema map. The catalogue is not looked at before the first answer, or its failure. */
function createOverrides() {
  const first = Promise.withResolvers<void>();
  let newest: LicenceAnswer['schemaOverrides'] = {};
  return {
    async from(asking: Promise<LicenceAnswer>): Promise<LicenceAnswer> {
      try {
        const answer = await asking;
        newest = answer.schemaOverrides;
        return answer;
      } finally {
        first.resolve();
      }
    },
    async known(): Promise<LicenceAnswer['schemaOverrides']> {
      await first.promise;
      return newest;
    },
  };
}

/** Makes something anew only when what it is made of has changed. */
function keepNewest<Input, Output>(make: (input: Input) => Output): (input: Input) => Output {
  let newest: { readonly of: string; readonly made: Output } | null = null;
  return (input) => {
    const of = JSON.stringify(input);
    if (newest?.of !== of) newest = { of, made: make(input) };
    return newest.made;
  };
}

/** Null where nobody would start what is installed. */
function installerOf(config: AgentConfig, surroundings: AgentSurroundings, log: Log): Installer | null {
  const { clock, keysFile, role, hostVersion } = surroundings;
  if (keysFile === null || role === null) return null;
  return createInstaller(
    { clock, log, files: createSystemFiles(), tell: (event) => surroundings.tellHost(event) },
    {
      dataDir: config.dataDir,
      keysFile,
      running: surroundings.release,
      role,
      abilities: { node: process.versions.node, host: hostVersion, stateSchema },
      flynotes: { url: config.flynotesUrl, licenceKey: config.licenceKey },
    },
  );
}

function newNonce(): string {
  return randomBytes(24).toString('base64url');
}

function outboxOf({ outbox }: State) {
  return {
    add: (kind: ReportKind, payloadJson: string) => outbox.add(kind, payloadJson),
    next: (kind: ReportKind, limit: number) => outbox.next(limit, kind),
    delete: (ids: readonly number[]) => outbox.delete(ids),
    dropped: (kind: ReportKind) => outbox.dropped(kind),
    forgetDropped: (kind: ReportKind, count: number) => outbox.forgetDropped(kind, count),
  };
}

/** Notes of the lifecycle are worth having and never worth dying for: a full disk is reported, and life goes on. */
function forgivingNotes({ notes }: State, log: Log) {
  return {
    get: (key: string) => notes.get(key),
    set: (key: string, value: string) => forgiving(log, () => notes.set(key, value)),
    delete: (key: string) => forgiving(log, () => notes.delete(key)),
  };
}

function forgiving(log: Log, write: () => void): void {
  try {
    write();
  } catch (error) {
    log.error(error, 'state');
  }
}

/** Tries once to tell Flynotes how a command ended. What Flynotes will never take is given up. */
async function deliverResult(flynotes: FlynotesClient, resultJson: string, signal: AbortSignal): Promise<Delivery> {
  const result = commandResultSchema.safeParse(JSON.parse(resultJson));
  if (!result.success) return { outcome: 'refused', status: 0 };
  try {
    await flynotes.commandResult(result.data, signal);
    return { outcome: 'delivered' };
  } catch (error) {
    if (!isAgentError(error) || error.disposition !== 'permanent') throw error;
    const { status } = error.details;
    return { outcome: 'refused', status: typeof status === 'number' ? status : 0 };
  }
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
