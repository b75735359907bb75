import { AgentError, isAgentError } from '../runtime/index.ts';

// Primary result codes, https://sqlite.org/rescode.html; an extended code carries them in its low byte.
const sqliteBusy = 5;
const sqliteFull = 13;
const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;

/** The primary result code of an error that SQLite raised, or null for any other error. */
export function sqliteCodeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}

/** True where the file is not, or no longer, a database that can be trusted. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCodeOf(error);
  return code === sqliteCorrupt || code === sqliteNotADatabase;
}

/** True where another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return sqliteCodeOf(error) === sqliteBusy;
}

/** True where the disk, or what we allow ourselves of it, is full. */
export function isFull(error: unknown): boolean {
  return sqliteCodeOf(error) === sqliteFull;
}

/** Any failure of the state database in the agent's own terms. SQLite's message is left behind: it may quote a path or a value. */
export function translateStateError(error: unknown): unknown {
  if (isAgentError(error)) return error;
  const sqliteCode = sqliteCodeOf(error);
  if (isFull(error)) return new AgentError('DISK_FULL', { cause: error, details: { sqliteCode: sqliteFull } });
  if (sqliteCode !== null) {
    const reason = isDamage(error) ? 'damaged' : 'unusable';
    return new AgentError('STATE_UNUSABLE', { cause: error, details: { sqliteCode, reason } });
  }
  const fileCode = error instanceof Error && 'code' in error ? error.code : undefined;
  if (fileCode === 'ENOSPC' || fileCode === 'EDQUOT') {
    return new AgentError('DISK_FULL', { cause: error, details: { fileCode } });
  }
  if (typeof fileCode === 'string' && /^E[A-Z]+$/.test(fileCode)) {
    return new AgentError('STATE_UNUSABLE', { cause: error, details: { fileCode } });
  }
  return error;
}

/**
 * Runs one piece of work on the database and translates its failure.
 * @throws AgentError DISK_FULL, STATE_UNUSABLE
 */
export function guarded<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw translateStateError(error);
  }
}
