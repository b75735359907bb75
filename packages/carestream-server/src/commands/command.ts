import type { MessageOf, MessageType } from '../contract/index.ts';
import type { CommandContext, CommandOutcome } from '../queue/index.ts';

/** Carries out the messages of one type. What it throws is a failure; what it returns is the message's end. */
export type Command<Type extends MessageType> = (
  message: MessageOf<Type>,
  context: CommandContext,
  signal: AbortSignal,
) => Promise<CommandOutcome>;
