import * as z from 'zod';
import { errorCodeSchema, heartbeatSchema, instantSchema, type Heartbeat } from '../contract/index.ts';
import { codeOf, instantOf, type Clock } from '../runtime/index.ts';
import type { LifeResult } from './life.ts';
import type { MarkerNotes } from './run-marker.ts';

const keys = { heartbeat: 'vital.heartbeat', end: 'vital.end' } as const;

const endSchema = z.object({
  at: instantSchema,
  reason: z.string().max(40),
  exitCode: z.int(),
  /** What stood in the way. */
  codes: z.array(errorCodeSchema).max(20),
  /** Absent in notes of versions that did not keep it. */
  version: z.string().max(100).optional(),
});
/** How the latest run ended that ended by itself. */
export type NotedEnd = z.infer<typeof endSchema>;

/** Keeps what a heartbeat tells for whoever asks on this machine. Codes, counts and times; nothing of a patient. */
export function noteHeartbeat(notes: Pick<MarkerNotes, 'set'>, heartbeat: Heartbeat): void {
  notes.set(keys.heartbeat, JSON.stringify(heartbeat));
}

/** Keeps how a run ended. */
export function noteEnd(
  notes: Pick<MarkerNotes, 'set'>,
  clock: Pick<Clock, 'now'>,
  result: Pick<LifeResult, 'reason' | 'exitCode' | 'failures'> & { readonly version: string },
): void {
  const { reason, exitCode, failures, version } = result;
  const codes = [...new Set(failures.map(codeOf))].slice(0, 20);
  notes.set(keys.end, JSON.stringify({ at: instantOf(clock), reason, exitCode, codes, version } satisfies NotedEnd));
}

/** The newest heartbeat, and the newest end; null where there was none, or where another version wrote it otherwise. */
export function notedVitals(note: (key: string) => string | null): {
  readonly heartbeat: Heartbeat | null;
  readonly end: NotedEnd | null;
} {
  return { heartbeat: read(heartbeatSchema, note(keys.heartbeat)), end: read(endSchema, note(keys.end)) };
}

function read<Value>(schema: z.ZodType<Value>, text: string | null): Value | null {
  try {
    return text === null ? null : schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
