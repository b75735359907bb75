import { sqlError } from '../errors.ts';
import { createLikeMatcher } from '../functions/like.ts';
import type { ComparisonOperator, Condition, Expression } from '../parse/ast.ts';
import { collationRules } from '../collation.ts';
import { isLegacyLob, isString, typeLabel } from '../types.ts';
import type { Translation } from './context.ts';
import type { Scope } from './scope.ts';
import type { Typed } from './typed.ts';

/** Translates a truth value to SQLite's three-valued one. */
export const translateCondition = (translation: Translation, node: Condition, scope: Scope): string => {
  const scalar = (expression: Expression): Typed => translation.expression(expression, scope);
  const negate = (sql: string, negated: boolean) => (negated ? `(NOT ${sql})` : sql);
  switch (node.kind) {
    case 'and':
    case 'or': {
      const left = translateCondition(translation, node.left, scope);
      const right = translateCondition(translation, node.right, scope);
      return `(${left} ${node.kind === 'and' ? 'AND' : 'OR'} ${right})`;
    }
    case 'not':
      return `(NOT ${translateCondition(translation, node.operand, scope)})`;
    case 'compare':
      return compareTyped(translation, node.operator, scalar(node.left), scalar(node.right));
    case 'between': {
      const operand = scalar(node.operand);
      const low = compareTyped(translation, '>=', operand, scalar(node.low));
      const high = compareTyped(translation, '<=', operand, scalar(node.high));
      return negate(`(${low} AND ${high})`, node.negated);
    }
    case 'is-null':
      return `(${scalar(node.operand).sql} IS ${node.negated ? 'NOT ' : ''}NULL)`;
    case 'exists':
      return `EXISTS (${translation.query(node.query, scope, 'exists').sql})`;
    case 'like':
      return negate(
        translateLike(translation, scalar(node.operand), scalar(node.pattern), node.escape && scalar(node.escape)),
        node.negated,
      );
    case 'in':
      return negate(translateIn(translation, node, scope), node.negated);
    case 'quantified':
      return translateQuantified(translation, node, scope);
  }
};

/** One comparison, after conversion by precedence and by the collation. */
export const compareTyped = (
  translation: Translation,
  operator: ComparisonOperator,
  left: Typed,
  right: Typed,
): string => {
  const [a, b] = comparable(translation, operator, left, right);
  return `(${translation.builder.key(a)} ${operator} ${translation.builder.key(b)})`;
};

/** Both sides in their common type and collation. */
const comparable = (translation: Translation, operator: string, left: Typed, right: Typed): readonly [Typed, Typed] => {
  for (const side of [left, right]) {
    if (!isLegacyLob(side.type)) continue;
    if (left.untyped === true || right.untyped === true) break;
    if (isString(side.type) === isString(left.type) && isString(left.type) === isString(right.type)) {
      throw sqlError(402, typeLabel(left.type), typeLabel(right.type), operatorName(operator));
    }
  }
  const [a, b] = translation.builder.unify(left, right);
  if (!isString(a.type)) return [a, b];
  const collation = resolveCollation(translation, left, right, operatorName(operator));
  if (collation === undefined) return [a, b];
  return [
    { ...a, type: { ...a.type, collation } },
    { ...b, type: { ...b.type, collation } },
  ];
};

/** An explicit collation wins; two columns of different collations conflict (468). */
export const resolveCollation = (
  translation: Translation,
  left: Typed,
  right: Typed,
  operation: string,
): string | undefined => {
  const [a, b] = [left.type.collation, right.type.collation];
  if (left.explicitCollation === true && right.explicitCollation === true && a !== b)
    throw sqlError(468, b ?? '', a ?? '', operation);
  if (left.explicitCollation === true) return a;
  if (right.explicitCollation === true) return b;
  if (left.column !== undefined && right.column !== undefined && isString(left.type) && isString(right.type)) {
    const [first, second] = [a ?? translation.builder.collation, b ?? translation.builder.collation];
    if (first !== second) throw sqlError(468, second, first, operation);
  }
  return left.column !== undefined ? a : right.column !== undefined ? b : (a ?? b);
};

const operatorNames: Readonly<Record<string, string>> = {
  '=': 'equal to',
  '<>': 'not equal to',
  '<': 'less than',
  '<=': 'less than or equal to',
  '>': 'greater than',
  '>=': 'greater than or equal to',
};
const operatorName = (operator: string): string => operatorNames[operator] ?? operator;

const translateLike = (translation: Translation, operand: Typed, pattern: Typed, escape: Typed | undefined): string => {
  const { builder } = translation;
  const text = (value: Typed): Typed =>
    isString(value.type) ? value : builder.convert(value, { name: 'varchar', length: 8000 });
  const collation = resolveCollation(translation, operand, pattern, 'like') ?? builder.collation;
  const rules = collationRules(collation) ?? { binary: false, caseSensitive: false, accentSensitive: true };
  const matcher = createLikeMatcher(rules);
  const args = [text(operand), text(pattern), ...(escape === undefined ? [] : [text(escape)])];
  const name = `like:${rules.binary ? 'bin' : `${rules.caseSensitive}${rules.accentSensitive}`}`;
  return builder.call(name, args, { name: 'int' }, (value, wanted, escaped) =>
    matcher(value as string, wanted as string, escaped as string | undefined) ? 1 : 0,
  ).sql;
};

const translateIn = (translation: Translation, node: Condition & { kind: 'in' }, scope: Scope): string => {
  const operand = translation.expression(node.operand, scope);
  const { builder } = translation;
  if ('body' in node.values) {
    const query = translation.query(node.values, scope, 'derived');
    const [column] = query.columns;
    if (column === undefined || query.columns.length > 1) throw sqlError(116);
    const inner: Typed = { ...column.typed, sql: 'o0' };
    const [left, right] = comparable(translation, '=', operand, inner);
    const key = builder.key(right);
    const source = key === 'o0' ? query.sql : `SELECT ${key} FROM (${query.sql})`;
    return `(${builder.key(left)} IN (${source}))`;
  }
  // Constants of the operand's own type make one list, which SQLite looks up in an index.
  const pairs = node.values.map((value) => comparable(translation, '=', operand, translation.expression(value, scope)));
  const left = pairs[0] === undefined ? '' : builder.key(pairs[0][0]);
  if (pairs.every(([a]) => builder.key(a) === left))
    return `(${left} IN (${pairs.map(([, b]) => builder.key(b)).join(', ')}))`;
  return `(${pairs.map(([a, b]) => `${builder.key(a)} = ${builder.key(b)}`).join(' OR ')})`;
};

/** `x > ALL (…)`: false or unknown unless no row says otherwise. */
const translateQuantified = (
  translation: Translation,
  node: Condition & { kind: 'quantified' },
  scope: Scope,
): string => {
  const { builder } = translation;
  const operand = translation.expression(node.left, scope);
  const query = translation.query(node.query, scope, 'derived');
  const [column] = query.columns;
  if (column === undefined || query.columns.length > 1) throw sqlError(116);
  const alias = translation.alias();
  const [left, right] = comparable(translation, node.operator, operand, { ...column.typed, sql: `${alias}.o0` });
  const test = `${builder.key(left)} ${node.operator} ${builder.key(right)}`;
  const [yes, no] = node.quantifier === 'ALL' ? ['0', '1'] : ['1', '0'];
  const decisive = node.quantifier === 'ALL' ? `NOT (${test})` : test;
  return `(CASE WHEN EXISTS (SELECT 1 FROM (${query.sql}) ${alias} WHERE ${decisive}) THEN ${yes} WHEN EXISTS (SELECT 1 FROM (${query.sql}) ${alias} WHERE (${test}) IS NULL) THEN NULL ELSE ${no} END)`;
};
