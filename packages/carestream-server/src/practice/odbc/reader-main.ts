import { createSystemClock } from '../../runtime/system-clock.ts';
import { loadNativeDriver, type NativeColumn, type NativeConnection, type NativeDriver } from './native-driver.ts';
import type { FromReader, OdbcError, ToReader } from './messages.ts';
import { valueReaderOf } from './values.ts';

/**
 * The process that holds the ODBC driver: forked by the agent, spoken to over IPC, and killed by it when it hangs. It keeps one
 * connection, decides nothing, waits for nothing by itself, and ends with its parent.
 */

/** How long taking leave of SQL Server may hold up the end. */
const leaveMs = 300;

let connection: NativeConnection | undefined;

function answer(message: FromReader): void {
  if (process.connected) process.send?.(message);
}

/** Not `exit`, which waits for threads that may be stuck in the driver. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function errorsOf(error: unknown): OdbcError[] {
  const list: unknown[] = Array.isArray(error) ? error : [error];
  return list.flatMap((each) => {
    const loose = (each ?? {}) as Readonly<Record<string, unknown>>;
    const details = loose['details'];
    if (Array.isArray(details) && details.length > 0) return errorsOf(details);
    return {
      number: typeof loose['code'] === 'number' ? loose['code'] : 0,
      // The one spelling is of failures to open, the other of failed queries.
      state: text(loose['sqlstate']) || text(loose['sqlState']),
      message: text(loose['message']),
    };
  });
}

function open(driver: NativeDriver, request: Extract<ToReader, { kind: 'open' }>): void {
  driver.open({ conn_str: request.connectionString, conn_timeout: request.connectTimeoutS }, (error, opened) => {
    if (error) {
      answer({ kind: 'failed', errors: errorsOf(error), connected: false });
      return;
    }
    opened.setUseUTC(true);
    // Otherwise bigint, money and decimal lose digits before anybody sees them.
    opened.setUseNumericString(true);
    connection = opened;
    answer({ kind: 'opened' });
  });
}

function query(open: NativeConnection, request: Extract<ToReader, { kind: 'query' }>): void {
  const sets: unknown[][][] = [];
  const errors: OdbcError[] = [];
  let readers: ((value: unknown) => unknown)[] = [];
  let row: unknown[] = [];
  const running = open.queryRaw(request.text, request.values);
  running.on('meta', (columns: readonly NativeColumn[]) => {
    // What returns no rows has no columns.
    if (columns.length === 0) return;
    sets.push([]);
    readers = columns.map((column) => valueReaderOf(column.sqlType));
  });
  running.on('row', () => {
    row = [];
    sets.at(-1)?.push(row);
  });
  running.on('column', (index, value) => {
    row[index] = readers[index]?.(value) ?? null;
  });
  running.on('error', (error) => {
    errors.push(...errorsOf(error));
  });
  // The statement is let go of: only then is the connection free for the next one.
  running.on('free', () => {
    if (errors.length === 0) answer({ kind: 'rows', sets });
    else
      answer({
        kind: 'failed',
        errors,
        connected: !errors.some(({ state, number }) => state.startsWith('08') || number === 0),
      });
  });
}

void loadNativeDriver(process.env).then((loaded) => {
  if ('fault' in loaded) {
    answer({ kind: 'unusable', reason: loaded.fault });
    return;
  }
  process.on('message', (request: ToReader) => {
    try {
      if (request.kind === 'open') open(loaded.driver, request);
      else if (connection !== undefined) query(connection, request);
    } catch (error) {
      answer({ kind: 'failed', errors: errorsOf(error), connected: false });
    }
  });
  answer({ kind: 'ready' });
});
process.on('disconnect', () => {
  if (connection === undefined) end();
  else connection.close(end);
  void createSystemClock().sleep(leaveMs, new AbortController().signal).then(end, end);
});
