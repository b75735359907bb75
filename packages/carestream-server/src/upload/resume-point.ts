import { codeOf, type Clock } from '../runtime/index.ts';
import type { Notes } from '../state/index.ts';
import { countsOf, type Tally, type TallyCounts } from './tally.ts';

/** How far through R4 a pass has come: all that lies before has been acknowledged, or noted in the state's findings. */
export interface ResumePoint {
  /** The page that comes next begins above this number; null where all pages were read. */
  readonly afterCode: number | null;
  readonly counts: TallyCounts;
}

/** What must be the same for a pass to go on where another process, or an earlier try, ended. */
export interface ResumeConditions {
  readonly passId: string;
  /** What digests are made with, which database is read, and what rows are read and mapped with. */
  readonly form: string;
  /** How long after a pass began to read its pages still count as read. */
  readonly withinMs: number;
}

/** Where a pass can be gone on with. */
export interface ResumePoints {
  /** Null where the pass is to begin at the first page. From then on the points of this pass are kept. */
  begin(mayResume: boolean): ResumePoint | null;
  /** Notes a point; some are left out, so that a pass of a million patients writes no more than one of a thousand. */
  reached(point: ResumePoint): void;
  forget(): void;
}

interface NotedPoint extends ResumePoint {
  readonly passId: string;
  readonly form: string;
  /** When the pass began to read, in milliseconds since 1970. */
  readonly readingSince: number;
}

/** The ledger's own clearing names it too. */
const noteKey = 'bulk-resume';
const pauseBetweenMs = 250;

/** @see {@link ResumePoints} */
export function createResumePoints(
  { notes, clock }: { readonly notes: Notes; readonly clock: Clock },
  { passId, form, withinMs }: ResumeConditions,
): ResumePoints {
  let readingSince = clock.now();
  let notedMs = Number.NEGATIVE_INFINITY;
  return {
    begin(mayResume) {
      const point = parsePoint(notes.get(noteKey));
      const ageMs = clock.now() - (point?.readingSince ?? Number.NaN);
      if (mayResume && point?.passId === passId && point.form === form && ageMs >= 0 && ageMs <= withinMs) {
        ({ readingSince } = point);
        return point;
      }
      // What was found is dropped next: a point that stayed would go on without it.
      notes.delete(noteKey);
      return null;
    },
    reached({ afterCode, counts }) {
      const nowMs = clock.monotonic();
      if (afterCode !== null && nowMs - notedMs < pauseBetweenMs) return;
      notedMs = nowMs;
      const noted: NotedPoint = { passId, form, readingSince, afterCode, counts };
      unlessFull(() => notes.setLightly(noteKey, JSON.stringify(noted)));
    },
    forget: () => notes.delete(noteKey),
  };
}

/** With a full disk a pass goes on; after a kill it is gone on with from an earlier point. */
function unlessFull(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (codeOf(error) !== 'DISK_FULL') throw error;
  }
}

/** Snapshot of a point after a page. */
export function pointAfter(lastCode: number | null, tally: Tally): ResumePoint {
  return { afterCode: lastCode, counts: countsOf(tally) };
}

/** Whatever is not a point begins the pass anew. */
function parsePoint(text: string | null): NotedPoint | null {
  if (text === null) return null;
  try {
    const point = JSON.parse(text) as Partial<NotedPoint> | null;
    const isCode = point?.afterCode === null || Number.isSafeInteger(point?.afterCode);
    return isCode && typeof point?.counts === 'object' ? (point as NotedPoint) : null;
  } catch {
    return null;
  }
}
