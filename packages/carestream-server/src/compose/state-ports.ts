import type { Log } from '../runtime/index.ts';
import type { State } from '../state/index.ts';
import type { ReportKind } from '../telemetry/index.ts';

/** The part of the state that keeps reports until they are delivered. */
export function outboxOf({ outbox }: State) {
  return {
    add: (kind: ReportKind, payloadJson: string) => outbox.add(kind, payloadJson),
    next: (kind: ReportKind, limit: number) => outbox.next(limit, kind),
    delete: (ids: readonly number[]) => outbox.delete(ids),
    dropped: (kind: ReportKind) => outbox.dropped(kind),
    forgetDropped: (kind: ReportKind, count: number) => outbox.forgetDropped(kind, count),
  };
}

/** Notes of the lifecycle are worth having and never worth dying for: a full disk is reported, and life goes on. */
export function forgivingNotes({ notes }: State, log: Log) {
  return {
    get: (key: string) => notes.get(key),
    set: (key: string, value: string) => forgiving(log, () => notes.set(key, value)),
    delete: (key: string) => forgiving(log, () => notes.delete(key)),
  };
}

/** Does it, or reports why not. */
export function forgiving(log: Log, write: () => void): void {
  try {
    write();
  } catch (error) {
    log.error(error, 'state');
  }
}
