import { pause, retry, type Backoff, type Clock } from '../runtime/index.ts';
import type { BasicsPage, UploadReader } from './ports.ts';

/** A page with the number of the read that brought it. */
export interface NumberedPage extends BasicsPage {
  /** Where the page began: it covers the patient numbers above this one; null for the first. */
  readonly afterCode: number | null;
  readonly readSequence: number;
  /** How long was waited before it, to leave SQL Server to R4. */
  readonly pausedMs: number;
}

/** How R4's server is spared. */
export interface Pace {
  readonly pageRows: number;
  /**
   * How long is waited after a page, in proportion to what it took: 0.5 leaves SQL Server alone for a third of the time, and a
   * busy one, which takes longer for a page, for longer.
   */
  readonly pauseRatio: number;
  readonly pauseMostMs: number;
}

/** How a pass goes through the pages. */
export interface Pacing {
  readonly pace: Pace;
  /** Aborts when somebody waits for the pass: from then on it pauses no more. */
  readonly hurry: AbortSignal;
  /** The first page begins above this number; without it, at the beginning. */
  readonly afterCode?: number | null;
}

/** What {@link readPages} and {@link readWithRetry} need. */
export interface ReadDeps {
  readonly practice: () => UploadReader;
  readonly clock: Clock;
  readonly nextReadSequence: () => number;
}

/** A deadlock, a locked row, a restarted server: they pass, but a pass that finds none of it better after this gives up. */
const readTries = 6;
const readBackoff: Backoff = { firstMs: 500, mostMs: 30_000, jitter: 0.5 };

/** Reads with a number taken before; read again on a failure that may pass, then with a new number. */
export function readWithRetry<Result>(
  deps: ReadDeps,
  read: (reader: UploadReader, readSequence: number) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const options = { backoff: readBackoff, tries: readTries };
  return retry(() => read(deps.practice(), deps.nextReadSequence()), { clock: deps.clock, options }, signal);
}

/** All of the patients' table, one page ahead of whoever takes them: while one is worked on, the next is read. */
export async function* readPages(
  deps: ReadDeps,
  { pace, hurry, afterCode: first = null }: Pacing,
  signal: AbortSignal,
): AsyncGenerator<NumberedPage> {
  const left = new AbortController();
  const whileWanted = AbortSignal.any([signal, left.signal]);
  const whileNobodyWaits = AbortSignal.any([whileWanted, hurry]);

  /** @returns how long it was */
  const takePause = async (pauseMs: number): Promise<number> => {
    if (pauseMs <= 0 || hurry.aborted) return 0;
    const startedMs = deps.clock.monotonic();
    await pause(deps.clock, pauseMs, whileNobodyWaits);
    whileWanted.throwIfAborted();
    return deps.clock.monotonic() - startedMs;
  };

  const readOne = async (afterCode: number | null, pauseMs: number): Promise<NumberedPage> => {
    const pausedMs = await takePause(pauseMs);
    return readWithRetry(
      deps,
      async (reader, readSequence) => {
        const page = await reader.readBasicsPage(afterCode, pace.pageRows, whileWanted);
        return { ...page, afterCode, readSequence, pausedMs };
      },
      whileWanted,
    );
  };
  const begin = (afterCode: number | null, pauseMs: number) => {
    const reading = readOne(afterCode, pauseMs);
    // Its failure is met when the page is asked for; until then it must not count as unhandled.
    reading.catch(() => undefined);
    return reading;
  };

  let ahead = begin(first, 0);
  try {
    for (;;) {
      const page = await ahead;
      if (page.lastCode !== null) {
        ahead = begin(page.lastCode, Math.min(page.elapsedMs * pace.pauseRatio, pace.pauseMostMs));
      }
      yield page;
      if (page.lastCode === null) return;
    }
  } finally {
    left.abort();
    await ahead.catch(() => undefined);
  }
}
