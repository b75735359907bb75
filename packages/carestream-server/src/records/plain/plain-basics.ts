import { mapBasics } from '../basics.ts';
import { emptyBasicsRow, type BasicsRow } from '../rows.ts';
import type { RuleName } from '../rules.ts';
import { createFewValues } from './few-values.ts';
import { cellForm, type PackedBasics } from './packed-basics.ts';
import { createPlainDays, dayAt } from './plain-days.ts';
import { createPlainPostcodes, fieldOutcome, isPlainEmail, putNhsNumber } from './plain-fields.ts';
import { putAscii, putPlain, trimCell, unitAt, type PlainCell, type Utf8Text } from './plain-text.ts';

/**
 * Writes rows about which there is nothing to be said straight from their bytes, as what `orderedBasics(mapBasics(row))` gives: the
 * canonical form. Nearly all rows are such, and nearly all are the same as an hour ago: no value of theirs has to become a text of its
 * own for that to be found out.
 */
export interface PlainBasics {
  /**
   * @param whole - the same row as values, for what has not been met before
   * @returns false where the row has to be mapped
   */
  write(rows: PackedBasics, index: number, whole: () => BasicsRow): boolean;
  /** What was written last: so many bytes at the beginning. */
  readonly bytes: Uint8Array;
  readonly length: number;
  /** The same as a string. */
  text(): string;
  /** The rules that applied to it. */
  rules(): readonly RuleName[];
}

/** Rules without a mark that are applied here; a row to which any other applies is mapped. */
const appliedHere = [
  'blank-as-null',
  'trimmed',
  'address-gap-closed',
  'postcode-normalised',
  'nhs-number-normalised',
] as const satisfies readonly RuleName[];
const [blank, trimmed, gapClosed, postcodeNormalised, nhsNormalised] = [1, 2, 4, 8, 16];

/** As the contract has them; the mapping's own limits are the same. */
const limits = {
  title: 100,
  name: 200,
  nhsNumber: 50,
  email: 320,
  phone: 100,
  addressLine: 300,
  postcode: 50,
} as const;
const itemsMost = 10;

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const phoneOf = (kind: string): Uint8Array => ascii(`{"kind":"${kind}","number":"`);
const words = {
  addressLines: ascii('"addressLines":['),
  dateOfBirth: ascii('"dateOfBirth":"'),
  emails: ascii('"emails":["'),
  forename: ascii('"forename":"'),
  knownAs: ascii('"knownAs":"'),
  nhsNumber: ascii('"nhsNumber":"'),
  patientCode: ascii('"patientCode":'),
  phones: ascii('"phones":['),
  postcode: ascii('"postcode":"'),
  surname: ascii('"surname":"'),
  title: ascii('"title":"'),
  quoteBracket: ascii('"]'),
};
const [quote, comma, open, close, bracket, space, dot] = [0x22, 0x2c, 0x7b, 0x7d, 0x5d, 0x20, 0x2e];
/** A title at the beginning of a forename begins with one of these, and a point or a space comes after it. */
const titleInitials = new Set(Buffer.from('mdprMDPR'));

/** What mapping makes of the columns with few values. */
interface FewFields {
  readonly archived: Uint8Array;
  readonly deceased: Uint8Array;
  readonly sex: Uint8Array;
  /** The rules that applied to them, and with each combination of ours. */
  readonly rules: readonly RuleName[];
  readonly rulesWith: (readonly RuleName[] | undefined)[];
}

/** Room for keys, punctuation and the patient's number. */
const spareBytes = 1_024;

/**
 * @param today - the practice's own date, `yyyy-mm-dd`
 * @returns null where rows of this layout may hold more than lists of the contract take
 * @see {@link PlainBasics}
 */
export function createPlainBasics(
  { layout, forms }: Pick<PackedBasics, 'layout' | 'forms'>,
  today: string,
): PlainBasics | null {
  const phones = (['mobile', 'home', 'work', 'other'] as const).flatMap((kind) =>
    layout[`${kind}Phones`].map((column) => ({ column, kind, opening: phoneOf(kind) })),
  );
  if (phones.length > itemsMost || layout.addressLines.length > itemsMost) return null;
  const fewColumns = [layout.sex, layout.archived, layout.status, layout.active, layout.deceased].filter(
    (column) => column >= 0,
  );
  const few = createFewValues<FewFields | 'odd'>(fewColumns);
  const days = createPlainDays(today);
  const postcodes = createPlainPostcodes();
  const places = new Int32Array(2 * forms.length);
  const out: Utf8Text = { bytes: Buffer.alloc(4 * spareBytes), length: 0, ascii: true };
  const cell: PlainCell = { form: cellForm.other, start: 0, end: 0, units: 0, trimmed: false };
  let bytes: Uint8Array = new Uint8Array(0);
  let applied = 0;
  let found: FewFields | undefined;

  /** Finds a column's text. @returns how many characters it has, 0 for none, -1 where mapping has to look at it */
  function textAt(column: number, most: number): number {
    if (column < 0) return 0;
    const length = places[2 * column + 1]!;
    if (length < 0) return 0;
    cell.form = forms[column]!;
    if (cell.form !== cellForm.text1252 && cell.form !== cellForm.textUtf16) return -1;
    trimCell(bytes, places[2 * column]!, length, cell);
    if (cell.units === 0) applied |= blank;
    else if (cell.trimmed) applied |= trimmed;
    return cell.units > most ? -1 : cell.units;
  }

  /** Puts a text field behind its key, if there is one. @returns false where mapping has to look at it */
  function putField(column: number, most: number, key: Uint8Array): boolean {
    const units = textAt(column, most);
    if (units <= 0) return units === 0;
    putAscii(out, key);
    if (!putPlain(out, bytes, cell)) return false;
    out.bytes[out.length++] = quote;
    out.bytes[out.length++] = comma;
    return true;
  }

  function putForename(): boolean {
    const units = textAt(layout.forename, limits.name);
    if (units <= 0) return units === 0;
    if (titleInitials.has(unitAt(bytes, cell.start, cell.form))) {
      const step = cell.form === cellForm.textUtf16 ? 2 : 1;
      for (let at = cell.start; at < cell.end; at += step) {
        const unit = unitAt(bytes, at, cell.form);
        if (unit === space || unit === dot) return false;
      }
    }
    return putField(layout.forename, limits.name, words.forename);
  }

  function putAddressLines(): boolean {
    let any = false;
    let gap = false;
    for (const column of layout.addressLines) {
      const units = textAt(column, limits.addressLine);
      if (units < 0) return false;
      if (units === 0) {
        gap ||= any;
        continue;
      }
      if (gap) applied |= gapClosed;
      gap = false;
      if (!any) putAscii(out, words.addressLines);
      any = true;
      out.bytes[out.length++] = quote;
      if (!putPlain(out, bytes, cell)) return false;
      out.bytes[out.length++] = quote;
      out.bytes[out.length++] = comma;
    }
    if (any) endList();
    return true;
  }

  /** The comma behind the last item becomes the bracket that closes the list. */
  function endList(): void {
    out.bytes[out.length - 1] = bracket;
    out.bytes[out.length++] = comma;
  }

  function putDateOfBirth(): boolean {
    const { dateOfBirth: column } = layout;
    const length = column < 0 ? -1 : places[2 * column + 1]!;
    if (length < 0) return true;
    const place = days.placeOf(dayAt(bytes, places[2 * column]!, { length, form: forms[column]! }));
    if (place < 0) return false;
    putAscii(out, words.dateOfBirth);
    for (let at = 0; at < 10; at += 1) out.bytes[out.length++] = days.characters[place + at]!;
    out.bytes[out.length++] = quote;
    out.bytes[out.length++] = comma;
    return true;
  }

  function putEmail(): boolean {
    let any = false;
    for (const column of layout.emails) {
      const units = textAt(column, limits.email);
      if (units === 0) continue;
      // Several may be one and the same.
      if (units < 0 || any || !isPlainEmail(bytes, cell)) return false;
      any = true;
      putAscii(out, words.emails);
      putPlain(out, bytes, cell);
      putAscii(out, words.quoteBracket);
      out.bytes[out.length++] = comma;
    }
    return true;
  }

  function putNhs(): boolean {
    const units = textAt(layout.nhsNumber, limits.nhsNumber);
    if (units <= 0) return units === 0;
    putAscii(out, words.nhsNumber);
    const outcome = putNhsNumber(out, bytes, cell);
    if (outcome === fieldOutcome.normalised) applied |= nhsNormalised;
    out.bytes[out.length++] = quote;
    out.bytes[out.length++] = comma;
    return outcome !== fieldOutcome.odd;
  }

  function putPhones(): boolean {
    let last: string | undefined;
    for (const { column, kind, opening } of phones) {
      const units = textAt(column, limits.phone);
      if (units === 0) continue;
      // Two of a kind may be one and the same.
      if (units < 0 || last === kind) return false;
      if (last === undefined) putAscii(out, words.phones);
      last = kind;
      putAscii(out, opening);
      if (!putPlain(out, bytes, cell)) return false;
      out.bytes[out.length++] = quote;
      out.bytes[out.length++] = close;
      out.bytes[out.length++] = comma;
    }
    if (last !== undefined) endList();
    return true;
  }

  function putPostcode(): boolean {
    const units = textAt(layout.postcode, limits.postcode);
    if (units <= 0) return units === 0;
    putAscii(out, words.postcode);
    const outcome = postcodes.put(out, bytes, cell);
    if (outcome === fieldOutcome.normalised) applied |= postcodeNormalised;
    out.bytes[out.length++] = quote;
    out.bytes[out.length++] = comma;
    return outcome !== fieldOutcome.odd;
  }

  /** In the canonical order; each field ends with a comma. */
  function putAll(code: number, fields: FewFields): boolean {
    out.bytes[out.length++] = open;
    if (!putAddressLines()) return false;
    putAscii(out, fields.archived);
    if (!putDateOfBirth()) return false;
    putAscii(out, fields.deceased);
    if (!putEmail() || !putForename()) return false;
    if (!putField(layout.knownAs, limits.name, words.knownAs) || !putNhs()) return false;
    putAscii(out, words.patientCode);
    putNumber(out, code);
    out.bytes[out.length++] = comma;
    if (!putPhones() || !putPostcode()) return false;
    putAscii(out, fields.sex);
    const before = out.length;
    if (!putField(layout.surname, limits.name, words.surname) || out.length === before) return false;
    if (!putField(layout.title, limits.title, words.title)) return false;
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
    write(rows, index, whole) {
      const code = rows.codes[index]!;
      if (code < 1) return false;
      ({ bytes } = rows);
      rows.locate(index, places);
      const { diedOn } = layout;
      if (diedOn >= 0 && places[2 * diedOn + 1]! >= 0) return false;
      const fields = few.of(bytes, places, () => fewFieldsOf(whole()));
      if (fields === null || fields === 'odd') return false;
      makeRoom(out, places);
      out.length = 0;
      out.ascii = true;
      applied = 0;
      found = fields;
      return putAll(code, fields);
    },
    text: () => out.bytes.toString(out.ascii ? 'latin1' : 'utf8', 0, out.length),
    rules() {
      if (!found) return [];
      return (found.rulesWith[applied] ??= [
        ...new Set([...appliedHere.filter((_, bit) => ((applied >> bit) & 1) === 1), ...found.rules]),
      ]);
    },
  };
}

/** A character of a byte may become one of three, or one with a backslash before it. */
function makeRoom(out: Utf8Text, places: Int32Array): void {
  let most = spareBytes;
  for (let at = 1; at < places.length; at += 2) if (places[at]! > 0) most += 3 * places[at]!;
  if (out.bytes.length < most) out.bytes = Buffer.alloc(2 * most);
}

/** What these columns alone make of a patient about whom nothing else is said. */
function fewFieldsOf({ sex, archived, status, active, deceased }: BasicsRow): FewFields | 'odd' {
  const mapped = mapBasics(
    { ...emptyBasicsRow(1), surname: 'A', sex, archived, status, active, deceased },
    { today: '' },
  );
  if (mapped.outcome === 'refused' || mapped.record.marks !== undefined) return 'odd';
  const { record, rules } = mapped;
  const field = (name: 'archived' | 'deceased' | 'sex'): Uint8Array =>
    record[name] === undefined ? ascii('') : ascii(`"${name}":${JSON.stringify(record[name])},`);
  return { archived: field('archived'), deceased: field('deceased'), sex: field('sex'), rules, rulesWith: [] };
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
