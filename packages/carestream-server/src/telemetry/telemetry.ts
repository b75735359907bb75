import type { ErrorCode, LicenceAnswer, PracticeId } from '../contract/index.ts';
import { isAgentError, pause, untilAborted, type Backoff, type Clock } from '../runtime/index.ts';
import { createLog, type TelemetryLog } from './log.ts';
import { createLogFiles } from './log-files.ts';
import { createReportDrain, type Delivery } from './report-drain.ts';
import { createReports, type Outbox } from './reports.ts';
import { rollbarEndpoint, sendRollbarItem, type RollbarTarget } from './rollbar-sender.ts';

/** Everything that reports: the log, and the delivery of what must leave the machine. */
export interface Telemetry {
  readonly log: TelemetryLog;
  /** Keeps reports in the state database from now on. */
  attach(outbox: Outbox): void;
  /** Takes token, environment, level and practice from a licence answer. */
  configure(answer: Pick<LicenceAnswer, 'rollbar'> & { readonly practice: { readonly id: PracticeId } }): void;
  /** Delivers results of commands by this from now on. */
  deliverResultsBy(deliver: (resultJson: string, signal: AbortSignal) => Promise<Delivery>): void;
  /** Keeps a command's result until Flynotes has it. */
  addResult(resultJson: string): void;
  /** Why reports cannot be delivered at the moment, or null. */
  failing(): ErrorCode | null;
  /** Delivers until the signal. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Delivers what waits, for as long as this at most. To be called when `run` has ended. */
  flush(withinMs: number): Promise<void>;
  /** Lets go of outbox and files; whatever is logged afterwards is lost. */
  close(): void;
}

/** Options of {@link createTelemetry}. */
export interface TelemetryOptions {
  readonly logFolder: string;
  readonly version: string;
  /** The submit-only token of the configuration, used until the licence answer brings one. */
  readonly rollbarToken?: string | undefined;
  /** Set for emulators alone. */
  readonly rollbarEndpoint?: string | undefined;
  readonly logSizeBytes?: number;
  readonly logFiles?: number;
  readonly backoff?: Backoff;
}

const megabyte = 1_048_576;
const gatherMs = 250;
const droppedEveryMs = 60_000;
const growing: Backoff = { firstMs: 1_000, mostMs: 300_000, jitter: 0.3 };

/** @see {@link Telemetry} */
export function createTelemetry(deps: { readonly clock: Clock }, options: TelemetryOptions): Telemetry {
  const { clock } = deps;
  const backoff = options.backoff ?? growing;
  const files = createLogFiles({
    folder: options.logFolder,
    sizeBytes: options.logSizeBytes ?? 5 * megabyte,
    files: options.logFiles ?? 10,
  });
  const reports = createReports();
  let practiceId: string | null = null;
  const configured: RollbarTarget | null = options.rollbarToken
    ? {
        accessToken: options.rollbarToken,
        environment: 'production',
        endpoint: options.rollbarEndpoint ?? rollbarEndpoint,
      }
    : null;
  let target = configured;
  const log = createLog({ clock, files, reports, sender: () => ({ version: options.version, practiceId }) });
  let deliverResult: ((resultJson: string, signal: AbortSignal) => Promise<Delivery>) | null = null;
  /** Rollbar's last word on what it does not take, as a status; 0 where it cannot be reached, null while all is well. */
  let failingWith: number | null = null;
  const refused = { rollbar: { count: 0, status: 0 }, 'command-result': { count: 0, status: 0 } };

  const items = createReportDrain(
    {
      clock,
      reports,
      deliver: (json, signal) => (target ? sendRollbarItem(json, target, signal) : notYet),
      onFailed(error) {
        const status = isAgentError(error) ? Number(error.details['status'] ?? 0) : 0;
        if (failingWith === status) return;
        failingWith = status;
        // A wrong token can be told of on this machine and in heartbeats alone.
        log.emit('reports.failing', { code: 'REPORT_UNDELIVERED', ...(status > 0 ? { status } : {}) });
      },
      onSettled(delivery, json) {
        failingWith = null;
        if (delivery.outcome !== 'refused') return;
        log.emit('rollbar.rejected', { status: delivery.status, dropped: 1 });
        // An item that tells of dropped items is not counted, or a receiver that refuses all would keep us telling.
        if (!json.includes('"event":"reports.dropped"')) {
          refused.rollbar = { count: refused.rollbar.count + 1, status: delivery.status };
        }
      },
    },
    { kind: 'rollbar', backoff },
  );
  const results = createReportDrain(
    {
      clock,
      reports,
      deliver: (json, signal) => (deliverResult ? deliverResult(json, signal) : notYet),
      onSettled(delivery) {
        if (delivery.outcome !== 'refused') return;
        refused['command-result'] = { count: refused['command-result'].count + 1, status: delivery.status };
      },
    },
    { kind: 'command-result', backoff },
  );

  const tellDropped = (): void => {
    const { lines, fields, repeated } = log.takeDropped();
    if (lines + fields > 0) log.emit('log.dropped', { lines, fields });
    for (const kind of ['rollbar', 'command-result'] as const) {
      const { count, status } = refused[kind];
      const lost = reports.takeOverflowed(kind) + (kind === 'rollbar' ? repeated : 0);
      if (count + lost === 0) continue;
      refused[kind] = { count: 0, status: 0 };
      log.emit('reports.dropped', { kind, refused: count, overflowed: lost, ...(status > 0 ? { status } : {}) });
    }
  };

  let gathering: (() => void) | undefined;
  reports.onGathering(() => gathering?.());

  const gather = async (signal: AbortSignal): Promise<void> => {
    reports.persist();
    while (!signal.aborted) {
      const begun = new Promise<void>((resolve) => {
        gathering = resolve;
      });
      await untilAborted(signal, begun);
      await pause(clock, gatherMs, signal);
      reports.persist();
    }
  };

  const tellRegularly = async (signal: AbortSignal): Promise<void> => {
    while ((await pause(clock, droppedEveryMs, signal)) === 'over') tellDropped();
  };

  return {
    log,
    attach: (outbox) => reports.attach(outbox),
    configure(answer) {
      practiceId = answer.practice.id;
      target = answer.rollbar
        ? {
            accessToken: answer.rollbar.accessToken,
            environment: answer.rollbar.environment,
            endpoint: answer.rollbar.endpoint ?? rollbarEndpoint,
          }
        : configured;
      // Where neither names a place to send to, nothing is gathered for it.
      log.sendFrom(answer.rollbar?.level ?? (configured ? 'info' : null));
      items.wake();
    },
    deliverResultsBy(deliver) {
      deliverResult = deliver;
      results.wake();
    },
    failing: () => (failingWith === null ? null : 'REPORT_UNDELIVERED'),
    addResult: (resultJson) => void reports.add('command-result', resultJson, 'urgent'),
    async run(signal) {
      await Promise.all([items.run(signal), results.run(signal), gather(signal), tellRegularly(signal)]);
    },
    async flush(withinMs) {
      tellDropped();
      reports.persist();
      await Promise.all([items.flush(withinMs), results.flush(withinMs)]);
    },
    close() {
      reports.persist();
      reports.detach();
      files.close();
    },
  };
}

const notYet: Promise<Delivery> = Promise.resolve({ outcome: 'not-yet' });
