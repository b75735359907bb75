import type { SqlType } from '../../engine.ts';
import { atLine, sqlError, unsupported } from '../errors.ts';
import type { Expression, FunctionCall, OrderItem } from '../parse/ast.ts';
import { decimalShape, familyOf, isLegacyLob, isString, isWide, typeLabel } from '../types.ts';
import type { Translation } from './context.ts';
import type { Scope } from './scope.ts';
import type { Typed } from './typed.ts';

const aggregateNames: ReadonlySet<string> = new Set([
  'COUNT',
  'COUNT_BIG',
  'SUM',
  'AVG',
  'MIN',
  'MAX',
  'STDEV',
  'STDEVP',
  'VAR',
  'VARP',
  'CHECKSUM_AGG',
  'GROUPING',
]);
const rankingNames: ReadonlySet<string> = new Set(['ROW_NUMBER', 'RANK', 'DENSE_RANK', 'NTILE']);

/** Does an expression hold an aggregate of its own query level? */
export const holdsAggregate = (node: unknown): boolean => {
  if (typeof node !== 'object' || node === null) return false;
  if (Array.isArray(node)) return node.some(holdsAggregate);
  const candidate = node as Partial<Omit<FunctionCall, 'kind'>> & { readonly kind?: string };
  if (candidate.kind === 'subquery' || candidate.kind === 'exists' || 'body' in node) return false;
  if (candidate.kind === 'function' && candidate.over === undefined && aggregateNames.has(candidate.name ?? ''))
    return true;
  return Object.values(node).some(holdsAggregate);
};

/** Translates an aggregate or ranking function; undefined where the call is neither. */
export const translateAggregate = (translation: Translation, node: FunctionCall, scope: Scope): Typed | undefined => {
  if (rankingNames.has(node.name)) return translateRanking(translation, node, scope);
  if (!aggregateNames.has(node.name)) {
    if (node.over !== undefined) throw unsupported(`${node.name} OVER`, node.line);
    return undefined;
  }
  if (node.name === 'CHECKSUM_AGG' || node.name === 'GROUPING') throw unsupported(node.name, node.line);
  if (scope.aggregates === 'inside') throw atLine(sqlError(130), node.line);
  if (scope.aggregates === 'where' && node.over === undefined) throw atLine(sqlError(147), node.line);
  if (node.over !== undefined && node.over.orderBy.length > 0) throw atLine(sqlError(102, 'order'), node.line);
  if (node.over !== undefined && node.distinct === true) throw atLine(sqlError(102, 'distinct'), node.line);

  const over = node.over === undefined ? '' : ` OVER (${partition(translation, node.over.partitionBy, scope)})`;
  if (node.star === true) {
    if (node.name !== 'COUNT' && node.name !== 'COUNT_BIG') throw atLine(sqlError(102, '*'), node.line);
    return { sql: `COUNT(*)${over}`, type: { name: node.name === 'COUNT' ? 'int' : 'bigint' }, nullable: false };
  }
  const [argument] = node.args;
  if (argument === undefined || node.args.length > 1)
    throw atLine(sqlError(174, node.name.toLowerCase(), 1), node.line);
  const operand = within(scope, () => translation.expression(argument, scope), node.over !== undefined);
  return build(translation, node, operand, over);
};

/** The argument of an aggregate sees the rows, not the groups. */
const within = (scope: Scope, read: () => Typed, windowed: boolean): Typed => {
  const { grouping, aggregates } = scope;
  if (!windowed) {
    scope.grouping = undefined;
    scope.aggregates = 'inside';
  }
  try {
    return read();
  } finally {
    scope.grouping = grouping;
    scope.aggregates = aggregates;
  }
};

const build = (translation: Translation, node: FunctionCall, operand: Typed, over: string): Typed => {
  const { builder } = translation;
  const { type } = operand;
  const family = familyOf(type);
  const distinct = node.distinct === true ? 'DISTINCT ' : '';
  const numeric =
    family === 'float' || family === 'decimal' || family === 'money' || (family === 'integer' && type.name !== 'bit');
  switch (node.name) {
    case 'COUNT':
    case 'COUNT_BIG': {
      if (distinct !== '' && isLegacyLob(type)) throw sqlError(8117, typeLabel(type), 'COUNT');
      const counted = distinct === '' ? operand.sql : builder.key(operand);
      return {
        sql: `COUNT(${distinct}${counted})${over}`,
        type: { name: node.name === 'COUNT' ? 'int' : 'bigint' },
        nullable: false,
      };
    }
    case 'MIN':
    case 'MAX': {
      if (isLegacyLob(type) || type.name === 'bit') throw sqlError(8117, typeLabel(type), node.name.toLowerCase());
      const { column: _column, ...rest } = operand;
      if (!isString(type) && family !== 'guid')
        return { ...rest, sql: `${node.name}(${operand.sql})${over}`, nullable: true };
      if (over !== '') throw unsupported(`${node.name} OVER`, node.line);
      return {
        ...rest,
        sql: `${node.name.toLowerCase()}_by_key(${builder.key(operand)}, ${operand.sql})`,
        nullable: true,
      };
    }
    case 'SUM': {
      if (!numeric) throw sqlError(8117, typeLabel(type), 'sum');
      const result = sumType(type);
      const sum: Typed = { sql: `SUM(${distinct}${operand.sql})${over}`, type: result, nullable: true };
      if (result.name !== 'int') return sum;
      return builder.call('fit-int', [{ ...sum, type: { name: 'bigint' } }], result, (value) => {
        const total = value as bigint;
        if (total > 2147483647n || total < -2147483648n) throw sqlError(8115, 'expression', 'int');
        return Number(total);
      });
    }
    case 'AVG': {
      if (!numeric) throw sqlError(8117, typeLabel(type), 'avg');
      if (family === 'float')
        return { sql: `AVG(${distinct}${operand.sql})${over}`, type: { name: 'float' }, nullable: true };
      const scale = family === 'integer' ? 0 : decimalShape(type).scale;
      const sum: Typed = { sql: `SUM(${distinct}${operand.sql})${over}`, type: { name: 'bigint' }, nullable: true };
      const count: Typed = { sql: `COUNT(${distinct}${operand.sql})${over}`, type: { name: 'bigint' }, nullable: true };
      const result: SqlType =
        family === 'decimal' ? { name: 'numeric', precision: 38, scale: Math.max(scale, 6) } : sumType(type);
      const more = 10n ** BigInt(decimalShape(result).scale - scale);
      const factor = family === 'decimal' ? more : 1n;
      return builder.call(`average${factor}`, [sum, count], result, (total, rows) => {
        const value = ((total as bigint) * factor) / (rows as bigint);
        return isWide(result) ? value : Number(value);
      });
    }
    default: {
      if (!numeric) throw sqlError(8117, typeLabel(type), node.name.toLowerCase());
      if (over !== '' || distinct !== '') throw unsupported(`${node.name} OVER`, node.line);
      const value = builder.convert(operand, { name: 'float' });
      return { sql: `${node.name.toLowerCase()}_of(${value.sql})`, type: { name: 'float' }, nullable: true };
    }
  }
};

const sumType = (type: SqlType): SqlType => {
  switch (familyOf(type)) {
    case 'float':
      return { name: 'float' };
    case 'money':
      return { name: 'money' };
    case 'decimal':
      return { name: 'numeric', precision: 38, scale: decimalShape(type).scale };
    default:
      return type.name === 'bigint' ? type : { name: 'int' };
  }
};

const partition = (translation: Translation, expressions: readonly Expression[], scope: Scope): string => {
  if (expressions.length === 0) return '';
  return `PARTITION BY ${expressions.map((item) => translation.builder.key(translation.expression(item, scope))).join(', ')}`;
};

/** ORDER BY of OVER. */
const windowOrder = (translation: Translation, items: readonly OrderItem[], scope: Scope): string =>
  `ORDER BY ${items
    .map(({ expression, descending }) => {
      if (expression.kind === 'literal') throw sqlError(102, expression.text);
      return `${translation.builder.key(translation.expression(expression, scope))}${descending ? ' DESC' : ''}`;
    })
    .join(', ')}`;

const translateRanking = (translation: Translation, node: FunctionCall, scope: Scope): Typed => {
  if (node.over === undefined) throw atLine(sqlError(102, node.name), node.line);
  if (scope.aggregates === 'where') throw unsupported(`${node.name} outside SELECT or ORDER BY`, node.line);
  if (node.over.orderBy.length === 0) throw atLine(sqlError(102, ')'), node.line);
  const clauses = [
    partition(translation, node.over.partitionBy, scope),
    windowOrder(translation, node.over.orderBy, scope),
  ];
  const args = node.args.map((argument) => translation.expression(argument, scope).sql);
  if (args.length !== (node.name === 'NTILE' ? 1 : 0))
    throw atLine(sqlError(174, node.name.toLowerCase(), node.name === 'NTILE' ? 1 : 0), node.line);
  return {
    sql: `${node.name}(${args.join('')}) OVER (${clauses.filter(Boolean).join(' ')})`,
    type: { name: 'bigint' },
    nullable: true,
  };
};

interface Spread {
  count: number;
  mean: number;
  squares: number;
}

/** Registers the aggregates that SQLite lacks. */
export const registerAggregates = (sqlite: Translation['server']['storage']['sqlite']): void => {
  for (const [name, sign] of [
    ['min_by_key', -1],
    ['max_by_key', 1],
  ] as const) {
    sqlite.aggregate(name, {
      start: null as unknown as string,
      step: ((kept: { key: string; value: string } | null, key: string | null, value: string) => {
        if (key === null) return kept;
        if (kept === null) return { key, value };
        const order = Buffer.compare(Buffer.from(key), Buffer.from(kept.key));
        return order * sign > 0 ? { key, value } : kept;
      }) as never,
      result: ((kept: { value: string } | null) => kept?.value ?? null) as never,
    });
  }
  for (const name of ['STDEV', 'STDEVP', 'VAR', 'VARP']) {
    sqlite.aggregate(`${name.toLowerCase()}_of`, {
      start: (() => ({ count: 0, mean: 0, squares: 0 })) as never,
      step: ((kept: Spread, value: number | null) => {
        if (value === null) return kept;
        // Welford's way, which does not lose digits.
        const delta = value - kept.mean;
        kept.count++;
        kept.mean += delta / kept.count;
        kept.squares += delta * (value - kept.mean);
        return kept;
      }) as never,
      result: ((kept: Spread) => {
        const divisor = name.endsWith('P') ? kept.count : kept.count - 1;
        if (divisor <= 0) return null;
        const variance = kept.squares / divisor;
        return name.startsWith('VAR') ? variance : Math.sqrt(variance);
      }) as never,
    });
  }
};
