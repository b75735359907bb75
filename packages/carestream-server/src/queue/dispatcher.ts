import {
  errorTable,
  messageTypes,
  parseMessage,
  type CommandResult,
  type ErrorCode,
  type Message,
} from '../contract/index.ts';
import { AgentError, instantOf, isAgentError, type Clock, type Log } from '../runtime/index.ts';
import type { CommandContext, CommandOutcome, HandleCommand } from './command-port.ts';
import type { Custody, HeldMessage } from './custody.ts';
import { createDoneNotes } from './done-notes.ts';
import { laneOf, laneRules, type LaneName, type Lanes } from './lanes.ts';
import type { ReceivedMessage } from './queue-transport.ts';
import { retryAfterS, setAsideAfterS, unknownTypeAfterS } from './redelivery.ts';

/** The part of the state that remembers which messages have had their effect. */
export interface CommandInbox {
  begin(messageId: string): 'new' | 'done';
  done(messageId: string): void;
}

/** What a {@link Dispatcher} needs. */
export interface DispatcherDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly inbox: CommandInbox;
  readonly custody: Custody;
  readonly lanes: Lanes;
  readonly handle: HandleCommand;
  /** A message of an unknown type came: Flynotes is newer than we are. */
  onUnknownType(type: string): void;
  /** Takes the result of a command. It is on disk at the latest with what is to {@link DispatcherDeps.keep} afterwards. */
  report(result: CommandResult): void | Promise<void>;
  /** Resolves when what is written within is on disk, in one commit; each write for itself unless told. */
  keep?(work: () => void): Promise<void>;
  readonly told: ToldMessages;
}

/** Messages, by id, that wait for the dead-letter queue or for another version of us, and have been reported already. */
export type ToldMessages = Map<string, 'set-aside' | 'unknown-type'>;

/** Leads each message to its command, and each command's end to the queue, to Flynotes and to the log. */
export interface Dispatcher {
  /** @returns what to wait for before asking the queue for more, where there is a reason to */
  accept(message: ReceivedMessage): HeadStart | null;
  /** Tells running commands to end: those of lanes that do not drain, or with `all` every one. From then on their messages are handed back. */
  endCommands(all: boolean): void;
  /** Resolves when each command that was carried out is noted, and its message off our hands. */
  finished(): Promise<void>;
  /** How long the last message had waited in the queue. */
  readonly lagMs: number | null;
}

/** Something that the queue is not asked for more before. */
export interface HeadStart {
  readonly over: Promise<void>;
  /** Beyond this it is not waited for. */
  readonly mostMs: number;
}

/** A restart message is acknowledged before the next receive begins, so that the process can end without one outstanding. */
const restartMostMs = 10_000;
/**
 * Somebody waits at a screen: signing and sending the next receive takes the processor for more than a millisecond, just when SQL
 * Server's answer comes. A message that arrives meanwhile waits for it no longer than this.
 */
const urgentMostMs = 10;

interface RunningCommand {
  readonly lane: LaneName;
  readonly controller: AbortController;
}

/** A command that was told to end gets this long to do so. */
const windDownMs = 2_000;
const rememberedMost = 1_000;

/**
 * @see {@link Dispatcher}
 *
 * What becomes of a message:
 * - `done`, `not-found`, `rejected`: reported, noted in the inbox, deleted. In this order, so that nothing is lost in between: the
 *   message goes when result and note are on disk. For that its lane does not wait, nor does the result on its way to Flynotes.
 * - failed, and may pass by itself or when a person mends something (transient, ambiguous, fatal): reported at once, since somebody
 *   may be looking at a waiting screen; then left to come back after a growing pause.
 * - failed for good (permanent), or no valid message: reported once, then left to the dead-letter queue: it comes back at once
 *   without being carried out again, until the queue's limit of receives moves it there. A person finds it and can send it anew.
 * - of an unknown type: reported, the version is checked, the message comes back.
 * - interrupted by a stop: handed back at once, not reported; the next process carries it out.
 */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { clock, log, custody, told } = deps;
  const running = new Set<RunningCommand>();
  const finishing = new Set<Promise<void>>();
  const notes = createDoneNotes({ ...deps, isBusy: () => deps.lanes.load('urgent').running > 0 });
  const stopping = new Error('The process is about to end.');
  let lagMs: number | null = null;

  function remember(messageId: string, as: 'set-aside' | 'unknown-type'): void {
    told.set(messageId, as);
    const oldest = told.size > rememberedMost ? told.keys().next().value : undefined;
    if (oldest !== undefined) told.delete(oldest);
  }

  async function report(result: CommandResult): Promise<void> {
    try {
      await deps.report(result);
    } catch (error) {
      log.error(error, 'queue');
    }
  }

  function isDone(messageId: string): boolean {
    try {
      return deps.inbox.begin(messageId) === 'done';
    } catch (error) {
      // Commands may be repeated; not to be carried out at all would be worse.
      log.error(error, 'queue');
      return false;
    }
  }

  /** Carries a command out, within its time. */
  async function carryOut(message: Message, command: RunningCommand, context: CommandContext): Promise<CommandOutcome> {
    const { signal } = command.controller;
    const ended = new AbortController();
    const later = (ms: number, then: () => void) => {
      void clock.sleep(ms, ended.signal).then(then, () => undefined);
    };
    later(laneRules[command.lane].commandMostMs, () => command.controller.abort(new AgentError('COMMAND_TIMEOUT')));
    const givenUp = new Promise<never>((_resolve, reject) => {
      const giveUp = () =>
        later(windDownMs, () => reject(signal.reason === stopping ? new AgentError('STOPPED_LATE') : signal.reason));
      signal.addEventListener('abort', giveUp, { once: true, signal: ended.signal });
    });
    try {
      return await Promise.race([deps.handle(message, context, signal), givenUp]);
    } catch (error) {
      throw isAgentError(signal.reason) && !isAgentError(error) ? signal.reason : error;
    } finally {
      ended.abort();
    }
  }

  async function run(
    message: Message,
    held: HeldMessage,
    { queuedMs, onCarriedOut }: { readonly queuedMs: number | undefined; readonly onCarriedOut: () => void },
  ): Promise<void> {
    const startedAt = clock.monotonic();
    let acknowledged = false;
    const acknowledge = async () => {
      if (acknowledged) return;
      const noted = notes.now(held.messageId);
      const deleted = await custody.delete(held);
      // Either of the two keeps the command from being carried out again.
      if (!noted && !deleted) throw new AgentError('STATE_UNUSABLE', { disposition: 'transient' });
      acknowledged = true;
    };
    const command: RunningCommand = { lane: laneOf(message.type), controller: new AbortController() };
    const context = { messageId: held.messageId, receiveCount: held.receiveCount, acknowledge };
    let outcome: CommandOutcome;
    let permanent: boolean;
    running.add(command);
    try {
      outcome = await carryOut(message, command, context);
      permanent =
        outcome.outcome === 'failed' && errorTable[outcome.code ?? 'COMMAND_FAILED'].disposition === 'permanent';
    } catch (error) {
      if (command.controller.signal.reason === stopping && !acknowledged) {
        if (isAgentError(error) && error.code === 'STOPPED_LATE') log.error(error, 'commands');
        await custody.handBack(held, 0);
        return;
      }
      log.error(error, 'commands');
      const code: ErrorCode = isAgentError(error) ? error.code : 'COMMAND_FAILED';
      outcome = { outcome: 'failed', code };
      permanent = isAgentError(error) && error.disposition === 'permanent';
    } finally {
      running.delete(command);
      onCarriedOut();
    }
    const { code } = outcome;
    log.emit('command.ended', {
      messageId: held.messageId,
      type: message.type,
      outcome: outcome.outcome,
      elapsedMs: clock.monotonic() - startedAt,
      ...(code ? { code } : {}),
    });
    const result: CommandResult = {
      messageId: held.messageId,
      type: message.type,
      outcome: outcome.outcome,
      ...(code ? { code } : {}),
      ...(message.type === 'patient-sync' ? { patientCode: message.patientCode } : {}),
      requestedAt: message.requestedAt,
      at: instantOf(clock),
      legs: {
        ...(queuedMs === undefined ? {} : { queuedMs }),
        dispatchedMs: startedAt - held.receivedAt,
        ...outcome.legs,
      },
      ...(outcome.figures ? { figures: { ...outcome.figures } } : {}),
    };
    await report(result);
    const finished = finish(held, { failed: outcome.outcome === 'failed', permanent, acknowledged });
    finishing.add(finished);
    void finished.finally(() => finishing.delete(finished));
  }

  /** What is left to do for a message whose command has ended and is reported. Nobody waits for it. */
  async function finish(
    held: HeldMessage,
    { failed, permanent, acknowledged }: Readonly<Record<'failed' | 'permanent' | 'acknowledged', boolean>>,
  ): Promise<void> {
    if (acknowledged) await notes.soon(held.messageId);
    else if (!failed) {
      await notes.soon(held.messageId);
      await custody.delete(held);
    } else if (permanent) {
      remember(held.messageId, 'set-aside');
      await custody.handBack(held, setAsideAfterS(held.receiveCount));
    } else {
      await custody.handBack(held, retryAfterS(held.receiveCount));
    }
  }

  function acceptUnusable(
    held: HeldMessage,
    parsed: Exclude<ReturnType<typeof parseMessage>, { outcome: 'message' }>,
  ): void {
    const { messageId, receiveCount } = held;
    const base = { messageId, at: instantOf(clock), legs: {} };
    if (parsed.outcome === 'unknown-type') {
      remember(messageId, 'unknown-type');
      log.emit('message.type-unknown', { messageId, code: 'MESSAGE_TYPE_UNKNOWN', type: parsed.type });
      void report({ ...base, type: parsed.type, outcome: 'failed', code: 'MESSAGE_TYPE_UNKNOWN' });
      deps.onUnknownType(parsed.type);
      void custody.handBack(held, unknownTypeAfterS(receiveCount));
      return;
    }
    remember(messageId, 'set-aside');
    const sizeBytes = Buffer.byteLength(held.body);
    const { reason, paths } = parsed;
    log.emit('message.invalid', { messageId, code: 'MESSAGE_INVALID', reason, sizeBytes, names: paths });
    void report({ ...base, type: typeNamedIn(held.body), outcome: 'rejected', code: 'MESSAGE_INVALID' });
    void custody.handBack(held, setAsideAfterS(receiveCount));
  }

  return {
    get lagMs() {
      return lagMs;
    },
    endCommands(all) {
      for (const { lane, controller } of running) {
        if (all || !laneRules[lane].drainsAtStop) controller.abort(stopping);
      }
    },
    async finished() {
      while (finishing.size > 0) await Promise.all(finishing);
    },
    accept(received) {
      const held = custody.take(received);
      if (!held) return null;
      const known = told.get(held.messageId);
      if (known) {
        const afterS = known === 'set-aside' ? setAsideAfterS : unknownTypeAfterS;
        void custody.handBack(held, afterS(held.receiveCount));
        return null;
      }
      if (isDone(held.messageId)) {
        void custody.delete(held);
        return null;
      }
      const parsed = parseMessage(held.body);
      if (parsed.outcome !== 'message') {
        acceptUnusable(held, parsed);
        return null;
      }
      const { message } = parsed;
      const queuedMs = held.sentAtMs === null ? undefined : Math.max(0, clock.now() - held.sentAtMs);
      lagMs = queuedMs ?? lagMs;
      log.emit('command.received', { messageId: held.messageId, type: message.type, queuedMs });
      const ended = Promise.withResolvers<void>();
      const isUrgent = laneOf(message.type) === 'urgent';
      const onCarriedOut = isUrgent ? ended.resolve : () => undefined;
      const taken = deps.lanes.enter(laneOf(message.type), {
        run: () => run(message, held, { queuedMs, onCarriedOut }).finally(ended.resolve),
        release: () => {
          ended.resolve();
          void custody.handBack(held, 0);
        },
      });
      if (!taken) {
        void custody.handBack(held, retryAfterS(held.receiveCount));
        return null;
      }
      if (isUrgent) return { over: ended.promise, mostMs: urgentMostMs };
      return message.type === 'restart' ? { over: ended.promise, mostMs: restartMostMs } : null;
    },
  };
}

/** The type that an invalid body names, where we know it. */
function typeNamedIn(body: string): string {
  const type = messageTypes.find((name) => body.includes(`"${name}"`));
  return type ?? 'unknown';
}
