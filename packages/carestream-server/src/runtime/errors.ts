import { errorTable, type Disposition, type ErrorCode } from '../contract/error-table.ts';

const brand = Symbol.for('carestream-server.AgentError');

/** What may be said about an error without saying anything of a patient: names, numbers, codes. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** Options of {@link AgentError}. */
export interface AgentErrorOptions {
  readonly cause?: unknown;
  /**
   * Facts for a log or Rollbar: table and column names, host names, error numbers. Never a value read from R4, and never a third
   * party's message, which may quote one.
   */
  readonly details?: ErrorDetails;
  /** Overrides the table's disposition where the circumstances say more. */
  readonly disposition?: Disposition;
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** The one error type of the agent: a code of the error table, and what is to be done about it. */
export class AgentError extends Error {
  readonly code: ErrorCode;
  readonly disposition: Disposition;
  readonly details: ErrorDetails;
  readonly retryAfterMs: number | undefined;
  readonly [brand] = true;

  constructor(code: ErrorCode, options: AgentErrorOptions = {}) {
    const row = errorTable[code];
    const facts = Object.entries(options.details ?? {}).map(([name, value]) => `${name}: ${value}`);
    super([`${code}: ${row.happened}`, ...(facts.length > 0 ? [`(${facts.join(', ')})`] : []), row.todo].join(' '), {
      cause: options.cause,
    });
    this.name = 'AgentError';
    this.code = code;
    this.disposition = options.disposition ?? row.disposition;
    this.details = options.details ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** True for an {@link AgentError}, also of another copy of this module. */
export function isAgentError(error: unknown): error is AgentError {
  return typeof error === 'object' && error !== null && brand in error;
}

/** The code of an error, `CRASH` for whatever has none. */
export function codeOf(error: unknown): ErrorCode {
  return isAgentError(error) ? error.code : 'CRASH';
}
