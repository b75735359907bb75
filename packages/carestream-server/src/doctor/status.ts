import { passFiguresSchema, type ErrorCode, type Heartbeat, type PassFigures } from '../contract/index.ts';
import { markedRun, notedVitals, type MarkedRun, type NotedEnd } from '../lifecycle/index.ts';
import { passNotes } from '../upload/index.ts';

/** How the agent is doing, as far as its own notes tell. */
export interface Status {
  readonly running: boolean;
  /** What runs, or what ran last; null where nothing ever did. */
  readonly version: string | null;
  readonly hostVersion: string | null;
  /** Since when it runs, or since when it does not. */
  readonly since: string | null;
  /** The newest heartbeat of any run. */
  readonly lastSeenAt: string | null;
  /** How the latest run ended that could still say so; null while one runs. */
  readonly ended: NotedEnd | null;
  /** When R4 and Flynotes were last found equal. */
  readonly lastEqualAt: string | null;
  readonly lastPass: PassFigures | null;
  readonly queue: Heartbeat['queue'] | null;
  readonly warnings: readonly ErrorCode[] | readonly string[];
  readonly update: Heartbeat['update'] | null;
  readonly schemaFingerprint: string | null;
  /** Reports that wait for delivery. */
  readonly waitingReports: number;
}

/** What a status is made from. */
export interface StatusSource {
  note(key: string): string | null;
  waitingReports(): number;
}

/** Puts the notes of the state database together. */
export function statusOf(source: StatusSource, running: boolean): Status {
  const note = (key: string): string | null => source.note(key);
  const { heartbeat, end } = notedVitals(note);
  const run = markedRun(note);
  const startedAt = run?.startedAt ?? null;
  // A heartbeat of an earlier run says nothing of how this one is doing.
  const current = running && heartbeat !== null && (startedAt === null || heartbeat.at >= startedAt) ? heartbeat : null;
  const told = running ? current : heartbeat;
  const lastSeenAt = heartbeat?.at ?? null;
  const ended = running || (end !== null && startedAt !== null && startedAt > end.at) ? null : end;
  return {
    running,
    version: versionOf({ run, ended, heartbeat }),
    hostVersion: heartbeat?.hostVersion ?? null,
    since: running ? (startedAt ?? current?.startedAt ?? null) : (ended?.at ?? lastSeenAt ?? startedAt),
    lastSeenAt,
    ended,
    lastEqualAt: note(passNotes.lastEqualAt) ?? heartbeat?.lastEqualAt ?? null,
    lastPass: current?.lastPass ?? passOf(note(passNotes.lastPass)),
    queue: told?.queue ?? null,
    warnings: told?.warnings ?? [],
    update: told?.update ?? null,
    schemaFingerprint: heartbeat?.schemaFingerprint ?? null,
    waitingReports: source.waitingReports(),
  };
}

/** A start may fail, and a run may begin, before there is any heartbeat of them. */
function versionOf({
  run,
  ended,
  heartbeat,
}: {
  readonly run: MarkedRun | null;
  readonly ended: NotedEnd | null;
  readonly heartbeat: Heartbeat | null;
}): string | null {
  const told = [
    { at: run?.startedAt, version: run?.version },
    { at: ended?.at, version: ended?.version },
    { at: heartbeat?.at, version: heartbeat?.version },
  ].flatMap(({ at, version }) => (at === undefined || version === undefined ? [] : [{ at, version }]));
  return told.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0]?.version ?? null;
}

function passOf(text: string | null): PassFigures | null {
  try {
    return text === null ? null : passFiguresSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
