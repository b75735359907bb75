import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AgentError } from '../runtime/index.ts';
import { schemaOf, stateSchema } from './migrations.ts';
import { noteSql } from './notes.ts';
import { guarded, isBusy } from './sqlite-errors.ts';

/** What somebody may see of a state database while an agent works with it, or after. */
export interface StateView extends Disposable {
  note(key: string): string | null;
  /** How many reports wait for delivery, of all kinds. */
  waitingReports(): number;
}

/**
 * Opens a state database to look at it alone: without the run lock, and without mending or migrating anything.
 * @returns null where there is none yet
 * @throws AgentError STATE_UNUSABLE
 */
export function readState(path: string): StateView | null {
  if (!existsSync(path)) return null;
  const database = guarded(() => new DatabaseSync(path, { readOnly: true, timeout: 2_000 }));
  const close = (): void => {
    if (database.isOpen) database.close();
  };
  try {
    const found = guarded(() => schemaOf(database));
    if (found > stateSchema) {
      const details = { reason: 'written-by-a-newer-version', foundSchema: found, supportedSchema: stateSchema };
      throw new AgentError('STATE_UNUSABLE', { details });
    }
    // An agent that is just making the file.
    if (found === 0) {
      close();
      return null;
    }
    const get = guarded(() => database.prepare(noteSql.get));
    const waiting = guarded(() => database.prepare('SELECT count(*) AS items FROM outbox'));
    return {
      note: (key) => guarded(() => (get.get(key) as { value: string } | undefined)?.value ?? null),
      waitingReports: () => guarded(() => (waiting.get() as { items: number }).items),
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** True while an agent holds the run lock. Only looked at: whoever takes it at this moment waits a moment longer. */
export function isRunning(path: string): boolean {
  const lockPath = `${path}.lock`;
  if (!existsSync(lockPath)) return false;
  try {
    using lock = new DatabaseSync(lockPath, { readOnly: true, timeout: 0 });
    lock.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return isBusy(error);
  }
}
