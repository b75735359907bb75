import type { Clock, Log } from '../runtime/index.ts';

/** Notes which messages have had their effect. */
export interface DoneNotes {
  /** Notes it at once. False when it could not be noted. */
  now(messageId: string): boolean;
  /** Notes it soon, several at once. Resolves when that is on disk, with all that was written before, or could not be. */
  soon(messageId: string): Promise<void>;
}

/** What {@link createDoneNotes} needs. */
export interface DoneNotesDeps {
  readonly clock: Clock;
  readonly log: Pick<Log, 'error'>;
  readonly inbox: { done(messageId: string): void };
  /** Resolves when what is written within is on disk, in one commit; each write for itself unless told. */
  keep?(work: () => void): Promise<void>;
  /** Somebody waits at a screen at this moment. */
  isBusy(): boolean;
}

/** So long a note waits for others, and for the result to be on its way to Flynotes. */
const gatherMs = 5;
/** To delete a message takes the processor for a moment: it comes between the patients in our hands, or when this is over. */
const waitMostMs = 100;

/** @see {@link DoneNotes} */
export function createDoneNotes(deps: DoneNotesDeps): DoneNotes {
  const { clock, log, inbox } = deps;
  let writing = false;
  let waiting: { readonly messageId: string; readonly resolve: () => void }[] = [];

  function now(messageId: string): boolean {
    try {
      inbox.done(messageId);
      return true;
    } catch (error) {
      log.error(error, 'queue');
      return false;
    }
  }

  async function noteAll(messageIds: readonly string[]): Promise<void> {
    const all = () => messageIds.forEach((messageId) => inbox.done(messageId));
    try {
      if (deps.keep) await deps.keep(all);
      else all();
    } catch (error) {
      log.error(error, 'queue');
      // One may find room where all did not.
      for (const messageId of messageIds) now(messageId);
    }
  }

  /** One at a time: what comes while a slow disk is waited for shares the next wait, and no more than one of Node's few threads is held. */
  async function writeAll(): Promise<void> {
    writing = true;
    while (waiting.length > 0) {
      const enoughAtMs = clock.monotonic() + waitMostMs;
      do await clock.sleep(gatherMs);
      while (deps.isBusy() && clock.monotonic() < enoughAtMs);
      const batch = waiting;
      waiting = [];
      await noteAll(batch.map(({ messageId }) => messageId));
      for (const { resolve } of batch) resolve();
    }
    writing = false;
  }

  return {
    now,
    soon: (messageId) =>
      new Promise((resolve) => {
        waiting.push({ messageId, resolve });
        if (!writing) void writeAll();
      }),
  };
}
