import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AgentError } from '../runtime/index.ts';
import { guarded, isBusy, isDamage, translateStateError } from './sqlite-errors.ts';

/** The right of this process alone to use a data folder. */
export interface RunLock {
  release(): void;
}

/**
 * Takes the lock beside the state database: an open exclusive transaction on an empty database of its own. The operating system
 * frees it with the process, however that ends, so that nothing has to be cleaned up after a `kill -9`; and the state database
 * itself stays readable for whoever looks at it.
 * @param waitMs - how long a predecessor that is just ending is waited for
 * @throws AgentError STATE_IN_USE when another process holds it
 */
export function takeRunLock(path: string, waitMs: number): RunLock {
  try {
    return lock(path, waitMs);
  } catch (error) {
    if (isBusy(error)) throw new AgentError('STATE_IN_USE', { cause: error });
    if (!isDamage(error)) throw translateStateError(error);
    // Nothing is ever written to this file; whatever it holds is not ours.
    return guarded(() => {
      rmSync(path);
      return lock(path, waitMs);
    });
  }
}

function lock(path: string, waitMs: number): RunLock {
  const database = new DatabaseSync(path, { timeout: waitMs });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw error;
  }
  return { release: () => database.close() };
}
