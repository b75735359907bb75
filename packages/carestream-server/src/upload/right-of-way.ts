import { batchPatientsMost } from '../contract/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { UploadDeps, UploadReader } from './ports.ts';

/** What bulk work asks the world for, and where it can be held up for a moment. */
type Ports = Pick<UploadDeps, 'practice' | 'flynotes' | 'clock'>;

/** The same for bulk work, and how many rows a batch may have at the moment. */
type GivingPorts = Ports & Required<Pick<UploadDeps, 'batchRowsMost'>>;

/** Patients for whom somebody waits at a screen go before bulk work, which stops between two steps while one is on its way. */
export interface RightOfWay {
  /** Somebody waits, until the returned function is called. */
  take(): () => void;
  /**
   * The same ports for bulk work: nothing new is begun while somebody waits, neither a read nor a batch nor a slice of rows. What has
   * begun already cannot be stopped; so while patients come one after another, pages and batches are small, and each is rested after.
   */
  givenBy(ports: Ports): GivingPorts;
  /**
   * Resolves once nobody waits and nobody is likely to: what makes the whole process stand still has its time then. Where patients come for
   * minutes on end, a moment between two of them will do.
   */
  quiet(signal: AbortSignal): Promise<void>;
}

/** However many patients follow one another, a step of bulk work waits no longer than this: it gets slower, never stuck. */
const givenMostMs = 100;
/** Patients often come in a row, as a morning's list does: the gap between two of them is not worth a step of bulk work. */
const gapMs = 30;
/** Who looked at one patient is likely to look at another one soon. */
const expectedForMs = 2_000;
/** Beyond this, whoever waits for quiet takes what there is. */
const quietMostMs = 60_000;
/** What the next patient may find under way at R4 and at Flynotes: some 2 ms of work each. */
const smallRows = 125;
/** And nothing at all for so many times as long as a step took: two times of three the next patient has every machine for themselves. */
const restRatio = 2;

/** @see {@link RightOfWay} */
export function createRightOfWay(clock: Clock): RightOfWay {
  let underWay = 0;
  let quietAtMs = Number.NEGATIVE_INFINITY;
  let expectedUntilMs = Number.NEGATIVE_INFINITY;
  let restUntilMs = Number.NEGATIVE_INFINITY;
  let waiting: (() => void)[] = [];

  const clear = async (signal: AbortSignal | undefined): Promise<void> => {
    const enoughAtMs = clock.monotonic() + givenMostMs;
    for (;;) {
      const nowMs = clock.monotonic();
      const waitMs = (underWay > 0 ? enoughAtMs : Math.min(enoughAtMs, Math.max(quietAtMs, restUntilMs))) - nowMs;
      if (waitMs <= 0) return;
      const left = new AbortController();
      waiting.push(() => left.abort());
      const either = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
      await clock.sleep(waitMs, either).catch(() => signal?.throwIfAborted());
    }
  };

  /** One step of bulk work, when nobody waits. While somebody is expected, a rest follows it. */
  const step = async <Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> => {
    await clear(signal);
    const startedMs = clock.monotonic();
    try {
      return await work();
    } finally {
      const nowMs = clock.monotonic();
      if (nowMs < expectedUntilMs) restUntilMs = Math.max(restUntilMs, nowMs + restRatio * (nowMs - startedMs));
    }
  };

  const rowsMost = (rows: number): number =>
    underWay > 0 || clock.monotonic() < expectedUntilMs ? Math.min(rows, smallRows) : rows;

  const readerGiving = (reader: UploadReader): UploadReader => ({
    readBasicsPage: (afterCode, pageRows, signal) =>
      step(() => reader.readBasicsPage(afterCode, rowsMost(pageRows), signal), signal),
    readBasicsOf: (codes, signal) => step(() => reader.readBasicsOf(codes, signal), signal),
    readPatient: (code, signal) => reader.readPatient(code, signal),
  });

  return {
    take() {
      underWay += 1;
      let taken = true;
      return () => {
        if (!taken) return;
        taken = false;
        underWay -= 1;
        quietAtMs = clock.monotonic() + gapMs;
        expectedUntilMs = clock.monotonic() + expectedForMs;
        if (underWay > 0) return;
        const released = waiting;
        waiting = [];
        for (const release of released) release();
      };
    },
    async quiet(signal) {
      const enoughAtMs = clock.monotonic() + quietMostMs;
      for (;;) {
        const nowMs = clock.monotonic();
        const waitMs = underWay > 0 ? gapMs : Math.min(expectedUntilMs, enoughAtMs) - nowMs;
        if (waitMs <= 0) return;
        await clock.sleep(waitMs, signal);
      }
    },
    givenBy: ({ practice, flynotes, clock: time }) => ({
      practice: () => readerGiving(practice()),
      batchRowsMost: () => rowsMost(batchPatientsMost),
      flynotes: {
        beginPass: (...request) => flynotes.beginPass(...request),
        sendBatch: (passId, body, options, signal) =>
          step(() => flynotes.sendBatch(passId, body, options, signal), signal),
        completePass: (...request) => flynotes.completePass(...request),
        putPatient: (...request) => flynotes.putPatient(...request),
        sentBytes: () => flynotes.sentBytes(),
      },
      clock: {
        now: () => time.now(),
        monotonic: () => time.monotonic(),
        async sleep(ms, signal) {
          await time.sleep(ms, signal);
          // No pause but a place between two slices, where others have their turn.
          if (ms <= 0) await clear(signal);
        },
      },
    }),
  };
}
