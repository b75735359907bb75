import type { CommandResult, ErrorCode } from '../contract/index.ts';
import { AgentError, type Clock, type Log } from '../runtime/index.ts';
import type { HandleCommand } from './command-port.ts';
import { createCustody } from './custody.ts';
import { createDispatcher, type CommandInbox, type Dispatcher, type ToldMessages } from './dispatcher.ts';
import { createFailureEpisode } from './failure-episode.ts';
import { createLanes, type Lanes } from './lanes.ts';
import { createCachedCredentials, type CredentialSource } from './queue-credentials.ts';
import type { QueueTransport, ReceivedMessage } from './queue-transport.ts';
import { createReceiver } from './receiver.ts';
import { createSqsTransport } from './sqs-transport.ts';

/** What a {@link Queue} needs. */
export interface QueueDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly inbox: CommandInbox;
  readonly credentials: CredentialSource;
  readonly handle: HandleCommand;
  /** A message of an unknown type came: Flynotes is newer than we are, so the version must be checked now. */
  onUnknownType(type: string): void;
  /**
   * Takes the result of a command. It is on disk at the latest with what is to {@link QueueDeps.keep} afterwards. It may be told
   * several results of one message; the last one counts.
   */
  report(result: CommandResult): void | Promise<void>;
  /** Resolves when what is written within is on disk, in one commit. */
  keep?(work: () => void): Promise<void>;
  /** The queue answered, or failed to: {@link Queue.stats} may tell something new. */
  onAnswer?(): void;
  /** Something else than SQS, for tests. */
  readonly transport?: QueueTransport;
}

/** Where the queue is, and how patient to be. */
export interface QueueOptions {
  readonly url: string;
  readonly region: string;
  /** Set for emulators alone. */
  readonly endpoint?: string;
  /** `{ HTTPS_PROXY, … }`, as Node's agents read it. */
  readonly proxyEnv?: Readonly<Record<string, string>>;
  /** How long a message stays hidden from others unless it is extended, in seconds. */
  readonly visibilityS?: number;
  /** How long the queue may take to answer; more than the 20 s of a long poll. */
  readonly requestMostMs?: number;
  /** How long commands in flight may go on after a stop. */
  readonly graceMs?: number;
}

/** How the queue is doing; for heartbeats and health. */
export interface QueueStats {
  /** When the queue last answered, or null. */
  readonly lastReceiveAt: string | null;
  /** How long the last message had waited in the queue, or null. */
  readonly lagMs: number | null;
  /** Messages in our hands. */
  readonly inFlight: number;
  /** Why messages cannot be received at the moment, or null. */
  readonly failing: ErrorCode | null;
}

/** Carries commands from Flynotes' queue to whoever handles them. */
export interface Queue {
  /**
   * Receives and dispatches until the signal, or for `lastsMs`. Then it asks for no more, lets the outstanding receive return, lets
   * commands in flight end or hands their messages back, and resolves within 25 s. It never rejects; it may be called again.
   */
  serve(until: AbortSignal, options?: { readonly lastsMs?: number }): Promise<void>;
  stats(): QueueStats;
  /** Closes the connections; after the last {@link Queue.serve} has ended. */
  close(): void;
}

const deleteBatchDelayMs = 5;
/** Beyond this many waiting patients no more are fetched: they are better off in the queue than in our hands. */
const urgentWaitingMost = 100;
const roomCheckMs = 20;
/** A stop may take 25 s; so commands go on for 18 s, the outstanding receive is waited for this long, */
const receiveLeftMs = 21_000;
/** and the last hand-backs this long. */
const settleLeftMs = 1_500;
/** A command that was told to end has this long. */
const windDownMs = 3_000;

/** @see {@link Queue} */
export function createQueue(deps: QueueDeps, options: QueueOptions): Queue {
  const { clock, log } = deps;
  const visibilityS = options.visibilityS ?? 30;
  const graceMs = options.graceMs ?? 18_000;
  const transport = deps.transport ?? connect();
  const receiving = createFailureEpisode(deps, 'receive');
  const receiver = createReceiver({ clock, log, transport, onAnswer: () => deps.onAnswer?.() }, receiving);
  const custody = createCustody(
    { clock, transport, episode: createFailureEpisode(deps, 'acknowledge') },
    { visibilityS, batchDelayMs: deleteBatchDelayMs },
  );
  const told: ToldMessages = new Map();
  let dispatcher: Dispatcher | null = null;
  let serving = false;

  function connect(): QueueTransport {
    const onRenewed = (forced: boolean) => log.emit('queue.credentials-renewed', { forced });
    const credentials = createCachedCredentials({ clock, source: deps.credentials, onRenewed });
    return createSqsTransport(credentials, { ...options, visibilityS });
  }

  function handBack(messages: readonly ReceivedMessage[]): void {
    for (const message of messages) {
      const held = custody.take(message);
      if (held) void custody.handBack(held, 0);
    }
  }

  async function serve(until: AbortSignal, { lastsMs = Number.POSITIVE_INFINITY } = {}): Promise<void> {
    if (serving) throw new Error('The queue is being served already.');
    serving = true;
    const lanes = createLanes();
    const dispatch = createDispatcher({ ...deps, custody, lanes, told });
    dispatcher = dispatch;
    /** Ends every wait of this call. */
    const finished = new AbortController();
    const giveUp = new AbortController();
    const pause = (ms: number) => clock.sleep(ms, finished.signal).catch(() => undefined);
    const keeping = custody.keepHidden(finished.signal);
    let stopAt = Number.POSITIVE_INFINITY;
    const leftMs = (ofMs: number) => Math.max(0, stopAt + ofMs - clock.monotonic());

    const onStop = () => {
      stopAt = clock.monotonic();
      lanes.releaseWaiting(false);
      void pause(graceMs).then(() => dispatch.endCommands(true));
      void pause(receiveLeftMs).then(() => giveUp.abort());
    };
    if (until.aborted) onStop();
    else until.addEventListener('abort', onStop, { once: true, signal: finished.signal });

    await receiver.run({
      until,
      endsAt: clock.monotonic() + lastsMs,
      giveUp: giveUp.signal,
      handBack,
      accept(messages) {
        const starts = urgentFirst(messages).flatMap((message) => dispatch.accept(message) ?? []);
        return Promise.all(starts.map(({ over, mostMs }) => Promise.race([over, pause(mostMs)])));
      },
      room: () => (lanes.load('urgent').waiting > urgentWaitingMost ? waitForRoom(lanes, until) : null),
    });

    // Nothing more comes. Patients that wait have until the grace is over; the other lanes end now.
    stopAt = Math.min(stopAt, clock.monotonic());
    lanes.releaseWaiting(false);
    dispatch.endCommands(false);
    let empty = false;
    const emptied = lanes
      .empty()
      .then(() => dispatch.finished())
      .then(() => {
        empty = true;
      });
    await Promise.race([emptied, pause(leftMs(graceMs))]);
    dispatch.endCommands(true);
    lanes.releaseWaiting(true);
    await Promise.race([emptied, pause(leftMs(graceMs + windDownMs))]);
    if (!empty) log.error(new AgentError('STOPPED_LATE'), 'queue');
    custody.handBackAll();
    await Promise.race([custody.settled(), pause(settleLeftMs)]);
    finished.abort();
    await keeping;
    serving = false;
  }

  async function waitForRoom(lanes: Lanes, until: AbortSignal): Promise<void> {
    while (lanes.load('urgent').waiting > urgentWaitingMost && !until.aborted) {
      await clock.sleep(roomCheckMs, until).catch(() => undefined);
    }
  }

  return {
    serve,
    stats: () => ({
      lastReceiveAt: receiver.lastReceiveAt,
      lagMs: dispatcher?.lagMs ?? null,
      inFlight: custody.size(),
      failing: receiving.code(),
    }),
    close: () => transport.close(),
  };
}

/** Patients first; among equals the order of arrival. A body is looked at as text alone: whether it is valid is decided later. */
function urgentFirst(messages: readonly ReceivedMessage[]): ReceivedMessage[] {
  const isUrgent = (message: ReceivedMessage) => message.body.includes('"patient-sync"');
  return [...messages.filter(isUrgent), ...messages.filter((message) => !isUrgent(message))];
}
