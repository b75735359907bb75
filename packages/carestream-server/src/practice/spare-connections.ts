import type { Clock } from '../runtime/index.ts';
import type { SqlConnection } from './sql-connection.ts';
import { pingStatement } from './statements.ts';

/** How many connections there may be, and for how long. */
export interface SpareOptions {
  /** The first one included. */
  readonly most: number;
  /** A spare one that nobody has needed for so long is closed. */
  readonly keptMs: number;
  readonly openTimeoutMs: number;
}

interface Spare {
  readonly connection: SqlConnection;
  /** Queries that run on it or wait for it. */
  load: number;
  usedAtMs: number;
}

/**
 * One connection that stays, and others beside it for queries that come at once: a connection runs one at a time. Nobody waits for a
 * spare one to open; it opens behind the back of whoever found all of them busy, and serves from then on.
 */
export function createSpareConnections(
  deps: { readonly clock: Clock; readonly first: SqlConnection; another(): SqlConnection },
  options: SpareOptions,
): SqlConnection {
  const { clock } = deps;
  const closed = new AbortController();
  const ready: Spare[] = [{ connection: deps.first, load: 0, usedAtMs: 0 }];
  const opening = new Set<SqlConnection>();

  const openAnother = async (): Promise<void> => {
    // Over ODBC each connection is a process with some 50 MB of its own.
    if (closed.signal.aborted || deps.first.target?.driver === 'odbc') return;
    if (ready.length + opening.size >= options.most) return;
    const connection = deps.another();
    opening.add(connection);
    try {
      await connection.query({ text: pingStatement, timeoutMs: options.openTimeoutMs }, closed.signal);
      ready.push({ connection, load: 0, usedAtMs: clock.monotonic() });
    } catch {
      // The first connection serves on, and tells what the matter is where it is the same for both.
      await connection.close();
    } finally {
      opening.delete(connection);
    }
  };

  const closeUnused = (): void => {
    const longAgoMs = clock.monotonic() - options.keptMs;
    for (const spare of ready.slice(1)) {
      if (spare.load > 0 || spare.usedAtMs > longAgoMs) continue;
      ready.splice(ready.indexOf(spare), 1);
      void spare.connection.close();
    }
  };

  return {
    get tls() {
      return deps.first.tls;
    },
    get target() {
      return deps.first.target;
    },
    async query(query, signal) {
      closeUnused();
      const [least = ready[0]!] = ready.toSorted((one, other) => one.load - other.load);
      if (least.load > 0) void openAnother();
      least.load += 1;
      try {
        return await least.connection.query(query, signal);
      } finally {
        least.load -= 1;
        least.usedAtMs = clock.monotonic();
      }
    },
    async close() {
      closed.abort(new Error('closed'));
      await Promise.all([...ready.map(({ connection }) => connection), ...opening].map((each) => each.close()));
    },
  };
}
