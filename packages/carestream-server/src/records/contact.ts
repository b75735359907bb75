import type { BasicRecord } from '../contract/index.ts';
import { note, type Applied } from './rules.ts';
import type { BasicsRow, Cell } from './rows.ts';
import { listOf, textOf } from './text.ts';

type Phone = NonNullable<BasicRecord['phones']>[number];

const phoneLimits = { most: 100 };
/** A field may hold several addresses; each is measured alone. */
const emailFieldLimits = { most: 4000 };
const emailMost = 320;
const emailsMost = 10;
const phonesMost = 10;

const single = /^[^\s@,;:<>()[\]"'|/\\]+@[^\s@,;:<>()[\]"'|/\\]+\.[^\s@,;:<>()[\]"'|/\\.]+$/;
const between = /[\s,;|]+/;
const wrapping = /^[<("'[]+|[>)"'\].]+$/g;
const joining = /^(?:and|or|&|\/|-|\+)?$/i;

/** The e-mail addresses of one or more fields, in order, each once. Words that are no address are left out and marked. */
export function emailsOf(cells: readonly Cell[], applied: Applied): string[] | undefined {
  let found: string[] | undefined;
  for (const cell of cells) {
    const text = textOf(cell, emailFieldLimits, applied);
    if (text === undefined) continue;
    if (found === undefined && text.length <= emailMost && single.test(text)) found = [text];
    else found = addAll(text, found ?? [], applied);
  }
  return found === undefined ? undefined : listOf(found, emailsMost, applied);
}

function addAll(text: string, found: string[], applied: Applied): string[] {
  let here = 0;
  for (const word of text.split(between)) {
    // A slash may stand inside an address; it divides where both sides are one.
    const parts = word.split('/');
    for (const part of parts.every((each) => each === '' || each.includes('@')) ? parts : [word]) {
      const address = part.replace(/^mailto:/i, '').replace(wrapping, '');
      if (address.length <= emailMost && single.test(address)) {
        here += 1;
        if (found.some((other) => other.toLowerCase() === address.toLowerCase())) note(applied, 'email-repeated');
        else found.push(address);
      } else if (!joining.test(part)) note(applied, 'email-unreadable');
    }
  }
  if (here > 1) note(applied, 'email-split');
  return found;
}

/** The telephone numbers exactly as typed, each once under the kind that its column says. */
export function phonesOf(row: BasicsRow, applied: Applied): Phone[] | undefined {
  const phones: Phone[] = [];
  addPhones(row.mobilePhones, 'mobile', phones, applied);
  addPhones(row.homePhones, 'home', phones, applied);
  addPhones(row.workPhones, 'work', phones, applied);
  addPhones(row.otherPhones, 'other', phones, applied);
  return listOf(phones, phonesMost, applied);
}

function addPhones(cells: readonly Cell[], kind: Phone['kind'], phones: Phone[], applied: Applied): void {
  for (const cell of cells) {
    const number = textOf(cell, phoneLimits, applied);
    if (number === undefined) continue;
    let known = false;
    for (const phone of phones) known ||= phone.kind === kind && phone.number === number;
    if (known) note(applied, 'phone-repeated');
    else phones.push({ kind, number });
  }
}
