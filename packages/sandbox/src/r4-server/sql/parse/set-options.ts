import { atLine, sqlError } from '../errors.ts';
import type { Expression, Statement } from './ast.ts';
import type { Cursor } from './cursor.ts';
import type { ExpressionParser } from './expressions.ts';

/** Options that are ON or OFF; several may stand in one SET. */
const switches: ReadonlySet<string> = new Set([
  'ANSI_DEFAULTS',
  'ANSI_NULLS',
  'ANSI_NULL_DFLT_OFF',
  'ANSI_NULL_DFLT_ON',
  'ANSI_PADDING',
  'ANSI_WARNINGS',
  'ARITHABORT',
  'ARITHIGNORE',
  'CONCAT_NULL_YIELDS_NULL',
  'CURSOR_CLOSE_ON_COMMIT',
  'FMTONLY',
  'FORCEPLAN',
  'IMPLICIT_TRANSACTIONS',
  'NOCOUNT',
  'NOEXEC',
  'NUMERIC_ROUNDABORT',
  'PARSEONLY',
  'QUOTED_IDENTIFIER',
  'REMOTE_PROC_TRANSACTIONS',
  'XACT_ABORT',
  'NO_BROWSETABLE',
  'SHOWPLAN_ALL',
  'SHOWPLAN_TEXT',
  'SHOWPLAN_XML',
]);
/** Options with one value. */
const valued: ReadonlySet<string> = new Set([
  'DATEFIRST',
  'DATEFORMAT',
  'DEADLOCK_PRIORITY',
  'LANGUAGE',
  'LOCK_TIMEOUT',
  'QUERY_GOVERNOR_COST_LIMIT',
  'ROWCOUNT',
  'TEXTSIZE',
  'CONTEXT_INFO',
]);
/** Accepting these while doing nothing would give a wrong answer. */
const refusedWhenOn: ReadonlySet<string> = new Set([
  'NOEXEC',
  'PARSEONLY',
  'SHOWPLAN_ALL',
  'SHOWPLAN_TEXT',
  'SHOWPLAN_XML',
]);

const isolationLevels: ReadonlySet<string> = new Set([
  'READ UNCOMMITTED',
  'READ COMMITTED',
  'REPEATABLE READ',
  'SNAPSHOT',
  'SERIALIZABLE',
]);

/** Reads `SET @x = …` or `SET option …` at the cursor. */
export const parseSetStatement = (cursor: Cursor, { expression }: Pick<ExpressionParser, 'expression'>): Statement => {
  const { line } = cursor.expectWord('SET');
  const token = cursor.peek();
  if (token.kind === 'variable') return setVariable(cursor, expression, line);
  if (token.kind !== 'word') throw cursor.unexpected();
  const option = (value: string, name = token.upper): Statement => ({ kind: 'set-option', option: name, value, line });

  if (switches.has(token.upper)) {
    const names = [cursor.next().upper];
    while (cursor.takeSymbol(',')) names.push(cursor.next().upper);
    const unknown = names.find((name) => !switches.has(name));
    if (unknown !== undefined) throw atLine(sqlError(195, unknown, 'SET option'), line);
    if (!cursor.isWord('ON', 'OFF')) throw cursor.unexpected();
    const value = cursor.next().upper;
    const refused = names.find((name) => value === 'ON' && refusedWhenOn.has(name));
    if (refused !== undefined) throw cursor.refuse(`SET ${refused}`);
    const statements = names.map((name) => option(value, name));
    return statements.length === 1 && statements[0] ? statements[0] : { kind: 'block', statements, line };
  }
  if (valued.has(token.upper)) {
    cursor.next();
    return option(optionValue(cursor));
  }
  switch (token.upper) {
    case 'TRANSACTION': {
      cursor.next();
      cursor.expectWord('ISOLATION');
      cursor.expectWord('LEVEL');
      const first = cursor.next();
      const words =
        first.upper === 'READ' || first.upper === 'REPEATABLE' ? [first.upper, cursor.next().upper] : [first.upper];
      const level = words.join(' ');
      if (!isolationLevels.has(level)) throw cursor.unexpected(first);
      return option(level, 'TRANSACTION ISOLATION LEVEL');
    }
    case 'STATISTICS': {
      cursor.next();
      const what = cursor.next().upper;
      if (!['IO', 'TIME', 'PROFILE', 'XML'].includes(what)) throw atLine(sqlError(195, what, 'SET option'), line);
      if (!cursor.isWord('ON', 'OFF')) throw cursor.unexpected();
      if (cursor.next().upper === 'ON' && (what === 'PROFILE' || what === 'XML'))
        throw cursor.refuse(`SET STATISTICS ${what}`);
      return option('', `STATISTICS ${what}`);
    }
    case 'IDENTITY_INSERT': {
      cursor.next();
      const table = cursor.qualifiedName().join('.');
      if (!cursor.isWord('ON', 'OFF')) throw cursor.unexpected();
      return option(cursor.next().upper === 'ON' ? table : '', 'IDENTITY_INSERT');
    }
    default:
      throw atLine(sqlError(195, token.text, 'SET option'), line);
  }
};

const setVariable = (cursor: Cursor, expression: () => Expression, line: number): Statement => {
  const name = cursor.next().text;
  const operator = cursor.next();
  if (operator.text === '=') return { kind: 'set-variable', name, expression: expression(), line };
  const compound = /^([-+*/%&|^])=$/.exec(operator.text)?.[1];
  if (operator.kind !== 'symbol' || compound === undefined) throw cursor.unexpected(operator);
  const left: Expression = { kind: 'variable', name, line };
  return {
    kind: 'set-variable',
    name,
    expression: { kind: 'binary', operator: compound as '+', left, right: expression(), line },
    line,
  };
};

const optionValue = (cursor: Cursor): string => {
  const negative = cursor.takeSymbol('-');
  const token = cursor.peek();
  const allowed = ['word', 'quoted', 'string', 'nstring', 'integer', 'variable', 'binary'];
  if (!allowed.includes(token.kind) || (negative && token.kind !== 'integer')) throw cursor.unexpected();
  cursor.next();
  return (negative ? '-' : '') + token.text;
};
