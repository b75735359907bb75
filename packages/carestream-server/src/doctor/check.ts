import type { ErrorCode } from '../contract/index.ts';

/** Every check, in the order in which they are shown. */
export const checkNames = [
  'config',
  'clock',
  'disk',
  'dns',
  'proxy',
  'flynotes-tls',
  'licence',
  'registry',
  'sql-server',
  'sql-tls',
  'sql-login',
  'sql-database',
  'sql-read',
  'sql-write',
  'schema',
  'sample',
  'queue',
  'rollbar',
] as const;
/** The name of a check. */
export type CheckName = (typeof checkNames)[number];

/** How a check ended. `warn`: it works, and should be mended all the same. */
export type CheckStatus = 'pass' | 'warn' | 'fail' | 'not-checked';

/** What a check found, before it is named and timed. */
export interface Finding {
  readonly status: CheckStatus;
  readonly code: ErrorCode | null;
  /** Plain words: names, numbers and codes, never a patient's data. */
  readonly found: string;
  readonly todo: string | null;
  /** T-SQL that mends it, to be run by whoever rules the SQL Server. */
  readonly script?: string;
}

/** One line of the examination. */
export interface CheckResult extends Finding {
  readonly name: CheckName;
  readonly ms: number;
}

/** One layer that is looked at. */
export interface Check {
  readonly name: CheckName;
  /** What must not have failed before; otherwise this is not checked. */
  readonly needs: readonly CheckName[];
  /** What must have ended before, however it did. */
  readonly after?: readonly CheckName[];
  /** What it may take, and what it is when it takes longer. */
  readonly mostMs: number;
  readonly late: ErrorCode;
  /** What it throws becomes a failure with the error's code. */
  run(signal: AbortSignal): Promise<Finding>;
}
