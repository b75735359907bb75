import type { StatementResult } from '../../engine.ts';
import type { Table } from '../catalogue/model.ts';
import { sqlError } from '../errors.ts';
import type { ServerState, SessionState } from '../state.ts';

/** How long a blocked session sleeps before it looks again. */
const lockPollMs = 10;

/** BEGIN TRANSACTION; they nest by counting. */
export const beginTransaction = (_server: ServerState, session: SessionState): void => {
  session.transactionCount++;
};

/** COMMIT: only the outermost one does anything. */
export const commitTransaction = (server: ServerState, session: SessionState): void => {
  if (session.transactionCount === 0) throw sqlError(3902);
  session.transactionCount--;
  if (session.transactionCount === 0) finish(server, session, 'COMMIT');
};

/** ROLLBACK: always all of it. */
export const rollbackTransaction = (server: ServerState, session: SessionState): void => {
  if (session.transactionCount === 0) throw sqlError(3903);
  abandonTransaction(server, session);
};

/** Rolls back what the session has open, if anything: at its end, or when it is reset. */
export const abandonTransaction = (server: ServerState, session: SessionState): void => {
  session.transactionCount = 0;
  finish(server, session, 'ROLLBACK');
};

const finish = (server: ServerState, session: SessionState, end: 'COMMIT' | 'ROLLBACK'): void => {
  if (server.writer?.session !== session) return;
  for (const table of server.writer.tables) table.nextIdentity = undefined;
  server.writer = undefined;
  server.storage.sqlite.exec(end);
};

function* waitUntil(session: SessionState, free: () => boolean): Generator<StatementResult, void, undefined> {
  let waitedMs = 0;
  while (!free()) {
    const limit = session.options.lockTimeoutMs;
    if (limit >= 0 && waitedMs >= limit) throw sqlError(1222);
    yield { kind: 'wait', waitMs: lockPollMs, silent: true };
    waitedMs += lockPollMs;
  }
}

const dirtyLevels: ReadonlySet<string> = new Set(['READ UNCOMMITTED']);

/** A reader at READ COMMITTED waits for tables that another session's open transaction has written; NOLOCK does not. */
export function* waitForReads(
  server: ServerState,
  session: SessionState,
  reads: ReadonlyMap<Table, boolean>,
): Generator<StatementResult, void, undefined> {
  if (server.writer === undefined || dirtyLevels.has(session.options.isolationLevel)) return;
  yield* waitUntil(session, () => {
    const { writer } = server;
    if (writer === undefined || writer.session === session) return true;
    return ![...reads].some(([table, dirty]) => !dirty && writer.tables.has(table));
  });
  server.current = session;
}

/** Takes the right to write a table: one transaction writes at a time. */
export function* acquireWrite(
  server: ServerState,
  session: SessionState,
  table: Table,
): Generator<StatementResult, void, undefined> {
  yield* waitUntil(session, () => server.writer === undefined || server.writer.session === session);
  server.current = session;
  if (session.transactionCount === 0 && session.options.implicitTransactions) session.transactionCount = 1;
  if (session.transactionCount === 0) return;
  if (server.writer === undefined) {
    server.storage.sqlite.exec('BEGIN');
    server.writer = { session, tables: new Set() };
  }
  server.writer.tables.add(table);
}
