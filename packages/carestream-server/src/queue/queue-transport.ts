/** A message as the queue handed it out. */
export interface ReceivedMessage {
  readonly messageId: string;
  /** Good for this receipt alone; the newest one counts. */
  readonly receiptHandle: string;
  readonly body: string;
  /** When it was sent, by the queue's clock. */
  readonly sentAtMs: number | null;
  /** How often it has been handed out, this time included. */
  readonly receiveCount: number;
}

/** A change of the time for which a message stays hidden from others. */
export interface VisibilityChange {
  readonly receiptHandle: string;
  /** From now on; 0 hands the message back at once. */
  readonly visibilityS: number;
}

/**
 * What of a queue service is needed. Batches hold at most {@link batchMost} entries; the answer names the places of those that failed
 * though the call succeeded. All calls throw AgentError with a QUEUE code.
 */
export interface QueueTransport {
  /**
   * Waits up to `waitS` seconds for messages. There is no way to abort it, on purpose: a long poll that is given up half-way takes the
   * next message with it until that message's visibility runs out.
   */
  receive(waitS: number): Promise<readonly ReceivedMessage[]>;
  deleteBatch(receiptHandles: readonly string[]): Promise<readonly number[]>;
  changeVisibilityBatch(changes: readonly VisibilityChange[]): Promise<readonly number[]>;
  close(): void;
}

/** SQS takes ten entries in a batch. */
export const batchMost = 10;
/** The longest that SQS lets a receive wait. */
export const waitMostS = 20;
