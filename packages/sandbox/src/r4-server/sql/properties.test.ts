import { timesOf } from '@flynotes/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createSortKey } from './collation.ts';
import { partsOf, roundDatetime } from './conversion/calendar.ts';
import { formatDate, parseDate } from './conversion/date-text.ts';
import { formatScaled, parseScaled } from './conversion/number-text.ts';
import { createLikeMatcher } from './functions/like.ts';
import { createSqlEngine } from './index.ts';
import { open, rowsOf } from './practice.fixture.ts';

/** Fixed, and printed by fast-check where a property fails. */
const seed = 20240317;
const check = { seed, numRuns: timesOf(300, 10_000) };
const rules = { binary: false, caseSensitive: false, accentSensitive: true };

/** LIKE by its definition, without regular expressions. */
const matches = (text: string, pattern: string): boolean => {
  if (pattern === '') return text.trimEnd() === '';
  const rest = pattern.slice(1);
  switch (pattern.charAt(0)) {
    case '%':
      return matches(text, rest) || (text !== '' && matches(text.slice(1), pattern));
    case '_':
      return text !== '' && matches(text.slice(1), rest);
    case '[': {
      const end = pattern.indexOf(']');
      const negated = pattern.charAt(1) === '^';
      const set = pattern.slice(negated ? 2 : 1, end);
      return text !== '' && set.includes(text.charAt(0)) !== negated && matches(text.slice(1), pattern.slice(end + 1));
    }
    default:
      return text.charAt(0) === pattern.charAt(0) && matches(text.slice(1), rest);
  }
};

describe('properties', () => {
  test('LIKE is what its definition says', () => {
    const like = createLikeMatcher(rules);
    const piece = fc.constantFrom('a', 'b', 'c', '%', '_', '[ab]', '[^a]', '.', '*');
    const pattern = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    const text = fc.array(fc.constantFrom('a', 'b', 'c', '.', '*'), { maxLength: 7 }).map((chars) => chars.join(''));
    fc.assert(
      fc.property(text, pattern, (subject, wanted) => {
        expect(like(subject, wanted)).toBe(matches(subject, wanted));
      }),
      { seed, numRuns: timesOf(2_000, 50_000) },
    );
  });

  test('a datetime survives its texts', () => {
    const moment = fc.integer({ min: Date.UTC(1753, 0, 1), max: Date.UTC(9999, 11, 31) }).map(roundDatetime);
    fc.assert(
      fc.property(moment, fc.constantFrom(121, 126, 113, 109), (ms, style) => {
        const text = formatDate(ms, { name: 'datetime' }, style) ?? '';
        const parsed = parseDate(text, 'mdy', true);
        expect(typeof parsed === 'number' ? roundDatetime(parsed) : parsed, text).toBe(ms);
      }),
      check,
    );
  });

  test('rounding to 1/300 s is stable and never more than 2 ms away', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8e12, max: 8e12 }), (ms) => {
        const rounded = roundDatetime(ms);
        expect(roundDatetime(rounded)).toBe(rounded);
        expect(Math.abs(rounded - ms)).toBeLessThanOrEqual(2);
        expect([0, 3, 7]).toContain(partsOf(rounded).millisecond % 10);
      }),
      check,
    );
  });

  test('scaled integers survive their texts', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
        fc.integer({ min: 0, max: 10 }),
        (value, scale) => {
          expect(parseScaled(formatScaled(value, scale), scale)).toBe(value);
        },
      ),
      check,
    );
  });

  test('sort keys are equal exactly where case and blanks at the end are all that differs', () => {
    const key = createSortKey(rules);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'B', 'é', 'É', 'e', '_', '1', ' ') }), (text) => {
        expect(key(`${text.toUpperCase()}  `)).toBe(key(text.toLowerCase()));
        expect(key(`${text}x`) === key(text)).toBe(false);
      }),
      check,
    );
  });

  test('keyset paging visits each row exactly once, whatever the key', () => {
    const keys = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        keys,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('int', 'varchar', 'uniqueidentifier'),
        (numbers, size, kind) => {
          const engine = createSqlEngine({
            logins: [{ user: 'sa', password: 'sa-password', defaultDatabase: 'd', role: 'sysadmin' }],
          });
          const type = kind === 'varchar' ? ({ name: 'varchar', length: 20 } as const) : ({ name: kind } as const);
          const stored = numbers.map((number) => {
            if (kind === 'int') return number;
            if (kind === 'varchar') return `${number < 0 ? 'é' : 'E'}_${Math.abs(number)}`;
            return `${(number + 1000).toString(16).toUpperCase().padStart(8, '0')}-0000-0000-0000-${(number * 7919 + 7919000).toString(16).toUpperCase().padStart(12, '0')}`;
          });
          const builder = engine.createDatabase('d');
          builder.defineTable({
            name: 't',
            kind: 'table',
            primaryKey: ['k'],
            columns: [{ name: 'k', type, nullable: false }],
          });
          builder.insert(
            't',
            stored.map((value) => [value]),
          );
          const session = open(engine);
          const seen: unknown[] = [];
          let where = '';
          for (;;) {
            const last = seen.at(-1);
            const parameters = seen.length === 0 ? [] : [{ name: '@k', type, value: last as string | number }];
            const page = rowsOf(session, `select top (${size}) k from t ${where} order by k`, parameters);
            seen.push(...page.map(([value]) => value));
            if (page.length < size) break;
            where = 'where k > @k';
          }
          expect(new Set(seen)).toEqual(new Set(stored));
          expect(seen).toHaveLength(stored.length);
        },
      ),
      { seed, numRuns: timesOf(60, 600) },
    );
  });
});
