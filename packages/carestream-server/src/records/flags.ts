import type { BasicRecord } from '../contract/index.ts';
import { note, type Applied } from './rules.ts';
import type { Cell } from './rows.ts';
import { textOf } from './text.ts';

const flagLimits = { most: 50 };
const sexLimits = { most: 50 };

const sexes: Readonly<Record<string, BasicRecord['sex']>> = {
  m: 'male',
  male: 'male',
  man: 'male',
  boy: 'male',
  f: 'female',
  female: 'female',
  woman: 'female',
  girl: 'female',
  o: 'other',
  other: 'other',
  x: 'other',
  'non-binary': 'other',
  'non binary': 'other',
  nonbinary: 'other',
};

/** A sex in words that are certain; anything else, codes such as 1 and 2 too, stays text. */
export function sexOf(cell: Cell, applied: Applied): { sex?: NonNullable<BasicRecord['sex']>; text?: string } {
  const text = textOf(cell, sexLimits, applied);
  if (text === undefined) return {};
  const key = text.toLowerCase();
  const sex = Object.hasOwn(sexes, key) ? sexes[key] : undefined;
  if (sex !== undefined) return { sex };
  note(applied, 'sex-unrecognised');
  return { text };
}

const words: Readonly<Record<string, boolean>> = {
  '1': true,
  '-1': true,
  y: true,
  yes: true,
  t: true,
  true: true,
  '0': false,
  n: false,
  no: false,
  f: false,
  false: false,
};

/** What a word says that means yes or no and nothing else; undefined for any other. */
export function flagWord(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (Object.hasOwn(words, word)) return words[word];
  // Exact numbers come with their decimals.
  if (/^0*[01]\.0+$/.test(word)) return Number(word) === 1;
  return undefined;
}

/** A yes-or-no column: bit, number, `Y`, `yes`, `true`. Undefined for nothing and for what is neither. */
export function flagOf(
  cell: Cell,
  applied: Applied,
  vocabulary: Readonly<Record<string, boolean>> = {},
): boolean | undefined {
  if (typeof cell === 'boolean') return cell;
  if (cell === 1) return true;
  if (cell === 0) return false;
  const text = textOf(cell, flagLimits, applied);
  if (text === undefined) return undefined;
  const key = text.toLowerCase();
  const known = Object.hasOwn(vocabulary, key) ? vocabulary[key] : flagWord(text);
  if (known === undefined) note(applied, 'flag-unrecognised');
  return known;
}

/** What a column called archived may say in words. */
export const archivedWords: Readonly<Record<string, boolean>> = {
  archived: true,
  inactive: true,
  active: false,
  current: false,
};

/** What a column called active, or current, may say in words. */
export const activeWords: Readonly<Record<string, boolean>> = {
  active: true,
  current: true,
  inactive: false,
  archived: false,
};

/** Words of a status column that say whether a patient is archived; other words say other things. */
export function archivedByStatus(cell: Cell): boolean | undefined {
  if (typeof cell !== 'string') return undefined;
  const word = cell.trim().toLowerCase();
  return Object.hasOwn(archivedWords, word) ? archivedWords[word] : undefined;
}
