import { atLine, sqlError } from '../errors.ts';
import type {
  CommonTable,
  Expression,
  JoinKind,
  NamedTable,
  Query,
  QueryBody,
  SelectItem,
  SelectSpecification,
  TableSource,
} from './ast.ts';
import type { Cursor } from './cursor.ts';
import { createExpressionParser } from './expressions.ts';
import type { ExpressionParser } from './expressions.ts';

/** System functions that give rows. */
const rowFunctions: ReadonlySet<string> = new Set(['fn_my_permissions']);

/** What statements need of queries. */
export interface QueryParser extends ExpressionParser {
  /** `[WITH …] SELECT … [ORDER BY …]`; a WITH is read only where `allowWith`. */
  readonly query: () => Query;
  readonly commonTables: () => CommonTable[];
  readonly from: () => TableSource[];
  readonly namedTable: (aliasAllowed: boolean) => NamedTable;
  readonly top: () => Expression | undefined;
  readonly selectItem: () => SelectItem;
  readonly options: () => void;
}

/** Words that may begin a hint without WITH; all of 2008 R2's table hints. */
const tableHints: ReadonlySet<string> = new Set([
  'NOLOCK',
  'READUNCOMMITTED',
  'READCOMMITTED',
  'READCOMMITTEDLOCK',
  'READPAST',
  'REPEATABLEREAD',
  'SERIALIZABLE',
  'HOLDLOCK',
  'ROWLOCK',
  'PAGLOCK',
  'TABLOCK',
  'TABLOCKX',
  'UPDLOCK',
  'XLOCK',
  'NOWAIT',
  'FASTFIRSTROW',
  'NOEXPAND',
  'INDEX',
  'FORCESEEK',
  'KEEPIDENTITY',
  'KEEPDEFAULTS',
  'IGNORE_CONSTRAINTS',
  'IGNORE_TRIGGERS',
]);
/** Query hints that change how, never what. */
const queryHints: readonly RegExp[] = [
  /^MAXDOP \d+$/,
  /^FAST \d+$/,
  /^RECOMPILE$/,
  /^FORCE ORDER$/,
  /^KEEP PLAN$/,
  /^KEEPFIXED PLAN$/,
  /^ROBUST PLAN$/,
  /^EXPAND VIEWS$/,
  /^(LOOP|HASH|MERGE) JOIN$/,
  /^(HASH|ORDER) GROUP$/,
  /^(MERGE|HASH|CONCAT) UNION$/,
  /^MAXRECURSION \d+$/,
  /^OPTIMIZE FOR UNKNOWN$/,
  /^PARAMETERIZATION (SIMPLE|FORCED)$/,
  /^QUERYTRACEON \d+$/,
];

/** Parses queries at the cursor. */
export const createQueryParser = (cursor: Cursor): QueryParser => {
  const query = (): Query => {
    const tables = cursor.isWord('WITH') ? commonTables() : [];
    const body = combined();
    const order = cursor.isWord('ORDER') ? expressions.orderBy() : [];
    if (cursor.isWord('FOR') && cursor.isWordAt(1, 'XML', 'BROWSE')) throw cursor.refuse(`FOR ${cursor.peek(1).upper}`);
    if (cursor.isWord('COMPUTE')) throw cursor.refuse('COMPUTE');
    return { with: tables, body, orderBy: order };
  };
  const expressions = createExpressionParser(cursor, query);
  const { expression, condition } = expressions;

  const commonTables = (): CommonTable[] => {
    cursor.expectWord('WITH');
    const tables: CommonTable[] = [];
    do {
      const { line } = cursor.peek();
      const name = cursor.identifier();
      const columns = cursor.isSymbol('(') ? columnList() : undefined;
      cursor.expectWord('AS');
      cursor.expectSymbol('(');
      const inner = query();
      cursor.expectSymbol(')');
      tables.push({ name, ...(columns && { columns }), query: inner, line });
    } while (cursor.takeSymbol(','));
    return tables;
  };

  const combined = (): QueryBody => {
    let left = intersected();
    while (cursor.isWord('UNION', 'EXCEPT')) {
      const token = cursor.next();
      const all = token.upper === 'UNION' && cursor.takeWord('ALL');
      const operator = all ? 'UNION ALL' : (token.upper as 'UNION' | 'EXCEPT');
      left = { kind: 'combined', operator, left, right: intersected(), line: token.line };
    }
    return left;
  };
  const intersected = (): QueryBody => {
    let left = single();
    while (cursor.isWord('INTERSECT')) {
      const { line } = cursor.next();
      left = { kind: 'combined', operator: 'INTERSECT', left, right: single(), line };
    }
    return left;
  };
  const single = (): QueryBody => {
    if (!cursor.takeSymbol('(')) return specification();
    const body = combined();
    cursor.expectSymbol(')');
    return body;
  };

  const specification = (): SelectSpecification => {
    const { line } = cursor.expectWord('SELECT');
    const distinct = cursor.takeWord('DISTINCT');
    if (!distinct) cursor.takeWord('ALL');
    const limit = top();
    const items = [selectItem()];
    while (cursor.takeSymbol(',')) items.push(selectItem());
    if (cursor.isWord('INTO')) throw cursor.refuse('SELECT INTO');
    const sources = cursor.isWord('FROM') ? from() : [];
    const where = cursor.takeWord('WHERE') ? condition() : undefined;
    const groupBy: Expression[] = [];
    if (cursor.takeWord('GROUP')) {
      cursor.expectWord('BY');
      cursor.takeWord('ALL');
      do {
        if (cursor.isWord('ROLLUP', 'CUBE', 'GROUPING') && (cursor.isSymbol('(', 1) || cursor.isWordAt(1, 'SETS'))) {
          throw cursor.refuse(`GROUP BY ${cursor.peek().upper}`);
        }
        groupBy.push(expression());
      } while (cursor.takeSymbol(','));
      if (cursor.isWord('WITH') && cursor.isWordAt(1, 'ROLLUP', 'CUBE'))
        throw cursor.refuse(`WITH ${cursor.peek(1).upper}`);
    }
    const having = cursor.takeWord('HAVING') ? condition() : undefined;
    return {
      kind: 'select',
      distinct,
      ...(limit && { top: limit }),
      items,
      from: sources,
      ...(where && { where }),
      groupBy,
      ...(having && { having }),
      line,
    };
  };

  const top = (): Expression | undefined => {
    if (!cursor.takeWord('TOP')) return undefined;
    let limit: Expression;
    if (cursor.takeSymbol('(')) {
      limit = expression();
      cursor.expectSymbol(')');
    } else {
      if (cursor.peek().kind !== 'integer') throw cursor.unexpected();
      limit = { kind: 'literal', of: 'integer', text: cursor.next().text };
    }
    if (cursor.isWord('PERCENT')) throw cursor.refuse('TOP PERCENT');
    if (cursor.isWord('WITH') && cursor.isWordAt(1, 'TIES')) throw cursor.refuse('TOP WITH TIES');
    return limit;
  };

  const selectItem = (): SelectItem => {
    const token = cursor.peek();
    const { line } = token;
    if (cursor.takeSymbol('*')) return { kind: 'star', qualifier: [], line };
    if (token.kind === 'variable' && !token.text.startsWith('@@') && cursor.isSymbol('=', 1)) {
      cursor.next();
      cursor.next();
      return { kind: 'assign', variable: token.text, expression: expression(), line };
    }
    if (cursor.isIdentifier()) {
      if (cursor.isSymbol('=', 1)) {
        const alias = cursor.identifier();
        cursor.next();
        return { kind: 'expression', expression: expression(), alias };
      }
      const qualifier = starQualifier();
      if (qualifier !== undefined) return { kind: 'star', qualifier, line };
    }
    if ((token.kind === 'string' || token.kind === 'nstring') && cursor.isSymbol('=', 1)) {
      cursor.next();
      cursor.next();
      return { kind: 'expression', expression: expression(), alias: token.text };
    }
    const value = expression();
    const alias = columnAlias();
    return { kind: 'expression', expression: value, ...(alias !== undefined && { alias }) };
  };

  const starQualifier = (): string[] | undefined => {
    const mark = cursor.mark();
    const parts: string[] = [];
    while (cursor.isIdentifier() && cursor.isSymbol('.', 1)) {
      parts.push(cursor.next().text);
      cursor.next();
      while (cursor.takeSymbol('.')) parts.push('');
      if (cursor.takeSymbol('*')) return parts;
    }
    cursor.rewind(mark);
    return undefined;
  };

  const columnAlias = (): string | undefined => {
    const said = cursor.takeWord('AS');
    const token = cursor.peek();
    if (token.kind === 'string' || token.kind === 'nstring') return cursor.next().text;
    if (cursor.isIdentifier()) return cursor.identifier();
    if (said) throw cursor.unexpected();
    return undefined;
  };

  const from = (): TableSource[] => {
    cursor.expectWord('FROM');
    const sources = [joined()];
    while (cursor.takeSymbol(',')) sources.push(joined());
    return sources;
  };

  const joined = (): TableSource => {
    let left = source();
    for (;;) {
      const { line } = cursor.peek();
      const join = joinKind();
      if (join === undefined) return left;
      if (join === 'CROSS') {
        left = { kind: 'join', join, left, right: source(), line };
        continue;
      }
      // `a JOIN b JOIN c ON … ON …` nests to the right.
      let right = source();
      while (!cursor.isWord('ON')) {
        const { line: innerLine } = cursor.peek();
        const inner = joinKind();
        if (inner === undefined) throw cursor.unexpected();
        const innerRight = source();
        if (inner === 'CROSS') right = { kind: 'join', join: inner, left: right, right: innerRight, line: innerLine };
        else {
          cursor.expectWord('ON');
          right = { kind: 'join', join: inner, left: right, right: innerRight, on: condition(), line: innerLine };
        }
      }
      cursor.expectWord('ON');
      left = { kind: 'join', join, left, right, on: condition(), line };
    }
  };

  const joinKind = (): JoinKind | undefined => {
    if (cursor.isWord('CROSS', 'OUTER') && cursor.isWordAt(1, 'APPLY'))
      throw cursor.refuse(`${cursor.peek().upper} APPLY`);
    if (cursor.isWord('PIVOT', 'UNPIVOT')) throw cursor.refuse(cursor.peek().upper);
    if (cursor.takeWord('JOIN')) return 'INNER';
    if (!cursor.isWord('INNER', 'LEFT', 'RIGHT', 'FULL', 'CROSS')) return undefined;
    const kind = cursor.next().upper as JoinKind;
    if (kind !== 'INNER' && kind !== 'CROSS') cursor.takeWord('OUTER');
    if (kind !== 'CROSS') cursor.takeWord('LOOP', 'HASH', 'MERGE', 'REMOTE');
    cursor.expectWord('JOIN');
    return kind;
  };

  const source = (): TableSource => {
    const { line } = cursor.peek();
    if (!cursor.isSymbol('(')) {
      if (cursor.peek().kind === 'variable') throw cursor.refuse(`table variable ${cursor.peek().text}`);
      if (cursor.isWord('OPENQUERY', 'OPENROWSET', 'OPENXML', 'OPENDATASOURCE', 'CONTAINSTABLE', 'FREETEXTTABLE')) {
        throw cursor.refuse(cursor.peek().upper);
      }
      return namedTable(true);
    }
    if (cursor.isWordAt(1, 'VALUES')) return valuesSource();
    let ahead = 1;
    while (cursor.isSymbol('(', ahead)) ahead++;
    if (cursor.isWordAt(ahead, 'SELECT', 'WITH')) {
      const mark = cursor.mark();
      cursor.next();
      const inner = query();
      if (cursor.isSymbol(')')) {
        cursor.next();
        return { kind: 'derived', query: inner, ...sourceAlias(), line };
      }
      cursor.rewind(mark);
    }
    cursor.next();
    const inner = joined();
    cursor.expectSymbol(')');
    return inner;
  };

  const valuesSource = (): TableSource => {
    const { line } = cursor.next();
    cursor.next();
    const rows = valueRows();
    cursor.expectSymbol(')');
    return { kind: 'values', rows, ...sourceAlias(), line };
  };
  const valueRows = (): Expression[][] => {
    const rows: Expression[][] = [];
    do {
      cursor.expectSymbol('(');
      const row = [expression()];
      while (cursor.takeSymbol(',')) row.push(expression());
      cursor.expectSymbol(')');
      rows.push(row);
    } while (cursor.takeSymbol(','));
    return rows;
  };

  const sourceAlias = (): { alias: string; columns?: string[] } => {
    cursor.takeWord('AS');
    const alias = cursor.identifier();
    return cursor.isSymbol('(') ? { alias, columns: columnList() } : { alias };
  };
  const columnList = (): string[] => {
    cursor.expectSymbol('(');
    const columns = [cursor.identifier()];
    while (cursor.takeSymbol(',')) columns.push(cursor.identifier());
    cursor.expectSymbol(')');
    return columns;
  };

  const namedTable = (aliasAllowed: boolean): NamedTable => {
    const { line } = cursor.peek();
    const parts = cursor.qualifiedName();
    const name = parts.at(-1)?.toLowerCase() ?? '';
    const args = aliasAllowed && rowFunctions.has(name) && cursor.isSymbol('(') ? functionArguments() : undefined;
    if (aliasAllowed && cursor.isSymbol('(') && !isBareHint()) throw atLine(sqlError(208, parts.join('.')), line);
    if (cursor.isWord('TABLESAMPLE')) throw cursor.refuse('TABLESAMPLE');
    let hints = hintList();
    let alias: string | undefined;
    if (aliasAllowed && (cursor.isWord('AS') || cursor.isIdentifier())) {
      if (!cursor.isWord('PIVOT', 'UNPIVOT')) {
        cursor.takeWord('AS');
        alias = cursor.identifier();
      }
    }
    if (hints.length === 0) hints = hintList();
    return { kind: 'table', parts, ...(args && { args }), ...(alias !== undefined && { alias }), hints, line };
  };

  const functionArguments = (): Expression[] => {
    const args: Expression[] = [];
    cursor.expectSymbol('(');
    if (cursor.takeSymbol(')')) return args;
    do args.push(expression());
    while (cursor.takeSymbol(','));
    cursor.expectSymbol(')');
    return args;
  };

  const isBareHint = (): boolean => {
    const token = cursor.peek(1);
    return cursor.isSymbol('(') && token.kind === 'word' && tableHints.has(token.upper);
  };
  const hintList = (): string[] => {
    const withHints = cursor.isWord('WITH') && cursor.isSymbol('(', 1);
    if (withHints) cursor.next();
    else if (!isBareHint()) return [];
    cursor.expectSymbol('(');
    const hints: string[] = [];
    do {
      const token = cursor.next();
      if (token.kind !== 'word' || !tableHints.has(token.upper)) {
        throw atLine(sqlError(155, token.text, 'table hints'), token.line);
      }
      hints.push(token.upper);
      if (cursor.takeSymbol('=')) cursor.next();
      else if (cursor.takeSymbol('(')) {
        do cursor.next();
        while (cursor.takeSymbol(','));
        cursor.expectSymbol(')');
      }
      if (!cursor.isSymbol(')')) cursor.takeSymbol(',');
    } while (!cursor.isSymbol(')') && cursor.peek().kind !== 'end');
    cursor.expectSymbol(')');
    return hints;
  };

  const options = (): void => {
    if (!cursor.takeWord('OPTION')) return;
    cursor.expectSymbol('(');
    do {
      const words: string[] = [];
      const first = cursor.peek();
      while (!cursor.isSymbol(',') && !cursor.isSymbol(')')) {
        if (cursor.peek().kind === 'end' || cursor.isSymbol('(')) throw cursor.unexpected();
        words.push(cursor.next().upper);
      }
      if (!queryHints.some((hint) => hint.test(words.join(' ')))) throw cursor.unexpected(first);
    } while (cursor.takeSymbol(','));
    cursor.expectSymbol(')');
  };

  return { ...expressions, query, commonTables, from, namedTable, top, selectItem, options };
};
