import type { RuleName } from '../rules.ts';
import { createFewFields, type FewFields } from './few-fields.ts';
import type { PackedBasics } from './packed-basics.ts';
import { createPlainDays, dayAt } from './plain-days.ts';
import { createPlainPostcodes, fieldOutcome, putNhsNumber } from './plain-fields.ts';
import { createPlainLists } from './plain-lists.ts';
import { ascii, beginRow, bytesAt, createPlainRow, endText, putField, ruleBit, textAt } from './plain-row.ts';
import { putAscii, unitAt, unitBytes, type Utf8Text } from './plain-text.ts';

/**
 * Writes rows about which there is nothing to be said straight from their bytes, as what `orderedBasics(mapBasics(row))` gives: the
 * canonical form. Nearly all rows are such, and nearly all are the same as an hour ago: no value of theirs has to become a text of its
 * own for that to be found out.
 */
export interface PlainBasics {
  /** @returns false where the row has to be mapped */
  write(rows: PackedBasics, index: number): boolean;
  /** What was written last: so many bytes at the beginning. */
  readonly bytes: Buffer;
  readonly length: number;
  /** The rules that applied to it. */
  rules(): readonly RuleName[];
}

const field = (name: string, most: number) => ({ opening: ascii(`"${name}":"`), most });
/** With limits as the contract has them; the mapping's own are the same. */
const fields = {
  forename: field('forename', 200),
  knownAs: field('knownAs', 200),
  nhsNumber: field('nhsNumber', 50),
  postcode: field('postcode', 50),
  surname: field('surname', 200),
  title: field('title', 100),
};
const dateOfBirthOpening = ascii('"dateOfBirth":"');
const patientCodeOpening = ascii('"patientCode":');
const [comma, open, close, space, dot] = [0x2c, 0x7b, 0x7d, 0x20, 0x2e];
/** A title at the beginning of a forename begins with one of these, and a point or a space comes after it. */
const titleInitials = new Set(Buffer.from('mdprMDPR'));
const dateCharacters = 10;

/**
 * @param today - the practice's own date, `yyyy-mm-dd`
 * @returns null where rows of this layout may hold more than the contract's lists take
 * @see {@link PlainBasics}
 */
export function createPlainBasics(
  { layout, forms }: Pick<PackedBasics, 'layout' | 'forms'>,
  today: string,
): PlainBasics | null {
  const lists = createPlainLists(layout);
  if (!lists) return null;
  const row = createPlainRow(forms);
  const { out, cell } = row;
  const readFew = createFewFields(layout);
  const days = createPlainDays(today);
  const postcodes = createPlainPostcodes();
  let found: FewFields | null = null;

  function putForename(): boolean {
    if (textAt(row, layout.forename, fields.forename.most) > 0 && mayBeginWithTitle()) return false;
    return putField(row, layout.forename, fields.forename);
  }

  function mayBeginWithTitle(): boolean {
    if (!titleInitials.has(unitAt(row.bytes, cell.start, cell.form))) return false;
    const step = unitBytes(cell.form);
    for (let at = cell.start; at < cell.end; at += step) {
      const unit = unitAt(row.bytes, at, cell.form);
      if (unit === space || unit === dot) return true;
    }
    return false;
  }

  function putDateOfBirth(): boolean {
    const { dateOfBirth: column } = layout;
    const length = bytesAt(row, column);
    if (length < 0) return true;
    const place = days.placeOf(dayAt(row.bytes, row.places[2 * column]!, { length, form: forms[column]! }));
    if (place < 0) return false;
    putAscii(out, dateOfBirthOpening);
    for (let at = place; at < place + dateCharacters; at += 1) out.bytes[out.length++] = days.characters[at]!;
    endText(out);
    return true;
  }

  function putNhs(): boolean {
    const units = textAt(row, layout.nhsNumber, fields.nhsNumber.most);
    if (units <= 0) return units === 0;
    putAscii(out, fields.nhsNumber.opening);
    const outcome = putNhsNumber(out, row.bytes, cell);
    if (outcome === fieldOutcome.normalised) row.applied |= ruleBit.nhsNumberNormalised;
    endText(out);
    return outcome !== fieldOutcome.odd;
  }

  function putPostcode(): boolean {
    const units = textAt(row, layout.postcode, fields.postcode.most);
    if (units <= 0) return units === 0;
    putAscii(out, fields.postcode.opening);
    const outcome = postcodes.put(out, row.bytes, cell);
    if (outcome === fieldOutcome.normalised) row.applied |= ruleBit.postcodeNormalised;
    endText(out);
    return outcome !== fieldOutcome.odd;
  }

  function putSurname(): boolean {
    const before = out.length;
    // Without one, the record is marked.
    return putField(row, layout.surname, fields.surname) && out.length > before;
  }

  /** In the canonical order; each field ends with a comma. */
  function putAll(code: number, few: FewFields): boolean {
    out.bytes[out.length++] = open;
    if (!lists?.putAddressLines(row)) return false;
    putAscii(out, few.archived);
    if (!putDateOfBirth()) return false;
    putAscii(out, few.deceased);
    if (!lists.putEmail(row) || !putForename()) return false;
    if (!putField(row, layout.knownAs, fields.knownAs) || !putNhs()) return false;
    putAscii(out, patientCodeOpening);
    putNumber(out, code);
    out.bytes[out.length++] = comma;
    if (!lists.putPhones(row) || !putPostcode()) return false;
    putAscii(out, few.sex);
    if (!putSurname() || !putField(row, layout.title, fields.title)) return false;
    out.bytes[out.length - 1] = close;
    return true;
  }

  return {
    get bytes() {
      return out.bytes;
    },
    get length() {
      return out.length;
    },
    write(rows, index) {
      const code = rows.codes[index]!;
      if (code < 1) return false;
      beginRow(row, rows, index);
      if (bytesAt(row, layout.diedOn) >= 0) return false;
      found = readFew(row, rows, index);
      // What goes past the end of a buffer is lost in silence; room was made for the most that can come.
      return found !== null && putAll(code, found) && out.length <= out.bytes.length;
    },
    rules: () => found?.rulesWith(row.applied) ?? [],
  };
}

const digitsMost = 10;
const digits = new Uint8Array(digitsMost);

function putNumber(out: Utf8Text, value: number): void {
  let at = digitsMost;
  for (let rest = value; rest > 0; rest = Math.trunc(rest / 10)) {
    at -= 1;
    digits[at] = 0x30 + (rest % 10);
  }
  for (; at < digitsMost; at += 1) out.bytes[out.length++] = digits[at]!;
}
