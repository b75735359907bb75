import { pauseAfter, type Backoff, type Clock, type Log } from '../runtime/index.ts';
import type { FailureEpisode } from './failure-episode.ts';
import { translateQueueError } from './queue-errors.ts';
import { waitMostS, type QueueTransport, type ReceivedMessage } from './queue-transport.ts';

/** Keeps one receive outstanding, and calms down while the queue cannot be reached. */
export interface Receiver {
  /** Receives until the course is over. Never rejects. */
  run(course: ReceiveCourse): Promise<void>;
  /** When the queue last answered. */
  readonly lastReceiveAt: string | null;
}

/** One run of a {@link Receiver}. */
export interface ReceiveCourse {
  /** Ends the run: the outstanding receive is still waited for. */
  readonly until: AbortSignal;
  /** Ends the run too, on the monotonic clock; the last receive is shortened to fit. */
  readonly endsAt: number;
  /** When aborted, the outstanding receive is no longer waited for. */
  readonly giveUp: AbortSignal;
  /** Takes messages. What it returns is waited for before the next receive. */
  accept(messages: readonly ReceivedMessage[]): Promise<unknown> | null;
  /** Gives messages back that came when the run was over. */
  handBack(messages: readonly ReceivedMessage[]): void;
  /** Resolves when there is room for more. */
  room(): Promise<void> | null;
}

const backoff: Backoff = { firstMs: 500, mostMs: 30_000, jitter: 0.3 };
/** An empty answer well before its time, so often in a row, is not a queue that waits; asking on at full speed would help nobody. */
const hastyMost = 5;
const hastyPauseMs = 1_000;

/** @see {@link Receiver} */
export function createReceiver(
  deps: {
    readonly clock: Clock;
    readonly log: Log;
    readonly transport: QueueTransport;
    /** The queue answered, or failed to. */
    onAnswer?(): void;
  },
  episode: FailureEpisode,
): Receiver {
  const { clock, log, transport } = deps;
  let lastReceiveAt: string | null = null;

  /**
   * A receive is never aborted: it would take the next message with it. Where it is not waited for any more, what it brings is handed
   * back, if this process still lives.
   */
  function receive(waitS: number, course: ReceiveCourse): Promise<readonly ReceivedMessage[]> {
    return new Promise((resolve, reject) => {
      let givenUp = false;
      const giveUp = () => {
        givenUp = true;
        resolve([]);
      };
      if (course.giveUp.aborted) return giveUp();
      course.giveUp.addEventListener('abort', giveUp, { once: true });
      const answered = () => course.giveUp.removeEventListener('abort', giveUp);
      transport.receive(waitS).then(
        (messages) => {
          answered();
          if (givenUp) course.handBack(messages);
          else resolve(messages);
        },
        (error: unknown) => {
          answered();
          reject(error as Error);
        },
      );
    });
  }

  const pause = (ms: number, until: AbortSignal) => clock.sleep(ms, until).catch(() => undefined);

  return {
    get lastReceiveAt() {
      return lastReceiveAt;
    },
    async run(course) {
      const over = () => course.until.aborted || clock.monotonic() >= course.endsAt;
      /** The first receive, and the first after a failure, do not wait: so it is known at once whether the queue can be reached. */
      let proven = false;
      let hasty = 0;
      while (!over()) {
        await course.room();
        if (over()) return;
        const leftS = Math.ceil((course.endsAt - clock.monotonic()) / 1_000);
        const waitS = proven ? Math.max(1, Math.min(waitMostS, leftS)) : 0;
        const askedAt = clock.monotonic();
        try {
          const messages = await receive(waitS, course);
          lastReceiveAt = new Date(clock.now()).toISOString();
          episode.succeeded();
          deps.onAnswer?.();
          if (!proven) log.emit('queue.receiving', {});
          proven = true;
          if (over()) course.handBack(messages);
          else await course.accept(messages);
          const early = messages.length === 0 && clock.monotonic() - askedAt < waitS * 100;
          hasty = early ? hasty + 1 : 0;
          if (hasty >= hastyMost) await pause(hastyPauseMs, course.until);
        } catch (error) {
          proven = false;
          const failure = translateQueueError(error);
          const pauseMs = Math.max(pauseAfter(episode.failures() + 1, backoff), failure.retryAfterMs ?? 0);
          episode.failed(failure, pauseMs);
          deps.onAnswer?.();
          await pause(pauseMs, course.until);
        }
      }
    },
  };
}
