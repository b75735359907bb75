import type { CommandResult, ErrorCode, Legs, Message } from '../contract/index.ts';

/** How a command ended. Whatever it throws instead is a failure. */
export interface CommandOutcome {
  readonly outcome: CommandResult['outcome'];
  /** Why, for `failed` and `rejected`. */
  readonly code?: ErrorCode;
  readonly legs?: Legs;
  readonly figures?: Readonly<Record<string, number | string>>;
}

/** What a command learns of the message that asked for it. */
export interface CommandContext {
  readonly messageId: string;
  /** How often the queue has handed the message out, this time included. */
  readonly receiveCount: number;
  /**
   * Takes the message off the queue before the command has ended, for a command that ends the process. Once this resolves, the
   * message never leads to the command again, not even after a restart.
   */
  acknowledge(): Promise<void>;
}

/** Whoever carries out commands. `signal` is aborted when the time to stop or the command's own time is over. */
export type HandleCommand = (message: Message, context: CommandContext, signal: AbortSignal) => Promise<CommandOutcome>;
