import type { DatabaseSync } from 'node:sqlite';
import { AgentError, isAgentError } from '../runtime/index.ts';

/**
 * Each entry brings the database from its index to the next number; entries are never changed once released, only added.
 * Nothing of a patient is kept but R4's number and a keyed digest.
 */
const migrations: readonly string[] = [
  `CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE ledger (patient INTEGER PRIMARY KEY, digest BLOB NOT NULL, read_sequence INTEGER NOT NULL) STRICT;
   CREATE TABLE refusal (patient INTEGER PRIMARY KEY, digest BLOB NOT NULL, code TEXT NOT NULL) STRICT;
   CREATE TABLE inbox (message_id TEXT PRIMARY KEY, done_at INTEGER NOT NULL, result TEXT) STRICT, WITHOUT ROWID;
   CREATE INDEX inbox_by_time ON inbox (done_at);
   CREATE TABLE outbox (
     id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, payload TEXT NOT NULL, size_bytes INTEGER NOT NULL,
     added_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX outbox_by_kind ON outbox (kind, id);
   CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
  // What a running pass has found so far, and a name for who judged the rows that were refused.
  `CREATE TABLE reading (patient INTEGER PRIMARY KEY, digest BLOB NOT NULL, read_sequence INTEGER NOT NULL) STRICT;
   CREATE TABLE doubt (patient INTEGER PRIMARY KEY, read_sequence INTEGER) STRICT;`,
];

/** The schema number of `agent.db` that this release writes. */
export const stateSchema: number = migrations.length;

const newerRelease = 'written-by-a-newer-version';

/** Whether {@link migrate} refused a database because a newer release wrote it. */
export function isOfNewerRelease(error: unknown): boolean {
  return isAgentError(error) && error.details['reason'] === newerRelease;
}

/** The schema number that a database bears; 0 for a new one. */
export function schemaOf(database: DatabaseSync): number {
  return (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

/**
 * Brings a database to {@link stateSchema}, each step in its own transaction.
 * @throws AgentError STATE_UNUSABLE when a newer release wrote it: reading it by guess could lose what that release relies on
 */
export function migrate(database: DatabaseSync): void {
  const found = schemaOf(database);
  if (found > stateSchema) {
    throw new AgentError('STATE_UNUSABLE', {
      details: { reason: newerRelease, foundSchema: found, supportedSchema: stateSchema },
    });
  }
  for (let schema = found; schema < stateSchema; schema++) {
    database.exec(`BEGIN IMMEDIATE; ${migrations[schema] ?? ''} PRAGMA user_version = ${schema + 1}; COMMIT;`);
  }
}
