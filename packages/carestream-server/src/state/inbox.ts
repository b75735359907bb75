import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../runtime/index.ts';
import { guarded } from './sqlite-errors.ts';

/** Which messages have had their effect. The queue delivers at least once; this makes it once. */
export interface Inbox {
  begin(messageId: string): 'new' | 'done';
  /** @param resultJson - what to answer again should the message come back; never anything of a patient but the number */
  done(messageId: string, resultJson?: string): void;
  /** The result noted with {@link Inbox.done}, or null. */
  result(messageId: string): string | null;
  /** Forgets messages done longer ago than this. */
  prune(olderThanMs: number): void;
}

/** @see {@link createInbox} */
export const inboxSql = {
  get: 'SELECT result FROM inbox WHERE message_id = ?',
  done: `INSERT INTO inbox (message_id, done_at, result) VALUES (?, ?, ?)
         ON CONFLICT (message_id) DO UPDATE SET done_at = excluded.done_at, result = excluded.result`,
  prune: 'DELETE FROM inbox WHERE done_at < ?',
} as const;

/** @see {@link Inbox} */
export function createInbox(database: DatabaseSync, clock: Pick<Clock, 'now'>): Inbox {
  const get = database.prepare(inboxSql.get);
  const done = database.prepare(inboxSql.done);
  const prune = database.prepare(inboxSql.prune);
  return {
    begin: (messageId) => guarded(() => (get.get(messageId) === undefined ? 'new' : 'done')),
    done: (messageId, resultJson) => {
      guarded(() => done.run(messageId, Math.floor(clock.now()), resultJson ?? null));
    },
    result: (messageId) => guarded(() => (get.get(messageId) as { result: string | null } | undefined)?.result ?? null),
    prune: (olderThanMs) => {
      guarded(() => prune.run(Math.floor(clock.now() - olderThanMs)));
    },
  };
}
