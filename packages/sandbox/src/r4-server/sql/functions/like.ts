import type { CollationRules } from '../collation.ts';

const marks = /\p{M}+/gu;

/** What LIKE compares: letters without case where the collation has none, without accents likewise. */
const folded = (text: string, rules: CollationRules): string => {
  if (rules.binary) return text;
  let result = rules.caseSensitive ? text : text.toLowerCase();
  if (!rules.accentSensitive) result = result.normalize('NFD').replace(marks, '');
  return result;
};

const escapeRegExp = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** A pattern's `[…]` at `at`: its regular expression and where it ends; undefined where it is never closed. */
const characterClass = (
  pattern: string,
  at: number,
  escape: string | undefined,
): { source: string; end: number } | undefined => {
  let index = at + 1;
  const negated = pattern[index] === '^';
  if (negated) index++;
  let source = '';
  let first = true;
  for (; index < pattern.length; index++) {
    let char = pattern.charAt(index);
    if (char === ']' && !first) {
      return {
        source: source === '' ? (negated ? '[\\s\\S]' : '(?!)') : `[${negated ? '^' : ''}${source}]`,
        end: index,
      };
    }
    if (char === ']' && first) return { source: negated ? '[\\s\\S]' : '(?!)', end: index };
    first = false;
    if (escape !== undefined && char === escape && index + 1 < pattern.length) char = pattern.charAt(++index);
    if (pattern[index + 1] === '-' && index + 2 < pattern.length && pattern[index + 2] !== ']') {
      const high = pattern.charAt(index + 2);
      // An inverted range matches nothing.
      if (char <= high) source += `${escapeRegExp(char)}-${escapeRegExp(high)}`;
      index += 2;
    } else source += escapeRegExp(char);
  }
  return undefined;
};

/** The regular expression of a LIKE pattern. */
const compilePattern = (pattern: string, escape: string | undefined): RegExp | undefined => {
  let source = '';
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern.charAt(index);
    if (escape !== undefined && char === escape) {
      index++;
      // An escape character with nothing behind it matches nothing.
      if (index >= pattern.length) return undefined;
      source += escapeRegExp(pattern.charAt(index));
    } else if (char === '%') source += '[\\s\\S]*';
    else if (char === '_') source += '[\\s\\S]';
    else if (char === '[') {
      const found = characterClass(pattern, index, escape);
      if (found === undefined) return undefined;
      source += found.source;
      index = found.end;
    } else source += escapeRegExp(char);
  }
  return new RegExp(`^${source}$`);
};

/** Matches LIKE patterns; keeps the last pattern compiled, since it is nearly always the same. */
export const createLikeMatcher = (rules: CollationRules) => {
  let lastPattern: string | undefined;
  let lastEscape: string | undefined;
  let expression: RegExp | undefined;
  return (text: string, pattern: string, escape?: string): boolean => {
    if (pattern !== lastPattern || escape !== lastEscape) {
      lastPattern = pattern;
      lastEscape = escape;
      expression = compilePattern(folded(pattern, rules), escape === undefined ? undefined : folded(escape, rules));
    }
    if (expression === undefined) return false;
    const subject = folded(text, rules);
    // Blanks at the end of the text never stop a match; those of the pattern count.
    return expression.test(subject) || (subject.endsWith(' ') && expression.test(subject.trimEnd()));
  };
};
