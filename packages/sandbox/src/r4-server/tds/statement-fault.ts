import { SqlServerError } from '../engine.ts';
import { concerns } from './faults.ts';
import type { ArmedFault, Fault, Faults } from './faults.ts';

type RowFault = Extract<Fault, { kind: 'cut' | 'deadlock' | 'lock-timeout' }>;

/** What becomes of a statement at a point where a fault may strike. */
export type Strike =
  | { readonly kind: 'none' }
  | { readonly kind: 'error'; readonly error: SqlServerError }
  | { readonly kind: 'cut' };

const NONE: Strike = { kind: 'none' };

/** The fault, if any, that one request is to suffer. */
export interface StatementFault {
  /** Strikes before the row that comes after this many. Infinity: never at a row. */
  readonly afterRows: number;
  readonly afterBytes: number;
  /** Before anything runs. */
  beforeStart(): Strike;
  atRow(): Strike;
  atBytes(): Strike;
  /** Everything was written except the end. */
  atEnd(rows: number): Strike;
}

export function armStatementFault(faults: Faults, text: string, spid: number): StatementFault {
  const armed: ArmedFault<RowFault> | undefined = faults.arm(['cut', 'deadlock', 'lock-timeout'], (fault) =>
    concerns(fault, text),
  );
  if (armed === undefined) {
    return {
      afterRows: Infinity,
      afterBytes: Infinity,
      beforeStart: () => NONE,
      atRow: () => NONE,
      atBytes: () => NONE,
      atEnd: () => NONE,
    };
  }
  const { fault } = armed;
  const strike = (): Strike => {
    if (!armed.fire()) return NONE;
    return fault.kind === 'cut' ? { kind: 'cut' } : { kind: 'error', error: errorOf(fault.kind, spid) };
  };
  const afterBytes = fault.kind === 'cut' ? (fault.afterBytes ?? Infinity) : Infinity;
  const afterRows = afterBytes === Infinity ? (fault.afterRows ?? 0) : Infinity;
  return {
    afterRows,
    afterBytes,
    beforeStart: () => (fault.kind !== 'cut' && afterRows === 0 ? strike() : NONE),
    atRow: strike,
    atBytes: strike,
    atEnd: (rows) => (rows === afterRows || (fault.kind === 'cut' && rows >= afterRows) ? strike() : NONE),
  };
}

function errorOf(kind: 'deadlock' | 'lock-timeout', spid: number): SqlServerError {
  if (kind === 'lock-timeout') {
    return new SqlServerError('Lock request time out period exceeded.', { number: 1222, severity: 16, state: 51 });
  }
  const message =
    `Transaction (Process ID ${spid}) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. ` +
    'Rerun the transaction.';
  return new SqlServerError(message, { number: 1205, severity: 13, state: 51 });
}
