import type { SqlServerError } from '../../engine.ts';
import { atLine, sqlError, unsupported } from '../errors.ts';
import { reservedWords } from './keywords.ts';
import type { Token } from './lexer.ts';

/** A place in the tokens of a batch, with the questions that a recursive-descent parser asks. */
export interface Cursor {
  readonly peek: (ahead?: number) => Token;
  readonly next: () => Token;
  /** Is the next token this keyword (upper case, unquoted)? */
  readonly isWord: (...words: readonly string[]) => boolean;
  readonly isWordAt: (ahead: number, ...words: readonly string[]) => boolean;
  readonly isSymbol: (symbol: string, ahead?: number) => boolean;
  /** Takes it if it is there. */
  readonly takeWord: (...words: readonly string[]) => boolean;
  readonly takeSymbol: (symbol: string) => boolean;
  /** @throws SqlServerError 102 or 156 at what stands there instead. */
  readonly expectWord: (word: string) => Token;
  readonly expectSymbol: (symbol: string) => Token;
  /** A name: unquoted and not reserved, or delimited. */
  readonly isIdentifier: (ahead?: number) => boolean;
  readonly identifier: () => string;
  /** `a.b..c`: empty parts are kept as ''. */
  readonly qualifiedName: () => string[];
  readonly mark: () => number;
  readonly rewind: (mark: number) => void;
  /** The error SQL Server gives at this token. */
  readonly unexpected: (token?: Token) => SqlServerError;
  readonly refuse: (construct: string) => SqlServerError;
}

/** @param tokens ends with an `end` token */
export const createCursor = (tokens: readonly Token[]): Cursor => {
  let at = 0;
  const last = tokens.length - 1;
  const tokenAt = (index: number): Token => tokens[Math.min(index, last)] as Token;
  const peek = (ahead = 0): Token => tokenAt(at + ahead);

  const unexpected = (token = peek()): SqlServerError => {
    // At the end of the batch SQL Server names the last thing that it read.
    const shown = token.kind === 'end' && last > 0 ? tokenAt(last - 1) : token;
    const keyword = shown.kind === 'word' && reservedWords.has(shown.upper);
    return atLine(sqlError(keyword ? 156 : 102, shown.text), shown.line);
  };
  const next = (): Token => {
    const token = peek();
    if (at < last) at++;
    return token;
  };
  const isWordAt = (ahead: number, ...words: readonly string[]): boolean => {
    const token = peek(ahead);
    return token.kind === 'word' && words.includes(token.upper);
  };
  const isWord = (...words: readonly string[]): boolean => isWordAt(0, ...words);
  const isSymbol = (symbol: string, ahead = 0): boolean => {
    const token = peek(ahead);
    return token.kind === 'symbol' && token.text === symbol;
  };
  const isIdentifier = (ahead = 0): boolean => {
    const token = peek(ahead);
    return token.kind === 'quoted' || (token.kind === 'word' && !reservedWords.has(token.upper));
  };
  const identifier = (): string => {
    if (!isIdentifier()) throw unexpected();
    return next().text;
  };

  return {
    peek,
    next,
    isWord,
    isWordAt,
    isSymbol,
    isIdentifier,
    identifier,
    unexpected,
    takeWord: (...words) => isWord(...words) && (next(), true),
    takeSymbol: (symbol) => isSymbol(symbol) && (next(), true),
    expectWord: (word) => {
      if (!isWord(word)) throw unexpected();
      return next();
    },
    expectSymbol: (symbol) => {
      if (!isSymbol(symbol)) throw unexpected();
      return next();
    },
    qualifiedName: () => {
      const parts = [identifier()];
      while (isSymbol('.')) {
        next();
        parts.push(isSymbol('.') ? '' : identifier());
      }
      return parts;
    },
    mark: () => at,
    rewind: (mark) => {
      at = mark;
    },
    refuse: (construct) => unsupported(construct, peek().line),
  };
};
