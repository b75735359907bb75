import { AgentError, isAgentError, pauseAfter, type Clock } from '../../runtime/index.ts';
import type { ErrorCode } from '../../contract/index.ts';
import { portOfInstance } from '../sql-browser.ts';
import { withinTime, type TimeLimit } from '../time-limit.ts';
import type { OdbcTarget } from '../database-config.ts';
import type { Driver } from '../driver.ts';
import { markParameters, wholeAnswer } from './marked-statement.ts';
import { odbcError } from './odbc-errors.ts';
import { ReaderEnded, ReaderUnusable, startReader, type ReaderProcess } from './reader-process.ts';

/** Options of {@link createOdbcDriver}. */
export interface OdbcDriverOptions {
  readonly target: OdbcTarget;
  readonly connectTimeoutMs: number;
  readonly browserPort?: number | undefined;
  /** The process's program; the agent's own unless a test says otherwise. */
  readonly program?: string | undefined;
}

/** What the process needs to start on a slow and busy machine. */
const startMs = 10_000;
const leaveMs = 1_000;
const graceMs = 1_000;
const browserMs = 1_500;
const silent: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['PRACTICE_UNREACHABLE', 'PRACTICE_NO_ANSWER']);
const restarts = { firstMs: 100, mostMs: 30_000, jitter: 0.2 };

/**
 * Creates a connection over ODBC. The native driver lives in a process of its own, one for each connection: a crash there costs
 * one query, and killing it is a sure end of whatever hangs in it.
 */
export function createOdbcDriver(
  deps: { readonly clock: Clock },
  { target, connectTimeoutMs, browserPort, program }: OdbcDriverOptions,
): Driver {
  const { host } = target;
  let reader: ReaderProcess | undefined;
  let connected = false;
  let closed = false;
  /** How often in a row the process ended by itself. */
  let crashes = 0;

  const drop = (): void => {
    connected = false;
    reader?.kill();
    reader = undefined;
  };

  /** What the process answered; it ending is an error with a code of its own. */
  const asked = async <Result>(used: ReaderProcess, work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      if (isAgentError(error)) throw error;
      // Another query may have begun with another process by now; then it was ended on purpose.
      if (reader === used) {
        crashes += error instanceof ReaderUnusable ? 0 : 1;
        drop();
      }
      if (error instanceof ReaderUnusable)
        throw new AgentError('PRACTICE_DRIVER_MISSING', { cause: error, details: { reason: error.fault } });
      const how = error instanceof ReaderEnded ? error.how : undefined;
      throw new AgentError('PRACTICE_READER_ENDED', {
        cause: error,
        details: { host, ...(how === undefined ? {} : { reason: how }) },
      });
    }
  };

  const limit = (mostMs: number, code: ErrorCode): TimeLimit => ({
    clock: deps.clock,
    mostMs,
    late: () => new AgentError(code, { details: { reason: 'watchdog', host, timeoutMs: mostMs } }),
  });

  const openOnce = async (ended: AbortSignal): Promise<void> => {
    if (closed || ended.aborted) throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
    drop();
    const opening = startReader(program);
    reader = opening;
    await withinTime(asked(opening, opening.ready), limit(startMs, 'PRACTICE_READER_ENDED'), ended);
    const asking = opening.ask({
      kind: 'open',
      connectionString: target.connectionString,
      connectTimeoutS: Math.max(1, Math.ceil(connectTimeoutMs / 1000)),
    });
    const answer = await withinTime(asked(opening, asking), limit(connectTimeoutMs, 'PRACTICE_NO_ANSWER'), ended);
    if (ended.aborted || closed || reader !== opening) {
      opening.kill();
      throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'closed' } });
    }
    if (answer.kind !== 'opened') {
      drop();
      throw odbcError(answer.kind === 'failed' ? answer.errors : [], { phase: 'connect', host });
    }
    connected = true;
  };

  return {
    host,
    // The driver negotiates by itself and does not tell.
    tls: 'unknown',
    openWithinMs: startMs + connectTimeoutMs + browserMs + graceMs,
    get pauseMs() {
      return crashes === 0 ? 0 : pauseAfter(crashes, restarts);
    },
    get connected() {
      return connected && reader?.alive === true;
    },
    async open(ended) {
      try {
        await openOnce(ended);
      } catch (error) {
        const named = target.instance;
        if (named === undefined || ended.aborted || !isAgentError(error) || !silent.has(error.code)) throw error;
        drop();
        // ODBC says the same of a silent SQL Server and of an instance whose port nobody tells.
        await portOfInstance({ ...named, browserPort, waitMs: browserMs }, ended);
        throw error;
      }
    },
    async run(query) {
      const used = reader;
      if (used === undefined || !connected) throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { host } });
      const answer = await asked(used, used.ask({ kind: 'query', ...markParameters(query.text, query.parameters) }));
      crashes = 0;
      if (answer.kind === 'rows') {
        const sets = wholeAnswer(answer.sets);
        if (sets !== undefined) return sets;
        if (reader === used) drop();
        throw new AgentError('PRACTICE_CONNECTION_LOST', { details: { reason: 'answer incomplete', host } });
      }
      const errors = answer.kind === 'failed' ? answer.errors : [];
      if (reader === used && !(answer.kind === 'failed' && answer.connected)) drop();
      throw odbcError(errors, {
        phase: 'query',
        host,
        ...(query.identifiers === undefined ? {} : { identifiers: query.identifiers }),
      });
    },
    drop,
    async close() {
      closed = true;
      const leaving = reader;
      reader = undefined;
      connected = false;
      if (leaving === undefined) return;
      leaving.leave();
      const enough = new AbortController();
      await Promise.race([leaving.ended, deps.clock.sleep(leaveMs, enough.signal).catch(() => undefined)]);
      enough.abort();
      leaving.kill();
    },
  };
}
