import type { Clock } from '../runtime/index.ts';
import type { UploadDeps, UploadReader } from './ports.ts';

/** What bulk work asks the world for, and where it can be held up for a moment. */
type Ports = Pick<UploadDeps, 'practice' | 'flynotes' | 'clock'>;

/** Patients for whom somebody waits at a screen go before bulk work, which stops between two steps while one is on its way. */
export interface RightOfWay {
  /** Somebody waits, until the returned function is called. */
  take(): () => void;
  /** The same ports for bulk work: nothing new is begun while somebody waits, neither a read nor a batch nor a slice of rows. */
  givenBy(ports: Ports): Ports;
}

/** However many patients follow one another, a step of bulk work waits no longer than this: it gets slower, never stuck. */
const givenMostMs = 100;

/** @see {@link RightOfWay} */
export function createRightOfWay(clock: Clock): RightOfWay {
  let underWay = 0;
  let waiting: (() => void)[] = [];

  const clear = async (signal: AbortSignal | undefined): Promise<void> => {
    if (underWay === 0) return;
    const enough = new AbortController();
    const either = signal ? AbortSignal.any([signal, enough.signal]) : enough.signal;
    waiting.push(() => enough.abort());
    await clock.sleep(givenMostMs, either).catch(() => signal?.throwIfAborted());
  };

  const readerGiving = (reader: UploadReader): UploadReader => ({
    async readBasicsPage(afterCode, pageRows, signal) {
      await clear(signal);
      return reader.readBasicsPage(afterCode, pageRows, signal);
    },
    async readBasicsOf(codes, signal) {
      await clear(signal);
      return reader.readBasicsOf(codes, signal);
    },
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
        if (underWay > 0) return;
        const released = waiting;
        waiting = [];
        for (const release of released) release();
      };
    },
    givenBy: ({ practice, flynotes, clock: time }) => ({
      practice: () => readerGiving(practice()),
      flynotes: {
        beginPass: (...request) => flynotes.beginPass(...request),
        async sendBatch(passId, batch, options, signal) {
          await clear(signal);
          return flynotes.sendBatch(passId, batch, options, signal);
        },
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
