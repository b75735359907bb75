import type { SqlType } from '../../engine.ts';
import { atLine, sqlError } from '../errors.ts';
import type { ArithmeticOperator, ComparisonOperator, Condition, Expression, OrderItem, Over, Query } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { parseType } from './type-names.ts';

/** Expressions hold queries and queries hold expressions: the one is given to the other. */
export interface ExpressionParser {
  readonly expression: () => Expression;
  readonly condition: () => Condition;
  readonly orderBy: () => OrderItem[];
}

const conditionKinds: ReadonlySet<string> = new Set([
  'and',
  'or',
  'not',
  'compare',
  'quantified',
  'between',
  'like',
  'in',
  'exists',
  'is-null',
]);

/** Tells a truth value from a scalar. */
export const isCondition = (node: Condition | Expression): node is Condition => conditionKinds.has(node.kind);

const comparisons: Readonly<Record<string, ComparisonOperator>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
  '!<': '>=',
  '!>': '<=',
};

/** Keywords that are called without parentheses. */
const bareFunctions: ReadonlySet<string> = new Set([
  'CURRENT_TIMESTAMP',
  'CURRENT_USER',
  'SESSION_USER',
  'SYSTEM_USER',
  'USER',
]);
/** Reserved words that are also function names. */
const reservedFunctions: ReadonlySet<string> = new Set(['LEFT', 'RIGHT', 'COALESCE', 'NULLIF', 'USER']);
/** Functions whose first argument is a date part, not a column. */
const datePartFunctions: ReadonlySet<string> = new Set(['DATEADD', 'DATEDIFF', 'DATEPART', 'DATENAME']);

/** @param query parses `SELECT …` at the cursor */
export const createExpressionParser = (cursor: Cursor, query: () => Query): ExpressionParser => {
  const scalar = (node: Condition | Expression): Expression => {
    if (!isCondition(node)) return node;
    throw atLine(sqlError(102, node.near), node.line);
  };
  const truth = (node: Condition | Expression): Condition => {
    if (isCondition(node)) return node;
    const token = cursor.peek();
    throw atLine(sqlError(4145, token.kind === 'end' ? cursor.peek(-1).text : token.text), token.line);
  };
  const isSelect = (ahead = 0): boolean => {
    let index = ahead;
    while (cursor.isSymbol('(', index)) index++;
    return cursor.isWordAt(index, 'SELECT');
  };

  const or = (): Condition | Expression => {
    let left = and();
    while (cursor.isWord('OR')) {
      const { line } = cursor.next();
      left = { kind: 'or', left: truth(left), right: truth(and()), near: 'OR', line };
    }
    return left;
  };
  const and = (): Condition | Expression => {
    let left = not();
    while (cursor.isWord('AND')) {
      const { line } = cursor.next();
      left = { kind: 'and', left: truth(left), right: truth(not()), near: 'AND', line };
    }
    return left;
  };
  const not = (): Condition | Expression => {
    if (!cursor.isWord('NOT')) return predicate();
    const { line } = cursor.next();
    return { kind: 'not', operand: truth(not()), near: 'NOT', line };
  };

  const predicate = (): Condition | Expression => {
    if (cursor.isWord('EXISTS')) {
      const { line } = cursor.next();
      return { kind: 'exists', query: parenthesisedQuery(), near: 'EXISTS', line };
    }
    const left = additive();
    if (isCondition(left)) return left;
    const token = cursor.peek();
    const { line } = token;
    const near = token.text;
    const comparison = token.kind === 'symbol' ? comparisons[token.text] : undefined;
    if (comparison !== undefined) {
      cursor.next();
      if (cursor.isWord('ALL', 'ANY', 'SOME')) {
        const quantifier = cursor.next().upper === 'ALL' ? 'ALL' : 'ANY';
        return { kind: 'quantified', operator: comparison, quantifier, left, query: parenthesisedQuery(), near, line };
      }
      return { kind: 'compare', operator: comparison, left, right: scalar(additive()), near, line };
    }
    if (cursor.isWord('IS')) {
      cursor.next();
      const negated = cursor.takeWord('NOT');
      cursor.expectWord('NULL');
      return { kind: 'is-null', operand: left, negated, near, line };
    }
    const negated = cursor.isWord('NOT') && cursor.isWordAt(1, 'BETWEEN', 'LIKE', 'IN') && (cursor.next(), true);
    if (cursor.takeWord('BETWEEN')) {
      const low = scalar(additive());
      cursor.expectWord('AND');
      return { kind: 'between', operand: left, low, high: scalar(additive()), negated, near, line };
    }
    if (cursor.takeWord('LIKE')) {
      const pattern = scalar(additive());
      const escape = cursor.takeWord('ESCAPE') ? scalar(additive()) : undefined;
      return { kind: 'like', operand: left, pattern, ...(escape && { escape }), negated, near, line };
    }
    if (cursor.takeWord('IN')) {
      if (cursor.isSymbol('(') && isSelect(1)) {
        return { kind: 'in', operand: left, values: parenthesisedQuery(), negated, near, line };
      }
      cursor.expectSymbol('(');
      const values = [expression()];
      while (cursor.takeSymbol(',')) values.push(expression());
      cursor.expectSymbol(')');
      return { kind: 'in', operand: left, values, negated, near, line };
    }
    return left;
  };

  const binary =
    (operators: readonly string[], operand: () => Condition | Expression) => (): Condition | Expression => {
      let left = operand();
      for (;;) {
        const token = cursor.peek();
        if (token.kind !== 'symbol' || !operators.includes(token.text)) return left;
        cursor.next();
        const right = scalar(operand());
        left = {
          kind: 'binary',
          operator: token.text as ArithmeticOperator,
          left: scalar(left),
          right,
          line: token.line,
        };
      }
    };

  const unary = (): Condition | Expression => {
    const token = cursor.peek();
    if (token.kind === 'symbol' && (token.text === '-' || token.text === '+' || token.text === '~')) {
      cursor.next();
      return { kind: 'unary', operator: token.text, operand: scalar(unary()), line: token.line };
    }
    let operand = primary();
    while (cursor.isWord('COLLATE')) {
      const { line } = cursor.next();
      operand = { kind: 'collate', operand: scalar(operand), collation: cursor.identifier(), line };
    }
    return operand;
  };
  const multiplicative = binary(['*', '/', '%'], unary);
  // In T-SQL the bit operators stand level with + and -.
  const additive = binary(['+', '-', '&', '|', '^'], multiplicative);

  const expression = (): Expression => scalar(additive());
  const condition = (): Condition => truth(or());

  const parenthesisedQuery = (): Query => {
    cursor.expectSymbol('(');
    const inner = query();
    cursor.expectSymbol(')');
    return inner;
  };

  const primary = (): Condition | Expression => {
    const token = cursor.peek();
    const { line } = token;
    switch (token.kind) {
      case 'integer':
      case 'decimal':
      case 'float':
      case 'money':
      case 'string':
      case 'nstring':
      case 'binary':
        cursor.next();
        return { kind: 'literal', of: token.kind, text: token.text };
      case 'variable':
        cursor.next();
        if (token.text.startsWith('@@')) return { kind: 'global', name: token.upper, line };
        return { kind: 'variable', name: token.text, line };
      case 'symbol': {
        if (token.text !== '(') throw cursor.unexpected();
        if (isSelect(0)) {
          const mark = cursor.mark();
          try {
            return { kind: 'subquery', query: parenthesisedQuery(), line };
          } catch (error) {
            // `((SELECT 1) + 1)` also begins like a subquery.
            if (!cursor.isSymbol('(', mark - cursor.mark() + 1)) throw error;
            cursor.rewind(mark);
          }
        }
        cursor.next();
        const inner = or();
        cursor.expectSymbol(')');
        return inner;
      }
      case 'word':
      case 'quoted':
        return named();
      default:
        throw cursor.unexpected();
    }
  };

  const named = (): Expression => {
    const token = cursor.peek();
    const { line } = token;
    if (token.kind === 'word') {
      const special = keywordExpression(token.upper, line);
      if (special !== undefined) return special;
      if (reservedFunctions.has(token.upper) && cursor.isSymbol('(', 1)) {
        cursor.next();
        return call(token.upper, line);
      }
    }
    const parts = cursor.qualifiedName();
    if (!cursor.isSymbol('(')) return { kind: 'column', parts, line };
    if (parts.length > 1) throw atLine(sqlError(4121, parts[0] ?? '', parts.join('.')), line);
    return call((parts[0] ?? '').toUpperCase(), line);
  };

  const keywordExpression = (word: string, line: number): Expression | undefined => {
    switch (word) {
      case 'NULL':
        cursor.next();
        return { kind: 'literal', of: 'null', text: 'NULL' };
      case 'CASE':
        return caseExpression();
      case 'CAST': {
        if (!cursor.isSymbol('(', 1)) return undefined;
        cursor.next();
        cursor.next();
        const operand = expression();
        cursor.expectWord('AS');
        const type = parseType(cursor, 30);
        cursor.expectSymbol(')');
        return { kind: 'cast', function: 'CAST', operand, type, line };
      }
      case 'CONVERT': {
        cursor.next();
        cursor.expectSymbol('(');
        const type: SqlType = parseType(cursor, 30);
        cursor.expectSymbol(',');
        const operand = expression();
        const style = cursor.takeSymbol(',') ? expression() : undefined;
        cursor.expectSymbol(')');
        return { kind: 'cast', function: 'CONVERT', operand, type, ...(style && { style }), line };
      }
      default:
        if (!bareFunctions.has(word)) return undefined;
        cursor.next();
        return { kind: 'function', name: word, args: [], line };
    }
  };

  const caseExpression = (): Expression => {
    const { line } = cursor.next();
    const operand = cursor.isWord('WHEN') ? undefined : expression();
    const whens: { when: Condition | Expression; result: Expression }[] = [];
    while (cursor.takeWord('WHEN')) {
      const when = operand === undefined ? condition() : expression();
      cursor.expectWord('THEN');
      whens.push({ when, result: expression() });
    }
    if (whens.length === 0) throw cursor.unexpected();
    const otherwise = cursor.takeWord('ELSE') ? expression() : undefined;
    cursor.expectWord('END');
    return { kind: 'case', ...(operand && { operand }), whens, ...(otherwise && { otherwise }), line };
  };

  const call = (name: string, line: number): Expression => {
    cursor.expectSymbol('(');
    const args: Expression[] = [];
    let star = false;
    let distinct = false;
    if (cursor.isSymbol('*') && cursor.isSymbol(')', 1)) {
      cursor.next();
      star = true;
    } else if (!cursor.isSymbol(')')) {
      distinct = cursor.takeWord('DISTINCT');
      if (!distinct) cursor.takeWord('ALL');
      if (datePartFunctions.has(name)) args.push({ kind: 'literal', of: 'string', text: datePart() });
      else args.push(expression());
      while (cursor.takeSymbol(',')) args.push(expression());
    }
    cursor.expectSymbol(')');
    const over = cursor.isWord('OVER') ? overClause() : undefined;
    return {
      kind: 'function',
      name,
      args,
      ...(star && { star }),
      ...(distinct && { distinct }),
      ...(over && { over }),
      line,
    };
  };

  const datePart = (): string => {
    const token = cursor.peek();
    if (token.kind !== 'word' && token.kind !== 'quoted') throw cursor.unexpected();
    return cursor.next().text;
  };

  const overClause = (): Over => {
    cursor.next();
    cursor.expectSymbol('(');
    const partitionBy: Expression[] = [];
    if (cursor.takeWord('PARTITION')) {
      cursor.expectWord('BY');
      do partitionBy.push(expression());
      while (cursor.takeSymbol(','));
    }
    const order = cursor.isWord('ORDER') ? orderBy() : [];
    // ROWS and RANGE came with SQL Server 2012.
    cursor.expectSymbol(')');
    return { partitionBy, orderBy: order };
  };

  const orderBy = (): OrderItem[] => {
    cursor.expectWord('ORDER');
    cursor.expectWord('BY');
    const items: OrderItem[] = [];
    do {
      const item = expression();
      const descending = cursor.takeWord('DESC');
      if (!descending) cursor.takeWord('ASC');
      items.push({ expression: item, descending });
    } while (cursor.takeSymbol(','));
    return items;
  };

  return { expression, condition, orderBy };
};
