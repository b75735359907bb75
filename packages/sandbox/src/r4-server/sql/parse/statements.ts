import { atLine, sqlError } from '../errors.ts';
import type { Assignment, Declaration, ExecuteArgument, Expression, NamedTable, Query, Statement } from './ast.ts';
import { createCursor } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { tokenize } from './lexer.ts';
import { createQueryParser } from './queries.ts';
import { parseSetStatement } from './set-options.ts';
import { parseType } from './type-names.ts';

/** Statements that 2008 R2 has and a reader never sends; refused by name. */
const refused: ReadonlySet<string> = new Set([
  'ALTER',
  'BACKUP',
  'BULK',
  'CHECKPOINT',
  'CLOSE',
  'CREATE',
  'DBCC',
  'DEALLOCATE',
  'DENY',
  'DROP',
  'DUMP',
  'FETCH',
  'GOTO',
  'GRANT',
  'KILL',
  'LOAD',
  'MERGE',
  'OPEN',
  'READTEXT',
  'RECONFIGURE',
  'RESTORE',
  'REVERT',
  'REVOKE',
  'SETUSER',
  'SHUTDOWN',
  'TRUNCATE',
  'UPDATETEXT',
  'WRITETEXT',
]);

/**
 * Parses a batch.
 * @throws SqlServerError 102, 105, 113, 156 and their like, with the line; 102 naming the construct for what is not supported
 */
export const parseBatch = (text: string, quotedIdentifiers = true): Statement[] => {
  const cursor = createCursor(tokenize(text, quotedIdentifiers));
  const parser = createStatementParser(cursor);
  const statements: Statement[] = [];
  for (;;) {
    while (cursor.takeSymbol(';'));
    if (cursor.peek().kind === 'end') return statements;
    statements.push(parser(statements.length === 0));
  }
};

const createStatementParser = (cursor: Cursor): ((first: boolean) => Statement) => {
  const queries = createQueryParser(cursor);
  const { expression, condition } = queries;

  const statement = (first = false): Statement => {
    const token = cursor.peek();
    const { line } = token;
    if (cursor.isSymbol('(')) return { kind: 'query', query: finishedQuery(), line };
    if (token.kind === 'word') {
      if (refused.has(token.upper)) throw cursor.refuse(token.upper);
      switch (token.upper) {
        case 'SELECT':
          return { kind: 'query', query: finishedQuery(), line };
        case 'WITH':
          return withStatement();
        case 'INSERT':
          return insert();
        case 'UPDATE':
          return update([]);
        case 'DELETE':
          return remove([]);
        case 'DECLARE':
          return declare();
        case 'SET':
          return parseSetStatement(cursor, queries);
        case 'USE':
          cursor.next();
          return { kind: 'use', database: cursor.identifier(), line };
        case 'PRINT':
          cursor.next();
          return { kind: 'print', expression: expression(), line };
        case 'RAISERROR':
          return raiseError();
        case 'IF': {
          cursor.next();
          const test = condition();
          const consequence = statement();
          const mark = cursor.mark();
          while (cursor.takeSymbol(';'));
          if (cursor.takeWord('ELSE'))
            return { kind: 'if', condition: test, consequence, otherwise: statement(), line };
          cursor.rewind(mark);
          return { kind: 'if', condition: test, consequence, line };
        }
        case 'WHILE':
          cursor.next();
          return { kind: 'while', condition: condition(), body: statement(), line };
        case 'BREAK':
        case 'CONTINUE':
        case 'RETURN':
          cursor.next();
          return { kind: token.upper.toLowerCase() as 'break' | 'continue' | 'return', line };
        case 'BEGIN':
          return begin();
        case 'COMMIT':
        case 'ROLLBACK':
          cursor.next();
          if (!cursor.takeWord('WORK')) transactionName(cursor.takeWord('TRAN', 'TRANSACTION'));
          return { kind: 'transaction', action: token.upper === 'COMMIT' ? 'commit' : 'rollback', line };
        case 'SAVE':
          throw cursor.refuse('SAVE TRANSACTION');
        case 'WAITFOR':
          cursor.next();
          if (cursor.isWord('TIME')) throw cursor.refuse('WAITFOR TIME');
          cursor.expectWord('DELAY');
          return { kind: 'waitfor', delay: expression(), line };
        case 'EXEC':
        case 'EXECUTE':
          cursor.next();
          return execute(line);
        default:
      }
    }
    // A batch may begin with a procedure's bare name.
    if (first && cursor.isIdentifier()) return execute(line);
    throw cursor.unexpected();
  };

  const finishedQuery = (): Query => {
    const query = queries.query();
    queries.options();
    return query;
  };

  const withStatement = (): Statement => {
    const { line } = cursor.peek();
    const mark = cursor.mark();
    const tables = queries.commonTables();
    if (cursor.isWord('UPDATE')) return update(tables);
    if (cursor.isWord('DELETE')) return remove(tables);
    if (cursor.isWord('INSERT', 'MERGE')) throw cursor.refuse(`WITH … ${cursor.peek().upper}`);
    cursor.rewind(mark);
    return { kind: 'query', query: finishedQuery(), line };
  };

  const insert = (): Statement => {
    const { line } = cursor.next();
    const limit = queries.top();
    if (limit !== undefined) throw cursor.refuse('INSERT TOP');
    cursor.takeWord('INTO');
    const table = queries.namedTable(false);
    let columns: string[] | undefined;
    if (cursor.isSymbol('(') && !cursor.isWordAt(1, 'SELECT')) {
      cursor.next();
      columns = [];
      do columns.push(cursor.qualifiedName().at(-1) ?? '');
      while (cursor.takeSymbol(','));
      cursor.expectSymbol(')');
    }
    if (cursor.isWord('OUTPUT')) throw cursor.refuse('OUTPUT');
    if (cursor.isWord('EXEC', 'EXECUTE')) throw cursor.refuse('INSERT … EXEC');
    const shared = { kind: 'insert', table, ...(columns && { columns }), line } as const;
    if (cursor.takeWord('DEFAULT')) {
      cursor.expectWord('VALUES');
      return { ...shared, source: 'DEFAULT VALUES' };
    }
    if (!cursor.takeWord('VALUES')) return { ...shared, source: finishedQuery() };
    const rows: (Expression | 'DEFAULT')[][] = [];
    do {
      cursor.expectSymbol('(');
      const row: (Expression | 'DEFAULT')[] = [];
      do row.push(cursor.takeWord('DEFAULT') ? 'DEFAULT' : expression());
      while (cursor.takeSymbol(','));
      cursor.expectSymbol(')');
      rows.push(row);
    } while (cursor.takeSymbol(','));
    return { ...shared, source: rows };
  };

  const update = (tables: ReturnType<typeof queries.commonTables>): Statement => {
    const { line } = cursor.next();
    const limit = queries.top();
    const target: NamedTable = queries.namedTable(false);
    cursor.expectWord('SET');
    const set: Assignment[] = [];
    do set.push(assignment());
    while (cursor.takeSymbol(','));
    return { kind: 'update', with: tables, ...(limit && { top: limit }), target, set, ...tail(), line };
  };

  const assignment = (): Assignment => {
    const { line, kind } = cursor.peek();
    if (kind === 'variable') throw cursor.refuse('UPDATE … SET @variable');
    const column = cursor.qualifiedName();
    const operator = cursor.next();
    if (operator.text === '=') {
      if (cursor.isWord('DEFAULT')) throw cursor.refuse('SET … = DEFAULT');
      return { column, expression: expression(), line };
    }
    const compound = /^([-+*/%&|^])=$/.exec(operator.text)?.[1];
    if (operator.kind !== 'symbol' || compound === undefined) throw cursor.unexpected(operator);
    const left: Expression = { kind: 'column', parts: column, line };
    return {
      column,
      expression: { kind: 'binary', operator: compound as '+', left, right: expression(), line },
      line,
    };
  };

  const remove = (tables: ReturnType<typeof queries.commonTables>): Statement => {
    const { line } = cursor.next();
    const limit = queries.top();
    cursor.takeWord('FROM');
    const target = queries.namedTable(false);
    return { kind: 'delete', with: tables, ...(limit && { top: limit }), target, ...tail(), line };
  };

  /** `[FROM …] [WHERE …] [OPTION …]` of UPDATE and DELETE. */
  const tail = () => {
    if (cursor.isWord('OUTPUT')) throw cursor.refuse('OUTPUT');
    const from = cursor.isWord('FROM') ? queries.from() : [];
    if (cursor.isWord('WHERE') && cursor.isWordAt(1, 'CURRENT')) throw cursor.refuse('WHERE CURRENT OF');
    const where = cursor.takeWord('WHERE') ? condition() : undefined;
    queries.options();
    return { from, ...(where && { where }) };
  };

  const declare = (): Statement => {
    const { line } = cursor.next();
    const declarations: Declaration[] = [];
    do {
      const token = cursor.next();
      if (token.kind !== 'variable') {
        if (cursor.isWord('CURSOR', 'INSENSITIVE', 'SCROLL')) throw cursor.refuse('DECLARE CURSOR');
        throw cursor.unexpected(token);
      }
      cursor.takeWord('AS');
      if (cursor.isWord('TABLE', 'CURSOR')) throw cursor.refuse(`DECLARE ${cursor.peek().upper}`);
      const type = parseType(cursor, 1);
      const initial = cursor.takeSymbol('=') ? expression() : undefined;
      declarations.push({ name: token.text, type, ...(initial && { initial }) });
    } while (cursor.takeSymbol(','));
    return { kind: 'declare', declarations, line };
  };

  const raiseError = (): Statement => {
    const { line } = cursor.next();
    cursor.expectSymbol('(');
    const parts = [expression()];
    while (cursor.takeSymbol(',')) parts.push(expression());
    cursor.expectSymbol(')');
    if (cursor.takeWord('WITH')) {
      do {
        if (cursor.next().upper === 'LOG') throw cursor.refuse('RAISERROR WITH LOG');
      } while (cursor.takeSymbol(','));
    }
    const [message, severity, state, ...args] = parts;
    if (message === undefined || severity === undefined || state === undefined) throw cursor.unexpected();
    return { kind: 'raiserror', message, severity, state, args, line };
  };

  const begin = (): Statement => {
    const { line } = cursor.next();
    if (cursor.isWord('TRAN', 'TRANSACTION')) {
      transactionName(cursor.takeWord('TRAN', 'TRANSACTION'));
      if (cursor.isWord('WITH')) throw cursor.refuse('WITH MARK');
      return { kind: 'transaction', action: 'begin', line };
    }
    if (cursor.isWord('TRY', 'DISTRIBUTED', 'DIALOG', 'CONVERSATION'))
      throw cursor.refuse(`BEGIN ${cursor.peek().upper}`);
    const statements: Statement[] = [];
    for (;;) {
      while (cursor.takeSymbol(';'));
      if (cursor.isWord('END')) {
        if (statements.length === 0) throw cursor.unexpected();
        cursor.next();
        return { kind: 'block', statements, line };
      }
      statements.push(statement());
    }
  };

  const transactionName = (allowed: boolean): void => {
    if (allowed && (cursor.isIdentifier() || cursor.peek().kind === 'variable')) cursor.next();
  };

  const execute = (line: number): Statement => {
    if (cursor.takeSymbol('(')) {
      const text = expression();
      cursor.expectSymbol(')');
      if (cursor.isWord('AT')) throw cursor.refuse('EXEC (…) AT');
      return { kind: 'execute-text', text, line };
    }
    let status: string | undefined;
    if (cursor.peek().kind === 'variable') {
      if (!cursor.isSymbol('=', 1)) throw cursor.refuse('EXEC @variable');
      status = cursor.next().text;
      cursor.next();
    }
    const procedure = cursor.qualifiedName();
    const args: ExecuteArgument[] = [];
    const call = { kind: 'execute', procedure, args, ...(status !== undefined && { status }), line } as const;
    if (startsArgument()) {
      do args.push(argument());
      while (cursor.takeSymbol(','));
    }
    if (cursor.isWord('WITH') && cursor.isWordAt(1, 'RECOMPILE')) {
      cursor.next();
      cursor.next();
    }
    return call;
  };

  const startsArgument = (): boolean => {
    const { kind } = cursor.peek();
    if (['variable', 'integer', 'decimal', 'float', 'money', 'string', 'nstring', 'binary', 'quoted'].includes(kind))
      return true;
    return cursor.isSymbol('-') || cursor.isWord('NULL', 'DEFAULT') || cursor.isIdentifier();
  };

  /** Procedure arguments are constants, variables or bare words (taken as strings). */
  const argument = (): ExecuteArgument => {
    let name: string | undefined;
    if (cursor.peek().kind === 'variable' && cursor.isSymbol('=', 1)) {
      name = cursor.next().text;
      cursor.next();
    }
    let value: Expression;
    const bare = cursor.isIdentifier();
    if (bare) value = { kind: 'literal', of: 'nstring', text: cursor.next().text };
    else if (cursor.isWord('DEFAULT')) throw cursor.refuse('EXEC … DEFAULT');
    else {
      const { line } = cursor.peek();
      value = expression();
      if (value.kind !== 'literal' && value.kind !== 'variable' && value.kind !== 'global' && value.kind !== 'unary') {
        throw atLine(sqlError(102, '('), line);
      }
    }
    const output = cursor.takeWord('OUTPUT', 'OUT');
    return { ...(name !== undefined && { name }), expression: value, output };
  };

  return statement;
};
