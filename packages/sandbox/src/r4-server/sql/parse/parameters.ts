import type { SqlType } from '../../engine.ts';
import type { Expression } from './ast.ts';
import { createCursor } from './cursor.ts';
import { tokenize } from './lexer.ts';
import { createQueryParser } from './queries.ts';
import { parseType } from './type-names.ts';

/** A parameter of a procedure, or of the text of sp_executesql. */
export interface ProcedureParameter {
  readonly name: string;
  readonly type: SqlType;
  readonly initial?: Expression;
  readonly output: boolean;
}

/** Reads `@p int, @q nvarchar(50) = N'x' OUTPUT`. @throws SqlServerError 102 */
export const parseParameters = (text: string): ProcedureParameter[] => {
  const cursor = createCursor(tokenize(text));
  const parameters: ProcedureParameter[] = [];
  if (cursor.peek().kind === 'end') return parameters;
  const { expression } = createQueryParser(cursor);
  do {
    const token = cursor.next();
    if (token.kind !== 'variable') throw cursor.unexpected(token);
    cursor.takeWord('AS');
    const type = parseType(cursor, 1);
    const initial = cursor.takeSymbol('=') ? expression() : undefined;
    const output = cursor.takeWord('OUTPUT', 'OUT');
    parameters.push({ name: token.text, type, ...(initial && { initial }), output });
  } while (cursor.takeSymbol(','));
  if (cursor.peek().kind !== 'end') throw cursor.unexpected();
  return parameters;
};
