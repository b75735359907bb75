import type { Level } from '../contract/index.ts';
import { eventTable, type Clock, type EventFields, type EventName, type Log } from '../runtime/index.ts';
import { factsOf } from './error-facts.ts';
import { checkFields } from './fields.ts';
import type { LogFiles } from './log-files.ts';
import type { Reports } from './reports.ts';
import { rollbarItemOf, type Sender } from './rollbar-item.ts';

/** The log, and what only telemetry itself asks of it. */
export interface TelemetryLog extends Log {
  /**
   * Reports what a person asked to see at Rollbar: whatever the lowest level is.
   * @returns whether it is stored until Rollbar has it; where not, it is tried from memory
   */
  require<Name extends RequestedEvent>(name: Name, fields: EventFields<Name>): boolean;
  /** What nobody foresaw and ends the process. */
  crash(error: unknown): void;
  /** The lowest level that goes to Rollbar; `null` for nothing at all. */
  sendFrom(level: Level | null): void;
  /** What was not written since the last call. */
  takeDropped(): { readonly lines: number; readonly fields: number; readonly repeated: number };
}

/** Events that somebody waits for at Rollbar. */
export type RequestedEvent = 'command.test' | 'command.questions' | 'command.preset-answers';

/** What the log needs. */
export interface LogDeps {
  readonly clock: Clock;
  readonly files: Pick<LogFiles, 'write'>;
  readonly reports: Reports;
  readonly sender: () => Sender;
}

const levels: readonly Level[] = ['debug', 'info', 'warning', 'error', 'critical'];
/** These stay on the machine: reports about reports that fail would make more of themselves. */
const localEvents: ReadonlySet<EventName> = new Set<EventName>(['rollbar.rejected', 'reports.failing']);
/** Sent whatever the level, since somebody asked. */
const requestedEvents: ReadonlySet<EventName> = new Set<RequestedEvent>([
  'command.test',
  'command.questions',
  'command.preset-answers',
]);
/** The same fault again and again is sent this often within the window; the log on disk has every one. */
const repeatsMost = 20;
const repeatsWindowMs = 600_000;

/** A log that writes each declared event to disk, and those from the set level on to Rollbar's outbox. */
export function createLog(deps: LogDeps): TelemetryLog {
  let threshold: Level | null = 'info';
  let dropped = { lines: 0, fields: 0, repeated: 0 };
  let windowStart = deps.clock.monotonic();
  let repeats = new Map<string, number>();

  const isRepeated = (level: Level, key: string): boolean => {
    if (level === 'debug' || level === 'info') return false;
    const now = deps.clock.monotonic();
    if (now - windowStart >= repeatsWindowMs) {
      windowStart = now;
      repeats = new Map();
    }
    const count = (repeats.get(key) ?? 0) + 1;
    repeats.set(key, count);
    return count > repeatsMost;
  };

  const isWanted = (name: EventName, level: Level): boolean => {
    if (requestedEvents.has(name)) return true;
    return threshold !== null && levels.indexOf(level) >= levels.indexOf(threshold) && !localEvents.has(name);
  };

  /** True when the event is stored for Rollbar. */
  const emit = (name: EventName, given: Readonly<Record<string, unknown>>): boolean => {
    const level: Level = eventTable[name].level;
    const { fields, dropped: fieldsDropped } = checkFields(name, given);
    dropped.fields += fieldsDropped;
    const atMs = deps.clock.now();
    const line = JSON.stringify({ at: new Date(atMs).toISOString(), level, event: name, ...fields });
    if (!deps.files.write(line)) dropped.lines += 1;
    if (!isWanted(name, level)) return false;
    const { code, area, frames } = fields as { code?: string; area?: string; frames?: readonly string[] };
    if (isRepeated(level, [name, code, area, frames?.[0]].join(' '))) {
      dropped.repeated += 1;
      return false;
    }
    const item = rollbarItemOf({ name, level, atMs, fields }, deps.sender());
    const isUrgent = level === 'error' || level === 'critical' || requestedEvents.has(name);
    return deps.reports.add('rollbar', JSON.stringify(item), isUrgent ? 'urgent' : 'soon');
  };

  return {
    emit: (name, fields) => void safely(() => emit(name, fields)),
    require: (name, fields) => safely(() => emit(name, fields)),
    error: (error, area) => void safely(() => emit('error', { ...factsOf(error, area) })),
    crash(error) {
      safely(() => {
        const { code, class: className, frames } = factsOf(error, 'process');
        return emit('agent.crashed', { code, class: className, frames });
      });
    },
    sendFrom(level) {
      threshold = level;
    },
    takeDropped() {
      const counts = dropped;
      dropped = { lines: 0, fields: 0, repeated: 0 };
      return counts;
    },
  };

  function safely(write: () => boolean): boolean {
    try {
      return write();
    } catch {
      // Reporting never breaks what is reported on.
      dropped.lines += 1;
      return false;
    }
  }
}
