import { isAgentError, pauseAfter, type Backoff, type Clock } from '../runtime/index.ts';
import { createBatcher } from './batcher.ts';
import type { FailureEpisode } from './failure-episode.ts';
import { translateQueueError } from './queue-errors.ts';
import { batchMost, type QueueTransport, type ReceivedMessage } from './queue-transport.ts';

/** A message that is in our hands: hidden from others until it is deleted or handed back. */
export interface HeldMessage extends Omit<ReceivedMessage, 'receiptHandle'> {
  /** Monotonic milliseconds. */
  readonly receivedAt: number;
}

/** Keeps messages hidden while they are worked on, and gives them up again: for good, or back to the queue. */
export interface Custody {
  /** Null where the same message is in our hands already: its visibility ran out, and the queue handed it out once more. */
  take(message: ReceivedMessage): HeldMessage | null;
  /** Deletes for good. True when the queue confirmed it; otherwise it will come back. Never rejects. */
  delete(message: HeldMessage): Promise<boolean>;
  /** Lets the queue hand it out again after this time. Never rejects. */
  handBack(message: HeldMessage, visibilityS: number): Promise<void>;
  /** Hands back at once whatever is still held. */
  handBackAll(): void;
  /** Extends the visibility of what is held, until the signal. */
  keepHidden(signal: AbortSignal): Promise<void>;
  /** Resolves when every deletion and hand-back that was begun has ended. */
  settled(): Promise<void>;
  size(): number;
}

/** Options of {@link createCustody}. */
export interface CustodyOptions {
  readonly visibilityS: number;
  /** How long a deletion waits for others to share its call. */
  readonly batchDelayMs: number;
}

const deleteTries = 4;
const deleteBackoff: Backoff = { firstMs: 200, mostMs: 2_000, jitter: 0.2 };

/** @see {@link Custody} */
export function createCustody(
  deps: { readonly clock: Clock; readonly transport: QueueTransport; readonly episode: FailureEpisode },
  options: CustodyOptions,
): Custody {
  const { clock, transport, episode } = deps;
  interface Entry {
    readonly held: HeldMessage;
    receiptHandle: string;
    hiddenAt: number;
  }
  const entries = new Map<string, Entry>();
  const pending = new Set<Promise<unknown>>();
  const batching = { sizeMost: batchMost, delayMs: options.batchDelayMs };
  const deletions = createBatcher<string>(clock, (handles) => transport.deleteBatch(handles), batching);
  const changes = createBatcher<{ receiptHandle: string; visibilityS: number }>(
    clock,
    (batch) => transport.changeVisibilityBatch(batch),
    batching,
  );

  function track<Result>(work: Promise<Result>): Promise<Result> {
    pending.add(work);
    void work.finally(() => pending.delete(work));
    return work;
  }

  /** True when it went through; a failure is told, and is no reason to fail whatever it happened to. */
  async function attempt(work: () => Promise<boolean>, retryInMs: number): Promise<boolean> {
    try {
      const done = await work();
      episode.succeeded();
      return done;
    } catch (error) {
      episode.failed(isAgentError(error) ? error : translateQueueError(error), retryInMs);
      return false;
    }
  }

  async function deleteEntry(entry: Entry): Promise<boolean> {
    for (let tryNumber = 1; tryNumber <= deleteTries; tryNumber++) {
      const pauseMs = tryNumber < deleteTries ? pauseAfter(tryNumber, deleteBackoff) : 0;
      // The handle is read anew each time: the message may have come once more in between.
      if (await attempt(() => deletions.add(entry.receiptHandle), pauseMs)) {
        entries.delete(entry.held.messageId);
        return true;
      }
      if (pauseMs > 0) await clock.sleep(pauseMs);
    }
    entries.delete(entry.held.messageId);
    return false;
  }

  async function handBack(message: HeldMessage, visibilityS: number): Promise<void> {
    const entry = entries.get(message.messageId);
    if (!entry) return;
    entries.delete(message.messageId);
    await attempt(() => changes.add({ receiptHandle: entry.receiptHandle, visibilityS }), 0);
  }

  async function extend(due: readonly Entry[]): Promise<void> {
    await Promise.all(
      due.map(async (entry) => {
        const at = clock.monotonic();
        const change = { receiptHandle: entry.receiptHandle, visibilityS: options.visibilityS };
        if (await attempt(() => changes.add(change), 0)) entry.hiddenAt = at;
      }),
    );
  }

  return {
    take(message) {
      const known = entries.get(message.messageId);
      if (known) {
        known.receiptHandle = message.receiptHandle;
        known.hiddenAt = clock.monotonic();
        return null;
      }
      const { receiptHandle, ...rest } = message;
      const held = { ...rest, receivedAt: clock.monotonic() };
      entries.set(message.messageId, { held, receiptHandle, hiddenAt: held.receivedAt });
      return held;
    },
    delete(message) {
      const entry = entries.get(message.messageId);
      return entry ? track(deleteEntry(entry)) : Promise.resolve(false);
    },
    handBack: (message, visibilityS) => track(handBack(message, visibilityS)),
    handBackAll() {
      for (const { held } of entries.values()) void track(handBack(held, 0));
    },
    async keepHidden(signal) {
      const everyMs = (options.visibilityS * 1_000) / 3;
      while (!signal.aborted) {
        try {
          await clock.sleep(everyMs, signal);
        } catch {
          return;
        }
        // A message that came after the last round has time until the next one.
        const dueBefore = clock.monotonic() - everyMs / 2;
        void extend([...entries.values()].filter(({ hiddenAt }) => hiddenAt <= dueBefore));
      }
    },
    async settled() {
      while (pending.size > 0) await Promise.allSettled(pending);
    },
    size: () => entries.size,
  };
}
