import type { AgentError } from '../../runtime/index.ts';
import { practiceError, type FailureContext } from '../driver-errors.ts';
import type { OdbcError } from './messages.ts';

/** Turns ODBC's diagnostic records into the agent's error. */
export function odbcError(errors: readonly OdbcError[], context: FailureContext): AgentError {
  return practiceError({ errors: errors.map(({ number, message }) => ({ number, message })) }, context);
}
