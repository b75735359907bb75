import { SqlServerError } from '../../engine.ts';
import type { SqlValue } from '../../engine.ts';
import { sqlError } from '../errors.ts';
import type { ServerState, SessionState } from '../state.ts';
import { bindValues } from '../translate/plan.ts';
import type { Plan } from '../translate/plan.ts';

/** SQLite's own errors in SQL Server's words. */
export const translateSqliteError = (error: unknown): unknown => {
  if (error instanceof SqlServerError || !(error instanceof Error)) return error;
  if (/integer overflow/i.test(error.message)) return sqlError(8115, 'expression', 'bigint');
  if (/parser stack overflow|Expression tree is too large|too many/i.test(error.message)) {
    return new SqlServerError(`The query is too complex for this simulator: ${error.message}`, {
      number: 191,
      severity: 15,
      state: 1,
    });
  }
  return new SqlServerError(`This simulator could not run the statement: ${error.message}`, {
    number: 102,
    severity: 15,
    state: 1,
  });
};

/** Rows of a plan, lazily; `finished` is told their number once they are at an end. */
export function* readRows(
  server: ServerState,
  session: SessionState,
  plan: Plan,
  finished: (rows: number) => void = () => undefined,
): Generator<SqlValue[], void, undefined> {
  const { storage } = server;
  const { wide } = plan;
  let rows = 0;
  const limit = session.options.rowCount > 0 ? session.options.rowCount : Number.POSITIVE_INFINITY;
  try {
    const statement = storage.take(plan.sql);
    // A second reader of the same text gets a statement of its own: SQLite's cursors are never shared.
    const iterator = statement.iterate(bindValues(plan, session)) as unknown as Iterator<SqlValue[]>;
    let ended = false;
    try {
      while (rows < limit) {
        server.current = session;
        const step = iterator.next();
        if (step.done === true) {
          ended = true;
          break;
        }
        const row = step.value;
        for (const index of wide) {
          const value = row[index];
          if (typeof value === 'string') row[index] = BigInt(value);
        }
        rows++;
        yield row;
      }
    } finally {
      if (!ended) iterator.return?.();
      storage.release(plan.sql, statement);
    }
  } catch (error) {
    throw translateSqliteError(error);
  }
  finished(rows);
}

/** The one value of a scalar plan. */
export const readScalar = (server: ServerState, session: SessionState, plan: Plan): SqlValue => {
  for (const row of readRows(server, session, plan)) return row[0] ?? null;
  return null;
};
