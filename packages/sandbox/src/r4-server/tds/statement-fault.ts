import { SqlServerError } from '../engine.ts';
import { concerns } from './faults.ts';
import type { ArmedFault, Fault, Faults } from './faults.ts';

type RowFault = Extract<Fault, { kind: 'cut' | 'deadlock' | 'lock-timeout' | 'data-moved' }>;

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
  const armed: ArmedFault<RowFault> | undefined = faults.arm(
    ['cut', 'deadlock', 'lock-timeout', 'data-moved'],
    (fault) => concerns(fault, text),
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
    return fault.kind === 'cut' ? { kind: 'cut' } : { kind: 'error', error: errorOf(fault, spid) };
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

function errorOf(fault: Exclude<RowFault, { kind: 'cut' }>, spid: number): SqlServerError {
  if (fault.kind === 'data-moved') {
    const message =
      fault.number === 601
        ? 'Could not continue scan with NOLOCK due to data movement.'
        : 'Attempt to fetch logical page (1:4711) in database 5 failed. It belongs to allocation unit 72057594043760640 not to 72057594043826176.';
    return new SqlServerError(message, { number: fault.number, severity: 12, state: 3 });
  }
  if (fault.kind === 'lock-timeout') {
    return new SqlServerError('Lock request time out period exceeded.', { number: 1222, severity: 16, state: 51 });
  }
  const message =
    `Transaction (Process ID ${spid}) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. ` +
    'Rerun the transaction.';
  return new SqlServerError(message, { number: 1205, severity: 13, state: 51 });
}
