import { atLine, sqlError } from '../errors.ts';

/** What a token is. `quoted` is a delimited identifier: never a keyword. */
export type TokenKind =
  | 'word'
  | 'quoted'
  | 'variable'
  | 'integer'
  | 'decimal'
  | 'float'
  | 'money'
  | 'binary'
  | 'string'
  | 'nstring'
  | 'symbol'
  | 'end';

/** One token of a batch. */
export interface Token {
  readonly kind: TokenKind;
  /** Identifiers and strings without their quotes; everything else as written. */
  readonly text: string;
  /** Upper case of a word or variable, for comparing; else the text. */
  readonly upper: string;
  readonly line: number;
  /** Where in the batch it starts and ends. */
  readonly start: number;
  readonly end: number;
}

const patterns = {
  space: /[\s\u00a0]+/y,
  lineComment: /--[^\n]*/y,
  word: /[\p{L}_#][\p{L}\p{N}_@#$]*/uy,
  variable: /@{1,2}[\p{L}\p{N}_@#$]*/uy,
  binary: /0[xX][0-9a-fA-F]*/y,
  number: /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d*)?/y,
  money: /[$£€¥]\s*[+-]?(?:\d+\.?\d*|\.\d+)?/y,
  symbol: /<>|<=|>=|!=|!<|!>|\+=|-=|\*=|\/=|%=|&=|\|=|\^=|::|[-+*/%&|^~=<>(),.;:!]/y,
} as const;

/** SET QUOTED_IDENTIFIER counts as it is read, from there on. @returns undefined where the last token ends no such statement */
const quotedAfter = (tokens: readonly Token[]): boolean | undefined => {
  const last = tokens.at(-1);
  if (last?.upper !== 'ON' && last?.upper !== 'OFF') return undefined;
  let found = false;
  for (let index = tokens.length - 2; index >= 0; index--) {
    const { kind, upper } = tokens[index] as Token;
    if (kind === 'word' && upper === 'SET') return found ? last.upper === 'ON' : undefined;
    if (kind === 'word' && upper === 'QUOTED_IDENTIFIER') found = true;
    else if (upper !== ',' && !(kind === 'word' && /^(?:ANSI|CONCAT|ARITH|NOCOUNT|XACT|NUMERIC)/.test(upper)))
      return undefined;
  }
  return undefined;
};

/**
 * Cuts a batch into tokens.
 * @throws SqlServerError 102 (a character outside the language), 105 (unclosed quotation), 113 (unclosed comment).
 */
export const tokenize = (text: string, quotedAtFirst = true): Token[] => {
  let quotedIdentifiers = quotedAtFirst;
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const push = (kind: TokenKind, value: string, end: number) => {
    if ((kind === 'word' || kind === 'quoted') && value.length > 128) throw atLine(sqlError(103, value), line);
    const upper = kind === 'word' || kind === 'variable' ? value.toUpperCase() : value;
    tokens.push({ kind, text: value, upper, line, start: at, end });
    advance(end);
  };
  const advance = (end: number) => {
    for (let index = at; index < end; index++) if (text.charCodeAt(index) === 10) line++;
    at = end;
  };
  /** A quoted run in which the closing quote is doubled to stand for itself. */
  const quoted = (open: number, close: string): { value: string; end: number } => {
    let value = '';
    let from = open;
    for (;;) {
      const closeAt = text.indexOf(close, from);
      if (closeAt < 0) throw atLine(sqlError(105, text.slice(open)), line);
      value += text.slice(from, closeAt);
      if (text[closeAt + 1] !== close) return { value, end: closeAt + 1 };
      value += close;
      from = closeAt + 2;
    }
  };
  /** Block comments nest in T-SQL. */
  const blockCommentEnd = (): number => {
    let depth = 0;
    for (let index = at; index < text.length; index++) {
      if (text.startsWith('/*', index)) {
        depth++;
        index++;
      } else if (text.startsWith('*/', index)) {
        depth--;
        index++;
        if (depth === 0) return index + 1;
      }
    }
    throw atLine(sqlError(113), line);
  };

  while (at < text.length) {
    const char = text.charAt(at);
    const skipped = match(patterns.space) ?? match(patterns.lineComment);
    if (skipped !== undefined) {
      advance(at + skipped.length);
      continue;
    }
    if (text.startsWith('/*', at)) {
      advance(blockCommentEnd());
      continue;
    }
    if (char === "'" || ((char === 'N' || char === 'n') && text[at + 1] === "'")) {
      const national = char !== "'";
      const { value, end } = quoted(at + (national ? 2 : 1), "'");
      push(national ? 'nstring' : 'string', value, end);
      continue;
    }
    if (char === '[' || char === '"') {
      const { value, end } = quoted(at + 1, char === '[' ? ']' : '"');
      push(char === '"' && !quotedIdentifiers ? 'string' : 'quoted', value, end);
      continue;
    }
    const word = match(patterns.word);
    if (word !== undefined) {
      push('word', word, at + word.length);
      quotedIdentifiers = quotedAfter(tokens) ?? quotedIdentifiers;
      continue;
    }
    const variable = match(patterns.variable);
    if (variable !== undefined) {
      push('variable', variable, at + variable.length);
      continue;
    }
    const binary = match(patterns.binary);
    if (binary !== undefined) {
      push('binary', binary, at + binary.length);
      continue;
    }
    const number = match(patterns.number);
    if (number !== undefined) {
      const kind = /[eE]/.test(number) ? 'float' : number.includes('.') ? 'decimal' : 'integer';
      push(kind, number, at + number.length);
      continue;
    }
    const money = match(patterns.money);
    if (money !== undefined) {
      push('money', money, at + money.length);
      continue;
    }
    const symbol = match(patterns.symbol);
    if (symbol === undefined) throw atLine(sqlError(102, char), line);
    push('symbol', symbol, at + symbol.length);
  }
  tokens.push({ kind: 'end', text: '', upper: '', line, start: at, end: at });
  return tokens;
};
