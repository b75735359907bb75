import { note, type Applied } from './rules.ts';
import type { BasicsRow } from './rows.ts';
import { textOf } from './text.ts';

const nameLimits = { most: 200 };
const titleLimits = { most: 100 };
/** Titles that are nobody's forename (Dean, Earl, Prince and Master are). */
const leadingTitle = /^(mr|mrs|ms|miss|dr|prof|professor|rev)(\.\s*|\s+)(\S.*)$/i;
const plainForename = /^[\p{L}'’]/u;

/** The names of a patient. */
export interface Names {
  title: string | undefined;
  forename: string | undefined;
  surname: string | undefined;
  knownAs: string | undefined;
}

/** Reads the names. A title that stands in the forename is moved only where the title is empty or the same. */
export function namesOf(row: BasicsRow, applied: Applied): Names {
  let title = textOf(row.title, titleLimits, applied);
  let forename = textOf(row.forename, nameLimits, applied);
  const surname = textOf(row.surname, nameLimits, applied);
  const knownAs = textOf(row.knownAs, nameLimits, applied);
  if (surname === undefined) note(applied, 'surname-missing');
  const led = forename === undefined ? null : leadingTitle.exec(forename);
  if (led !== null) {
    note(applied, 'title-in-forename');
    const [, found = '', , rest = ''] = led;
    const same = title === undefined || title.replace(/\.$/, '').toLowerCase() === found.toLowerCase();
    if (same && plainForename.test(rest)) {
      title ??= found;
      forename = rest;
    }
  }
  return { title, forename, surname, knownAs };
}
