import { createVirtualClock } from '@flynotes/testkit';
import { serializeMessage, type CommandResult, type Message, type MessageInput } from '../../contract/index.ts';
import type { EventName } from '../../runtime/index.ts';
import { createInMemoryQueue, createQueue, type CommandContext, type CommandOutcome } from '../index.ts';

/** A handler of commands. */
export type Handle = (message: Message, context: CommandContext, signal: AbortSignal) => Promise<CommandOutcome>;

/** A queue, an agent's end of it, and everything that was told. */
export function createBench(
  handle: Handle,
  options: { receivesMost?: number; inbox?: Map<string, true>; keep?: (work: () => void) => Promise<void> } = {},
) {
  const clock = createVirtualClock();
  const sqs = createInMemoryQueue(
    clock,
    options.receivesMost === undefined ? {} : { receivesMost: options.receivesMost },
  );
  const inbox = options.inbox ?? new Map<string, true>();
  const events: { name: EventName; fields: Record<string, unknown>; at: number }[] = [];
  const errors: unknown[] = [];
  const results: CommandResult[] = [];
  const unknownTypes: string[] = [];
  const inboxFailure: { error?: unknown } = {};
  const stop = new AbortController();
  const queue = createQueue(
    {
      clock,
      log: {
        emit: (name, fields) => void events.push({ name, fields: { ...fields }, at: clock.monotonic() }),
        error: (error) => void errors.push(error),
      },
      inbox: {
        begin(messageId) {
          if (inboxFailure.error !== undefined) throw inboxFailure.error;
          return inbox.has(messageId) ? 'done' : 'new';
        },
        done(messageId) {
          if (inboxFailure.error !== undefined) throw inboxFailure.error;
          inbox.set(messageId, true);
        },
      },
      credentials: {
        current: () => {
          throw new Error('not used');
        },
        renew: () => Promise.reject(new Error('not used')),
      },
      handle,
      onUnknownType: (type) => void unknownTypes.push(type),
      report: (result) => void results.push(result),
      ...(options.keep ? { keep: options.keep } : {}),
      transport: sqs.transport,
    },
    { url: 'https://queue.example.com/1/practice', region: 'eu-west-2' },
  );
  const serving = (options?: { lastsMs?: number }) => queue.serve(stop.signal, options);
  const send = (message: MessageInput) => sqs.send(serializeMessage(message));
  const sync = (patientCode: number) => send({ type: 'patient-sync', patientCode });
  const named = (name: EventName) => events.filter((event) => event.name === name);
  const outcomes = () => results.map(({ messageId, outcome, code }) => [messageId, outcome, code]);
  return {
    clock,
    sqs,
    inbox,
    inboxFailure,
    events,
    errors,
    results,
    unknownTypes,
    stop,
    queue,
    serving,
    send,
    sync,
    named,
    outcomes,
  };
}

/** The plainest end of a command. */
export const done: CommandOutcome = { outcome: 'done' };

/** A handler that keeps each command open until it is let go. */
export function createGate() {
  const open: {
    message: Message;
    signal: AbortSignal;
    finish(outcome?: CommandOutcome): void;
    fail(error: unknown): void;
  }[] = [];
  const handle: Handle = (message, _context, signal) =>
    new Promise((resolve, reject) => {
      open.push({ message, signal, finish: (outcome = done) => resolve(outcome), fail: reject });
    });
  return { open, handle, types: () => open.map(({ message }) => message.type) };
}
