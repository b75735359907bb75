import type { ReceivedItem, RollbarSink } from './rollbar/index.ts';

/** A report of the agent as the tour and the live page see it. */
export interface Report {
  readonly at: string;
  readonly level: string;
  readonly title: string;
  /** The declared event, such as `command.test`. */
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An item of Rollbar's as a report. */
export function reportOf({ receivedAt, data }: ReceivedItem): Report {
  const fields = (data.custom ?? {}) as Record<string, unknown>;
  const event = typeof fields['event'] === 'string' ? fields['event'] : '';
  return { at: receivedAt, level: data.level ?? 'error', title: data.title ?? event, event, fields };
}

/** All reports of one event that Rollbar has received, oldest first. */
export function reportsOf(rollbar: RollbarSink, event: string): readonly Report[] {
  return rollbar
    .items()
    .map(reportOf)
    .filter((report) => report.event === event);
}

/** True where a text stands anywhere in what Rollbar was sent, in any request. */
export function rollbarHolds(rollbar: RollbarSink, text: string): boolean {
  const written = Buffer.from(JSON.stringify(text).slice(1, -1));
  return rollbar.rawBodies().some((body) => body.includes(written));
}
