import type { StatementResult } from '../../engine.ts';
import { unsupported } from '../errors.ts';
import type { Statement } from '../parse/ast.ts';
import type { BatchContext } from './batch.ts';

/** INSERT, UPDATE and DELETE. */
export function* executeWrite(
  _context: BatchContext,
  statement: Statement,
): Generator<StatementResult, void, undefined> {
  throw unsupported(statement.kind.toUpperCase(), statement.line);
}
