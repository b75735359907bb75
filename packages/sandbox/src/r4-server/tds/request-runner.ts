import { setTimeout as delay } from 'node:timers/promises';
import type { SqlEngine, SqlParameter, SqlSession, TransactionChange } from '../engine.ts';
import { SqlServerError } from '../engine.ts';
import { blackHoleStage, concerns } from './faults.ts';
import type { Faults } from './faults.ts';
import type { TdsEvent } from './options.ts';
import { PACKET } from './packet.ts';
import type { Message } from './packet.ts';
import { createPreparedStatements } from './procedures.ts';
import type { ProcedureStep } from './procedures.ts';
import type { Reply } from './reply.ts';
import { parseBatch, parseRpc, parseTransaction } from './request.ts';
import type { RpcCall } from './request.ts';
import { writeReturnValue } from './result-set.ts';
import { armStatementFault } from './statement-fault.ts';
import { asServerError, runStatements } from './statement-runner.ts';
import type { RunOutcome } from './statement-runner.ts';
import {
  DONE,
  ENV,
  TOKEN_TYPE,
  writeDone,
  writeEnvBytes,
  writeEnvText,
  writeError,
  writeReturnStatus,
} from './tokens.ts';
import type { TypeContext } from './types/resolve.ts';

/** What answering requests needs of a logged-in connection. */
export interface RequestContext {
  readonly engine: SqlEngine;
  readonly session: SqlSession;
  readonly faults: Faults;
  readonly reply: Reply;
  readonly types: TypeContext;
  readonly connectionId: number;
  readonly report: (event: TdsEvent) => void;
}

/** How the connection goes on after a request: `cut` and `close` end it, `silent` leaves it without an answer for ever. */
export type RequestEnd = 'open' | 'close' | 'cut' | 'silent';

interface StatementRun {
  readonly text: string;
  readonly parameters: readonly SqlParameter[];
  readonly doneType: number;
  readonly via: string;
}

/** Answers the requests of one connection, one at a time. */
export interface RequestRunner {
  /** Writes the whole answer except its end. */
  run(message: Message, signal: AbortSignal): Promise<RequestEnd>;
  /** The reset bits of a packet header: settings as after login ([MS-TDS] 2.2.3.1.2). */
  reset(): void;
}

const NO_BYTES = Buffer.alloc(0);
/** From this severity on the server ends the connection. */
const FATAL_SEVERITY = 20;
const DEADLOCK = 1205;

export function createRequestRunner(context: RequestContext): RequestRunner {
  const { session, reply, types, connectionId, report, engine, faults } = context;
  const { version } = types;
  const { out } = reply;
  const prepared = createPreparedStatements();
  let transaction: Buffer | undefined;
  let transactions = 0;

  const onInternalError = (error: unknown): void => report({ kind: 'internal-error', connectionId, error });
  const origin = { serverName: engine.serverName, version };

  /** The text is about to run: its outcome, or how a fault ends the connection instead. */
  const runText = async (run: StatementRun, signal: AbortSignal): Promise<RunOutcome | RequestEnd> => {
    const { text, via } = run;
    report({ kind: 'statement', connectionId, text, via });
    if (await delayOrSwallow(text, signal)) return 'silent';
    const fault = armStatementFault(faults, text, connectionId);
    const outcome = await runStatements(run, {
      session,
      reply,
      types,
      serverName: engine.serverName,
      fault,
      signal,
      onInternalError,
      announce,
    });
    if (outcome.struck)
      report({
        kind: 'fault',
        connectionId,
        fault: outcome.error === undefined ? 'cut' : String(outcome.error.number),
      });
    if (outcome.struck && outcome.error?.number === DEADLOCK) rollBack();
    const error = outcome.error === undefined ? {} : { errorNumber: outcome.error.number };
    report({ kind: 'finished', connectionId, via, rows: outcome.rows, cancelled: signal.aborted, ...error });
    return outcome.cut ? 'cut' : outcome;
  };

  /** A deadlock's victim loses its transaction. */
  const rollBack = (): void => {
    try {
      for (const _ of session.execute('ROLLBACK TRANSACTION', [])) void _;
    } catch (error) {
      // 3903: there was none.
      if (!(error instanceof SqlServerError)) onInternalError(error);
    }
    if (transaction !== undefined) announce('rollback');
  };

  /** @returns whether the statement is never to be answered. */
  const delayOrSwallow = async (text: string, signal: AbortSignal): Promise<boolean> => {
    const hole = faults.arm(['black-hole'], (fault) => blackHoleStage(fault) === 'statement' && concerns(fault, text));
    if (hole?.fire() === true) {
      report({ kind: 'fault', connectionId, fault: 'black-hole' });
      return true;
    }
    const slow = faults.arm(['delay'], (fault) => fault.at !== 'connect' && concerns(fault, text));
    if (slow?.fire() === true) {
      report({ kind: 'fault', connectionId, fault: 'delay' });
      await delay(slow.fault.delayMs, undefined, { signal }).catch(() => undefined);
    }
    return false;
  };

  const endOf = (outcome: RunOutcome): RequestEnd =>
    (outcome.error?.severity ?? 0) >= FATAL_SEVERITY ? 'close' : 'open';

  const runBatch = async (message: Message, signal: AbortSignal): Promise<RequestEnd> => {
    const text = parseBatch(message.payload, version);
    const outcome = await runText({ text, parameters: [], doneType: TOKEN_TYPE.done, via: 'batch' }, signal);
    if (typeof outcome === 'string') return outcome;
    writeDone(out, outcome.last, version);
    return endOf(outcome);
  };

  const refuse = (error: unknown, more: number): void => {
    const told = asServerError(error, onInternalError);
    writeError(out, told, origin);
    writeDone(out, { type: TOKEN_TYPE.doneProc, status: DONE.error | more }, version);
  };

  const runCall = async (call: RpcCall, more: number, signal: AbortSignal): Promise<RequestEnd> => {
    let step: ProcedureStep;
    try {
      step = prepared.plan(call);
    } catch (error) {
      report({ kind: 'statement', connectionId, text: call.procedure, via: 'rpc' });
      refuse(error, more);
      return 'open';
    }
    let failed: number = DONE.final;
    if (step.kind === 'run') {
      const outcome = await runText(
        { text: step.text, parameters: step.parameters, doneType: TOKEN_TYPE.doneInProc, via: call.procedure },
        signal,
      );
      if (typeof outcome === 'string') return outcome;
      failed = outcome.error === undefined ? 0 : DONE.error;
      writeDone(out, { ...outcome.last, status: outcome.last.status | DONE.more }, version);
      writeReturnStatus(out, outcome.error?.number ?? 0);
      if (failed === 0) writeOutputs(step);
      if (step.handle !== undefined) writeHandle(step.handle);
      writeDone(out, { type: TOKEN_TYPE.doneProc, status: failed | more }, version);
      return endOf(outcome);
    }
    if (step.kind === 'reset') reset();
    writeReturnStatus(out, 0);
    if (step.kind === 'prepared') writeHandle(step.handle);
    writeDone(out, { type: TOKEN_TYPE.doneProc, status: more }, version);
    return 'open';
  };

  const writeOutputs = (step: Extract<ProcedureStep, { kind: 'run' }>): void => {
    if (step.outputs.length === 0) return;
    const values = session.outputs();
    const byName = new Map([...values].map(([name, value]) => [name.toLowerCase(), value]));
    for (const { ordinal, name, parameter } of step.outputs) {
      const key = parameter.name.toLowerCase();
      const value = byName.has(key)
        ? byName.get(key)!
        : byName.has(key.slice(1))
          ? byName.get(key.slice(1))!
          : parameter.value;
      writeReturnValue(out, { ...parameter, name: name === '' ? parameter.name : name, value, ordinal }, types);
    }
  };

  const writeHandle = (handle: { ordinal: number; name: string; value: number }): void =>
    writeReturnValue(out, { ...handle, type: { name: 'int' } }, types);

  const runRpc = async (message: Message, signal: AbortSignal): Promise<RequestEnd> => {
    let calls: RpcCall[];
    try {
      calls = parseRpc(message.payload, version, types);
    } catch (error) {
      if (!(error instanceof SqlServerError)) throw error;
      refuse(error, 0);
      return 'open';
    }
    for (const [index, call] of calls.entries()) {
      if (signal.aborted) break;
      const end = await runCall(call, index < calls.length - 1 ? DONE.more : 0, signal);
      if (end !== 'open') return end;
    }
    return 'open';
  };

  /** The data half is told in T-SQL; the client learns the transaction's descriptor ([MS-TDS] 2.2.7.9, types 8 to 10). */
  const runTransaction = async (message: Message, signal: AbortSignal): Promise<RequestEnd> => {
    const request = parseTransaction(message.payload, version);
    if (request === undefined) {
      refuse(
        new SqlServerError('Distributed transactions are not supported.', { number: 8501, severity: 16, state: 1 }),
        0,
      );
      return 'open';
    }
    const text = {
      begin: 'BEGIN TRANSACTION',
      commit: 'COMMIT TRANSACTION',
      rollback: 'ROLLBACK TRANSACTION',
      save: `SAVE TRANSACTION [${request.name}]`,
    }[request.kind];
    const outcome = await runText({ text, parameters: [], doneType: TOKEN_TYPE.done, via: 'transaction' }, signal);
    if (typeof outcome === 'string') return outcome;
    if (outcome.error === undefined && request.beginAgain) {
      await runText(
        { text: 'BEGIN TRANSACTION', parameters: [], doneType: TOKEN_TYPE.done, via: 'transaction' },
        signal,
      );
    }
    writeDone(out, { ...outcome.last, status: outcome.last.status & DONE.error }, version);
    return endOf(outcome);
  };

  const announce = (kind: TransactionChange): void => {
    if (kind === 'begin') {
      transactions += 1;
      transaction = Buffer.alloc(8);
      transaction.writeUInt32LE(transactions, 0);
      transaction.writeUInt32LE(connectionId, 4);
      writeEnvBytes(out, ENV.begin, { now: transaction, before: NO_BYTES });
      return;
    }
    writeEnvBytes(out, kind === 'commit' ? ENV.commit : ENV.rollback, {
      now: NO_BYTES,
      before: transaction ?? Buffer.alloc(8),
    });
    transaction = undefined;
  };

  const reset = (): void => {
    const before = session.database;
    session.reset();
    prepared.clear();
    transaction = undefined;
    writeEnvBytes(out, ENV.resetAck, { now: NO_BYTES, before: NO_BYTES });
    if (session.database !== before) writeEnvText(out, ENV.database, { now: session.database, before });
  };

  return {
    reset,
    run: async (message, signal) => {
      switch (message.type) {
        case PACKET.batch:
          return await runBatch(message, signal);
        case PACKET.rpc:
          return await runRpc(message, signal);
        default:
          return await runTransaction(message, signal);
      }
    },
  };
}
