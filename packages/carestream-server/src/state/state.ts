import { dirname } from 'node:path';
import { makeFolder } from '../runtime/system-folder.ts';
import type { Clock } from '../runtime/index.ts';
import { markDamaged, openDatabase, type ReplacedBecause } from './database.ts';
import { createFindings, type Findings } from './findings.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createNotes, type Notes } from './notes.ts';
import { onDisk } from './on-disk.ts';
import { createOutbox, type Outbox, type OutboxKind, type OutboxLimits } from './outbox.ts';
import { createReadSequence } from './read-sequence.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { takeRunLock } from './run-lock.ts';
import { guarded } from './sqlite-errors.ts';
import { inTransaction, lightly } from './transaction.ts';

/**
 * Everything that outlives the process, in one file; nothing of a patient but the number and a keyed digest. Synchronous: each write waits
 * for the disk, but for those that are done {@link State.lightly}, and for {@link State.keep}, which lets the process go on meanwhile.
 */
export interface State extends Disposable {
  /** A number that was never given before and is higher than all that were. Taken before a read begins. */
  nextReadSequence(): number;
  /** Lets {@link State.nextReadSequence} go on above a number that Flynotes holds already. */
  raiseReadSequence(held: number): void;
  readonly ledger: Ledger;
  readonly refusals: Refusals;
  readonly findings: Findings;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly notes: Notes;
  /** Everything that `work` writes comes to disk at once, all of it or nothing, at the latest with what is waited for next. */
  lightly<Result>(work: () => Result): Result;
  /**
   * As {@link State.lightly}; resolves when it is on disk, with all that was written before.
   * @throws AgentError STATE_UNUSABLE, DISK_FULL
   */
  keep(work: () => void): Promise<void>;
  /** Why the file that was found was set aside and begun anew, which is worth a warning; null where it was not. */
  readonly replaced: ReplacedBecause | null;
  /** Lets the next opening set the file aside and begin anew: it was found damaged while in use. */
  markDamaged(): void;
  close(): void;
}

/** Options of {@link openState}. */
export interface StateOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly limits?: Partial<StateLimits>;
}

/** How much may be kept. */
export interface StateLimits {
  /** How large the file may grow. */
  readonly fileBytesMost: number;
  readonly outbox: Readonly<Record<OutboxKind, OutboxLimits>>;
  /** How long a predecessor that is just ending is waited for. */
  readonly lockWaitMs: number;
}

const megabyte = 1_048_576;

/** The limits unless told otherwise. */
export const stateLimits: StateLimits = {
  fileBytesMost: 1_024 * megabyte,
  outbox: {
    rollbar: { rowsMost: 5_000, bytesMost: 20 * megabyte },
    'command-result': { rowsMost: 10_000, bytesMost: 20 * megabyte },
  },
  lockWaitMs: 2_000,
};

/**
 * Opens the state of one data folder, for this process alone.
 * @param path - of `agent.db`; its folder is made where missing
 * @throws AgentError STATE_IN_USE, STATE_UNUSABLE, DISK_FULL
 */
export function openState(path: string, options: StateOptions): State {
  const limits = { ...stateLimits, ...options.limits };
  const { database, replaced, release } = openLocked(path, limits);
  const close = () => {
    if (!database.isOpen) return;
    try {
      guarded(() => database.close());
    } finally {
      release();
    }
  };
  try {
    const readSequence = guarded(() => createReadSequence(database, options.clock));
    const outbox = guarded(() => createOutbox(database, options.clock, limits.outbox));
    const writeLightly = <Result>(work: () => Result): Result => {
      try {
        return lightly(database, () => inTransaction(database, work));
      } catch (error) {
        outbox.recount();
        throw error;
      }
    };
    return guarded(() => ({
      nextReadSequence: () => readSequence.next(),
      raiseReadSequence: (held: number) => readSequence.raiseAbove(held),
      ledger: createLedger(database),
      refusals: createRefusals(database),
      findings: createFindings(database),
      inbox: createInbox(database, options.clock),
      outbox,
      notes: createNotes(database),
      lightly: writeLightly,
      async keep(work: () => void) {
        writeLightly(work);
        await onDisk(path);
      },
      replaced,
      markDamaged: () => markDamaged(path),
      close,
      [Symbol.dispose]: close,
    }));
  } catch (error) {
    close();
    throw error;
  }
}

function openLocked(path: string, limits: StateLimits) {
  guarded(() => makeFolder(dirname(path)));
  const lock = takeRunLock(`${path}.lock`, limits.lockWaitMs);
  try {
    return { ...openDatabase(path, limits.fileBytesMost), release: () => lock.release() };
  } catch (error) {
    lock.release();
    throw error;
  }
}
