import { createCursor } from './cursor.ts';
import { tokenize } from './lexer.ts';

/** Parts of a name within a string, as OBJECT_ID and its like take it; undefined where it is none. */
export const parseBatchName = (written: string): string[] | undefined => {
  try {
    const cursor = createCursor(tokenize(written));
    const token = cursor.peek();
    // Within a string a reserved word needs no brackets.
    const parts = token.kind === 'word' && cursor.peek(1).kind === 'end' ? [token.text] : cursor.qualifiedName();
    return token === cursor.peek() || cursor.peek().kind === 'end' ? parts : undefined;
  } catch {
    return undefined;
  }
};
