import type { SqlType } from '../../engine.ts';
import { collationRules } from '../collation.ts';
import { formatScaled } from '../conversion/number-text.ts';
import { parseMoney } from '../conversion/number-text.ts';
import { atLine, sqlError } from '../errors.ts';
import type { Condition, Expression, Literal } from '../parse/ast.ts';
import { isCondition } from '../parse/expressions.ts';
import { SqlServerError } from '../../engine.ts';
import { quoteText } from '../storage.ts';
import { isString, typeLabel } from '../types.ts';
import { translateAggregate } from './aggregates.ts';
import { translateArithmetic, translateUnary } from './arithmetic.ts';
import { compareTyped, translateCondition } from './conditions.ts';
import { bindable } from './context.ts';
import type { Translation } from './context.ts';
import { translateFunction, translateGlobal } from '../functions/index.ts';
import { resolveColumn } from './scope.ts';
import type { Scope } from './scope.ts';
import type { Typed } from './typed.ts';

/**
 * Translates a scalar.
 * @throws SqlServerError with the line of the construct
 */
export const translateExpression = (translation: Translation, node: Expression, scope: Scope): Typed => {
  const { grouping } = scope;
  if (grouping !== undefined && node.kind !== 'literal' && node.kind !== 'variable') {
    // Is it, as a whole, one of the GROUP BY expressions?
    const plain = withoutGrouping(translation, node, scope);
    if (plain !== undefined && grouping.keys.has(plain.sql)) return plain;
  }
  try {
    return translateNode(translation, node, scope);
  } catch (error) {
    if (error instanceof SqlServerError && error.lineNumber === 1 && 'line' in node && node.line > 1)
      throw atLine(error, node.line);
    throw error;
  }
};

const withoutGrouping = (translation: Translation, node: Expression, scope: Scope): Typed | undefined => {
  const { grouping, aggregates } = scope;
  scope.grouping = undefined;
  try {
    return translateNode(translation, node, scope);
  } catch {
    return undefined;
  } finally {
    scope.grouping = grouping;
    scope.aggregates = aggregates;
  }
};

const translateNode = (translation: Translation, node: Expression, scope: Scope): Typed => {
  const { builder } = translation;
  switch (node.kind) {
    case 'literal':
      return translateLiteral(node);
    case 'variable': {
      const type = translation.variables.get(node.name.toLowerCase());
      if (type === undefined) throw atLine(sqlError(137, node.name), node.line);
      const key = node.name.toLowerCase();
      const sql = translation.bind(`variable:${key}`, (session) =>
        bindable(session.variables.get(key)?.value ?? null, type),
      );
      return { sql, type, nullable: true };
    }
    case 'global':
      return translateGlobal(translation, node.name, node.line);
    case 'column': {
      const { typed, owner } = resolveColumn(scope, node.parts, {
        database: translation.session.database,
        line: node.line,
      });
      const grouping = owner.grouping;
      if (grouping !== undefined && !grouping.keys.has(typed.sql)) {
        const number = ({ select: 8120, having: 8121, order: 8127 } as const)[grouping.clause];
        const source = owner.sources.find((candidate) => candidate.columns.some((column) => column.sql === typed.sql));
        throw atLine(sqlError(number, `${source?.exposed ?? ''}.${typed.column?.name ?? ''}`), node.line);
      }
      return typed;
    }
    case 'unary':
      return translateUnary(translation, node.operator, translateExpression(translation, node.operand, scope));
    case 'binary':
      return translateArithmetic(
        translation,
        node.operator,
        translateExpression(translation, node.left, scope),
        translateExpression(translation, node.right, scope),
      );
    case 'cast': {
      const operand = translateExpression(translation, node.operand, scope);
      const style = node.style === undefined ? undefined : styleOf(node.style);
      const converted = builder.convert(operand, node.type, { explicit: true, ...(style !== undefined && { style }) });
      return { sql: converted.sql, type: converted.type, nullable: operand.nullable };
    }
    case 'case':
      return translateCase(translation, node, scope);
    case 'subquery': {
      const query = translation.query(node.query, scope, 'subquery');
      const [column] = query.columns;
      if (column === undefined || query.columns.length > 1) throw atLine(sqlError(116), node.line);
      const tooMany = builder.raise('512', () => sqlError(512));
      const sql = query.single
        ? `(${query.sql})`
        : `(SELECT CASE WHEN COUNT(*) > 1 THEN ${tooMany} ELSE MAX(o0) END FROM (${query.sql}))`;
      return { sql, type: column.typed.type, nullable: true };
    }
    case 'collate': {
      const operand = translateExpression(translation, node.operand, scope);
      if (!isString(operand.type)) throw sqlError(447 as 448, typeLabel(operand.type));
      const name = /^database_default$/i.test(node.collation) ? builder.collation : node.collation;
      if (collationRules(name) === undefined) throw atLine(sqlError(448, node.collation), node.line);
      const { column: _column, ...rest } = operand;
      return { ...rest, type: { ...operand.type, collation: name }, explicitCollation: true };
    }
    case 'function': {
      const aggregate = translateAggregate(translation, node, scope);
      return aggregate ?? translateFunction(translation, node, scope);
    }
  }
};

const styleOf = (node: Expression): number => {
  if (node.kind === 'literal' && node.of === 'integer') return Number(node.text);
  throw sqlError(102, 'style');
};

const translateLiteral = (node: Literal): Typed => {
  switch (node.of) {
    case 'null':
      return { sql: 'NULL', type: { name: 'int' }, nullable: true, untyped: true };
    case 'integer': {
      const digits = node.text.replace(/^0+(?=\d)/, '');
      if (digits.length > 38) throw sqlError(1007, node.text);
      const value = BigInt(digits);
      if (value <= 2147483647n) return { sql: digits, type: { name: 'int' }, nullable: false };
      return scaledLiteral(value, { name: 'numeric', precision: digits.length, scale: 0 });
    }
    case 'decimal': {
      const [whole = '', fraction = ''] = node.text.split('.');
      const digits = whole.replace(/^0+/, '');
      const precision = Math.max(digits.length + fraction.length, 1);
      if (precision > 38) throw sqlError(1007, node.text);
      return scaledLiteral(BigInt(`${digits}${fraction}` || '0'), {
        name: 'numeric',
        precision,
        scale: fraction.length,
      });
    }
    case 'float': {
      const value = Number(/[eE][+-]?$/.test(node.text) ? node.text.replace(/[eE][+-]?$/, '') : node.text);
      if (!Number.isFinite(value)) throw sqlError(232, 'float', node.text);
      const sql = String(value);
      return { sql: /[.e]/.test(sql) ? sql : `${sql}.0`, type: { name: 'float' }, nullable: false };
    }
    case 'money': {
      const value = parseMoney(node.text);
      if (value === undefined) throw sqlError(235);
      return { sql: String(value), type: { name: 'money' }, nullable: false };
    }
    case 'binary': {
      const hex = node.text.slice(2);
      const even = hex.length % 2 === 0 ? hex : `0${hex}`;
      return { sql: `X'${even}'`, type: { name: 'varbinary', length: Math.max(even.length / 2, 1) }, nullable: false };
    }
    case 'string':
    case 'nstring':
      return textLiteral(node.text, node.of === 'nstring');
  }
};

/** A string literal's type. */
export const textLiteral = (text: string, unicode: boolean): Typed => {
  const limit = unicode ? 4000 : 8000;
  const type: SqlType = {
    name: unicode ? 'nvarchar' : 'varchar',
    length: text.length > limit ? -1 : Math.max(text.length, 1),
  };
  return { sql: quoteText(text), type, nullable: false, literal: text };
};

const scaledLiteral = (value: bigint, type: SqlType): Typed => {
  if (value > 9223372036854775807n)
    throw sqlError(8115, 'expression', `numeric ${formatScaled(value, type.scale ?? 0)}`);
  return { sql: String(value), type, nullable: false };
};

const translateCase = (translation: Translation, node: Expression & { kind: 'case' }, scope: Scope): Typed => {
  const { builder } = translation;
  const operand = node.operand === undefined ? undefined : translateExpression(translation, node.operand, scope);
  const tests = node.whens.map(({ when }) => caseTest(translation, operand, when, scope));
  const results = node.whens.map(({ result }) => translateExpression(translation, result, scope));
  const otherwise = node.otherwise === undefined ? undefined : translateExpression(translation, node.otherwise, scope);
  const all = otherwise === undefined ? results : [...results, otherwise];
  if (all.every((result) => result.untyped === true)) throw sqlError(8133);
  const { values, type } = builder.unifyAll(all);
  const arms = tests.map((test, index) => `WHEN ${test} THEN ${values[index]?.sql ?? 'NULL'}`);
  const rest = otherwise === undefined ? '' : ` ELSE ${values.at(-1)?.sql ?? 'NULL'}`;
  return {
    sql: `(CASE ${arms.join(' ')}${rest} END)`,
    type,
    nullable: otherwise === undefined || all.some((result) => result.nullable),
  };
};

const caseTest = (
  translation: Translation,
  operand: Typed | undefined,
  when: Condition | Expression,
  scope: Scope,
): string => {
  if (isCondition(when)) return translateCondition(translation, when, scope);
  if (operand === undefined) throw sqlError(102, 'WHEN');
  return compareTyped(translation, '=', operand, translateExpression(translation, when, scope));
};
