import type { Clock } from '../runtime/index.ts';
import { batchMost, type QueueTransport, type ReceivedMessage } from './queue-transport.ts';

/** A queue in memory that behaves as SQS does, on whatever clock it is given: for tests that run in virtual time. */
export interface InMemoryQueue {
  readonly transport: QueueTransport;
  send(body: string): string;
  /** Makes the same message visible again although it is held, as SQS does now and then. */
  repeat(messageId: string): void;
  /** What was not deleted, by message id. */
  remaining(): readonly string[];
  deadLetters(): readonly string[];
  /** When set, every call fails with it. */
  failWith(error: unknown): void;
  /** Each receive's wait in seconds, each visibility change, in order. */
  readonly waits: readonly number[];
  readonly changes: readonly { readonly messageId: string; readonly visibilityS: number }[];
  /** Receives that are outstanding. */
  outstanding(): number;
}

interface Stored {
  readonly messageId: string;
  readonly body: string;
  readonly sentAtMs: number;
  visibleAt: number;
  receiveCount: number;
  handles: string[];
}

/** @see {@link InMemoryQueue} */
export function createInMemoryQueue(
  clock: Clock,
  options: { readonly visibilityS?: number; readonly receivesMost?: number } = {},
): InMemoryQueue {
  const visibilityMs = (options.visibilityS ?? 30) * 1_000;
  const receivesMost = options.receivesMost ?? Number.POSITIVE_INFINITY;
  const messages = new Map<string, Stored>();
  const dead: string[] = [];
  const waits: number[] = [];
  const changes: { messageId: string; visibilityS: number }[] = [];
  let wakers: (() => void)[] = [];
  let failure: unknown;
  let numbers = 0;
  let outstanding = 0;

  const wake = () => {
    for (const waker of wakers.splice(0)) waker();
  };
  const failIfTold = () => {
    if (failure !== undefined) throw failure;
  };
  const ofHandle = (handle: string) => [...messages.values()].find((message) => message.handles.includes(handle));

  function take(): ReceivedMessage[] {
    const taken: ReceivedMessage[] = [];
    for (const message of messages.values()) {
      if (taken.length >= batchMost || message.visibleAt > clock.monotonic()) continue;
      message.receiveCount += 1;
      if (message.receiveCount > receivesMost) {
        messages.delete(message.messageId);
        dead.push(message.messageId);
        continue;
      }
      const receiptHandle = `${message.messageId}#${message.receiveCount}`;
      message.handles.push(receiptHandle);
      message.visibleAt = clock.monotonic() + visibilityMs;
      const { messageId, body, sentAtMs, receiveCount } = message;
      taken.push({ messageId, body, sentAtMs, receiveCount, receiptHandle });
    }
    return taken;
  }

  async function receive(waitS: number): Promise<readonly ReceivedMessage[]> {
    waits.push(waitS);
    outstanding += 1;
    try {
      const until = clock.monotonic() + waitS * 1_000;
      for (;;) {
        failIfTold();
        const taken = take();
        if (taken.length > 0 || clock.monotonic() >= until) return taken;
        const next = Math.min(until, ...[...messages.values()].map(({ visibleAt }) => visibleAt));
        const woken = new AbortController();
        wakers.push(() => woken.abort());
        await clock.sleep(Math.max(0, next - clock.monotonic()), woken.signal).catch(() => undefined);
      }
    } finally {
      outstanding -= 1;
    }
  }

  return {
    transport: {
      receive,
      async deleteBatch(handles) {
        failIfTold();
        for (const handle of handles) {
          const message = ofHandle(handle);
          if (message) messages.delete(message.messageId);
        }
        return [];
      },
      async changeVisibilityBatch(batch) {
        failIfTold();
        const failed: number[] = [];
        batch.forEach(({ receiptHandle, visibilityS }, place) => {
          const message = ofHandle(receiptHandle);
          if (!message || message.visibleAt <= clock.monotonic()) return void failed.push(place);
          message.visibleAt = clock.monotonic() + visibilityS * 1_000;
          changes.push({ messageId: message.messageId, visibilityS });
        });
        wake();
        return failed;
      },
      close: () => undefined,
    },
    send(body) {
      numbers += 1;
      const messageId = `message-${numbers}`;
      messages.set(messageId, {
        messageId,
        body,
        sentAtMs: clock.now(),
        visibleAt: clock.monotonic(),
        receiveCount: 0,
        handles: [],
      });
      wake();
      return messageId;
    },
    repeat(messageId) {
      const message = messages.get(messageId);
      if (message) message.visibleAt = clock.monotonic();
      wake();
    },
    remaining: () => [...messages.keys()],
    deadLetters: () => dead,
    failWith(error) {
      failure = error;
      wake();
    },
    waits,
    changes,
    outstanding: () => outstanding,
  };
}
