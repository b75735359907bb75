import { setTimeout as delay } from 'node:timers/promises';
import type { SqlParameter, SqlSession, StatementResult, TransactionChange } from '../engine.ts';
import { SqlServerError } from '../engine.ts';
import { FLUSH_BYTES } from './reply.ts';
import type { Reply } from './reply.ts';
import { createResultEncoder } from './result-set.ts';
import type { StatementFault, Strike } from './statement-fault.ts';
import { DONE, ENV, writeDone, writeEnvText, writeError, writeInfo } from './tokens.ts';
import type { DoneToken } from './tokens.ts';
import type { TypeContext } from './types/resolve.ts';

/** What running statements needs of a connection. */
export interface RunContext {
  readonly session: SqlSession;
  readonly reply: Reply;
  readonly types: TypeContext;
  readonly serverName: string;
  readonly fault: StatementFault;
  /** Aborted by an attention, and when the connection is gone. */
  readonly signal: AbortSignal;
  readonly onInternalError: (error: unknown) => void;
  /** Tells the client that its transaction has begun or ended. */
  readonly announce: (change: TransactionChange) => void;
}

export interface RunRequest {
  readonly text: string;
  readonly parameters: readonly SqlParameter[];
  /** DONE in a batch, DONEINPROC within a procedure. */
  readonly doneType: number;
}

export interface RunOutcome {
  /** The last DONE, not yet written: the caller knows whether more follows. */
  readonly last: DoneToken;
  readonly rows: number;
  readonly error?: SqlServerError;
  /** The connection is to be cut now. */
  readonly cut: boolean;
  /** A fault on demand has struck. */
  readonly struck: boolean;
}

const COMMAND = { select: 0xc1, update: 0xc5 } as const;
/** Rows between two looks at the clock, and how long to go on without letting others have a turn. */
const ROWS_PER_LOOK = 32;
const TURN_MS = 4;

/** A fault that ends the connection while rows are being written. */
class ConnectionCut extends Error {}

/** An error on demand, told apart from the data half's own. */
class OrderedError extends Error {
  readonly error: SqlServerError;

  constructor(error: SqlServerError) {
    super(error.message);
    this.error = error;
  }
}

/** Pulls the results of a text out of the data half and writes them as tokens. Never throws for what the text does. */
export async function runStatements(request: RunRequest, context: RunContext): Promise<RunOutcome> {
  const { reply, types, fault } = context;
  const { out } = reply;
  let last: DoneToken | undefined;
  let rows = 0;

  const settle = (token: DoneToken | undefined): void => {
    if (last !== undefined) writeDone(out, { ...last, status: last.status | DONE.more }, types.version);
    last = token;
  };

  try {
    strikeNow(fault.beforeStart());
    let turnStarted = performance.now();
    for (const result of context.session.execute(request.text, request.parameters)) {
      if (result.kind === 'wait' && result.silent === true) {
        // A wait for a lock is no statement of its own: the client sees nothing of it but time.
        await writeOther(result, context);
        if (context.signal.aborted) break;
        continue;
      }
      settle(undefined);
      if (result.kind === 'rows') {
        const written = await writeRows(result, context, rows);
        rows += written;
        last = doneOf(result, request.doneType, context.session.noCount ? undefined : written);
      } else {
        await writeOther(result, context);
        last = doneOf(
          result,
          request.doneType,
          context.session.noCount || result.kind !== 'done' ? undefined : result.rows,
        );
      }
      if (context.signal.aborted) break;
      if (performance.now() - turnStarted > TURN_MS) {
        await reply.flush();
        turnStarted = performance.now();
      }
    }
    strikeNow(fault.atEnd(rows));
    return { last: last ?? { type: request.doneType, status: DONE.final }, rows, cut: false, struck: false };
  } catch (error) {
    const failed: DoneToken = { type: request.doneType, status: DONE.error };
    if (error instanceof ConnectionCut) return { last: failed, rows, cut: true, struck: true };
    settle(undefined);
    const struck = error instanceof OrderedError;
    const told = struck ? error.error : asServerError(error, context.onInternalError);
    writeError(out, told, { serverName: context.serverName, version: types.version });
    return { last: failed, rows, error: told, cut: false, struck };
  }
}

function strikeNow(strike: Strike): void {
  if (strike.kind === 'error') throw new OrderedError(strike.error);
  if (strike.kind === 'cut') throw new ConnectionCut('cut on purpose');
}

/** What the data half did not mean to throw must not take the server along, and must not pass for SQL Server's own either. */
export function asServerError(error: unknown, onInternalError: (error: unknown) => void): SqlServerError {
  if (error instanceof SqlServerError) return error;
  onInternalError(error);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new SqlServerError(`Internal error of the simulator: ${text}`, { number: 50_000, severity: 16, state: 1 });
}

function doneOf(result: StatementResult, type: number, count: number | undefined): DoneToken {
  const command = result.kind === 'rows' ? COMMAND.select : count === undefined ? 0 : COMMAND.update;
  return count === undefined
    ? { type, status: DONE.final, command }
    : { type, status: DONE.count, command, rows: count };
}

async function writeOther(result: Exclude<StatementResult, { kind: 'rows' }>, context: RunContext): Promise<void> {
  const { reply, serverName, signal } = context;
  const { version } = context.types;
  switch (result.kind) {
    case 'info':
      writeInfo(reply.out, result, { serverName, version });
      return;
    case 'database':
      writeEnvText(reply.out, ENV.database, { now: result.name, before: result.previous });
      writeInfo(
        reply.out,
        { number: 5701, message: `Changed database context to '${result.name}'.` },
        { serverName, version },
      );
      return;
    case 'transaction':
      context.announce(result.change);
      return;
    case 'wait':
      await reply.flush();
      await delay(result.waitMs, undefined, { signal }).catch(() => undefined);
      return;
    case 'done':
  }
}

/** @param before rows of this request so far; @returns those of this result. */
async function writeRows(
  result: Extract<StatementResult, { kind: 'rows' }>,
  context: RunContext,
  before: number,
): Promise<number> {
  const { reply, fault, signal } = context;
  const { out } = reply;
  const encoder = createResultEncoder(result.columns, context.types);
  encoder.writeMetadata(out);
  const watchBytes = fault.afterBytes !== Infinity;
  let rows = 0;
  let turnStarted = performance.now();
  for (const row of result.rows) {
    const start = out.position;
    const strike = before + rows === fault.afterRows ? fault.atRow() : undefined;
    if (strike?.kind === 'error') strikeNow(strike);
    encoder.writeRow(out, row);
    if (strike?.kind === 'cut') {
      // Half of the row goes out, then the connection.
      out.position = start + ((out.position - start + 1) >>> 1);
      strikeNow(strike);
    }
    rows += 1;
    if (watchBytes) cutAtBytes(context);
    if (out.position >= FLUSH_BYTES || (rows % ROWS_PER_LOOK === 0 && performance.now() - turnStarted > TURN_MS)) {
      await reply.flush();
      turnStarted = performance.now();
      if (signal.aborted) break;
    }
  }
  if (watchBytes) cutAtBytes(context);
  return rows;
}

function cutAtBytes({ reply, fault }: RunContext): void {
  const over = reply.sentBytes + reply.out.position - fault.afterBytes;
  if (over < 0) return;
  const strike = fault.atBytes();
  if (strike.kind === 'none') return;
  reply.out.position = Math.max(0, reply.out.position - over);
  strikeNow(strike);
}
