/** What a statement may be given. Larger things travel as JSON text: `$1::text::jsonb`. */
export type SqlValue = string | number | boolean | null;

/**
 * Plain SQL of PostgreSQL 15, with `$1` parameters. Both drivers answer alike: `bigint` as number, `numeric` as text,
 * `timestamptz` as ISO text in UTC, `jsonb` as values.
 */
export interface Sql {
  query<Row>(text: string, values?: readonly SqlValue[]): Promise<Row[]>;
}

/** A PostgreSQL, wherever it runs. */
export interface Database extends Sql, AsyncDisposable {
  readonly kind: 'postgres' | 'pglite';
  /** Resolves when the database is gone for good: the embedded one crashed. A PostgreSQL may always come back. */
  readonly lost: Promise<Error>;
  /** Runs `work` in one transaction; repeated when the database chose it as deadlock victim. */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;
  /**
   * As `transaction`, for what comes in bulk and is done again where it is lost: on a few connections of its own, so that nobody else
   * waits for one behind it, and its commit does not wait for the disk. The next commit that does takes it there too.
   */
  bulkTransaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;
  /** Several statements without parameters in one round trip. */
  script(text: string): Promise<void>;
  /** Calls back for each NOTIFY on a channel, until the returned function is called. */
  listen(channel: string, heard: () => void): Promise<() => Promise<void>>;
}

/** Reads the one row that a statement always gives. */
export async function one<Row>(rows: Promise<Row[]>): Promise<Row> {
  const [row] = await rows;
  if (row === undefined) throw new Error('a statement gave no row');
  return row;
}

/** `2026-11-22 23:40:55.123+00` as ISO text; the sessions of both drivers are set to UTC. */
export function instantOf(text: string): string {
  return new Date(text.replace(' ', 'T').replace(/\+00$/, 'Z')).toISOString();
}

const retriedStates = new Set(['40001', '40P01']);

/** Repeats a transaction that the database itself gave up (deadlock victim, serialisation failure). */
export async function repeatedTransaction<Result>(run: () => Promise<Result>, triesMost = 4): Promise<Result> {
  for (let tried = 1; ; tried++) {
    try {
      return await run();
    } catch (error) {
      const state = (error as { code?: unknown }).code;
      if (typeof state !== 'string' || !retriedStates.has(state) || tried >= triesMost) throw error;
    }
  }
}
