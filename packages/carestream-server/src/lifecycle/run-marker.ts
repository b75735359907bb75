import * as z from 'zod';
import { instantOf, type Clock, type Log } from '../runtime/index.ts';
import type { CrashRecord } from '../telemetry/index.ts';

const markerSchema = z.object({ startedAt: z.iso.datetime({ offset: true }), version: z.string() });
const key = 'run.marker';
/** When a run began, and of which version it is. */
export type MarkedRun = z.infer<typeof markerSchema>;

/** Small facts that outlive the process. */
export interface MarkerNotes {
  get(key: string): string | null;
  set(key: string, value: string): void;
  delete(key: string): void;
}

/** A note that stands as long as this run does: whoever finds it at a start knows that the run before never ended. */
export interface RunMarker {
  /** This run ends as it should. */
  end(): void;
}

/** What {@link beginRun} needs. */
export interface RunMarkerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly notes: MarkerNotes;
  /** What a crash wrote down, if it could. */
  readonly crash: CrashRecord | null;
}

/** Reports a run that never ended, and marks this one as begun. */
export function beginRun(deps: RunMarkerDeps, version: string): RunMarker {
  const left = deps.notes.get(key);
  if (left !== null || deps.crash !== null) {
    deps.log.emit('agent.previous-run-crashed', {
      code: 'PREVIOUS_RUN_CRASHED',
      ...deps.crash,
      startedAt: startOf(left),
    });
  }
  deps.notes.set(key, JSON.stringify({ startedAt: instantOf(deps.clock), version }));
  return { end: () => deps.notes.delete(key) };
}

/** The run that is marked at the moment; null where none is. */
export const markedRun = (note: (key: string) => string | null): MarkedRun | null => markedBy(note(key)) ?? null;

const startOf = (marker: string | null): string | undefined => markedBy(marker)?.startedAt;

function markedBy(marker: string | null): MarkedRun | undefined {
  try {
    return marker === null ? undefined : markerSchema.parse(JSON.parse(marker));
  } catch {
    return undefined;
  }
}
