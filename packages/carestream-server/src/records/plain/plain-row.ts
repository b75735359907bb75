import type { RuleName } from '../rules.ts';
import { cellForm, type PackedBasics } from './packed-basics.ts';
import { putAscii, putPlain, trimCell, unitBytes, type PlainCell, type Utf8Text } from './plain-text.ts';

/** A row while it is written: where its cells are, and what is there of the text. */
export interface PlainRow {
  bytes: Uint8Array;
  readonly forms: readonly number[];
  /** As {@link PackedBasics.locate} fills them. */
  readonly places: Int32Array;
  readonly out: Utf8Text;
  /** The text that was looked at last. */
  readonly cell: PlainCell;
  /** Bits of {@link rulesByBit}. */
  applied: number;
}

/** Rules without a mark that are applied here, by their bits; a row to which any other applies is mapped. */
export const rulesByBit = [
  'blank-as-null',
  'trimmed',
  'address-gap-closed',
  'postcode-normalised',
  'nhs-number-normalised',
] as const satisfies readonly RuleName[];
/** The bits of {@link rulesByBit}. */
export const ruleBit = { blank: 1, trimmed: 2, gapClosed: 4, postcodeNormalised: 8, nhsNumberNormalised: 16 } as const;

const firstBytes = 4_096;
/** Room for keys, punctuation and the patient's number. */
const spareBytes = 1_024;
const [quote, comma, bracket] = [0x22, 0x2c, 0x5d];

/** Creates the row; one serves all rows whose columns have these forms. */
export function createPlainRow(forms: readonly number[]): PlainRow {
  return {
    bytes: new Uint8Array(0),
    forms,
    places: new Int32Array(2 * forms.length),
    out: { bytes: Buffer.alloc(firstBytes), length: 0 },
    cell: { form: cellForm.other, start: 0, end: 0, units: 0, trimmed: false },
    applied: 0,
  };
}

/** Goes to a row; nothing of it is written yet. */
export function beginRow(row: PlainRow, rows: PackedBasics, index: number): void {
  const { places, out } = row;
  row.bytes = rows.bytes;
  row.applied = 0;
  rows.locate(index, places);
  out.length = 0;
  // A character of a byte may become one of three, or one with a backslash before it.
  let most = spareBytes;
  for (let at = 1; at < places.length; at += 2) if (places[at]! > 0) most += 3 * places[at]!;
  if (out.bytes.length < most) out.bytes = Buffer.alloc(2 * most);
}

/** How many bytes a column's value has; -1 for null, and for a column that is not there. */
export function bytesAt({ places }: PlainRow, column: number): number {
  return column < 0 ? -1 : places[2 * column + 1]!;
}

/** Finds a column's text. @returns how many characters it has, 0 for none, -1 where mapping has to look at it */
export function textAt(row: PlainRow, column: number, most: number): number {
  const length = bytesAt(row, column);
  if (length < 0) return 0;
  const { cell } = row;
  cell.form = row.forms[column]!;
  if (cell.form !== cellForm.text1252 && cell.form !== cellForm.textUtf16) return -1;
  if (length % unitBytes(cell.form) !== 0) return -1;
  cell.start = row.places[2 * column]!;
  cell.end = cell.start + length;
  trimCell(row.bytes, cell);
  if (cell.units === 0) row.applied |= ruleBit.blank;
  else if (cell.trimmed) row.applied |= ruleBit.trimmed;
  return cell.units > most ? -1 : cell.units;
}

/** A text field: its key with everything up to the text, and how long the text may be. */
export interface PlainField {
  readonly opening: Uint8Array;
  readonly most: number;
}

/** Puts a text field, if there is one. @returns false where mapping has to look at it */
export function putField(row: PlainRow, column: number, { opening, most }: PlainField): boolean {
  const units = textAt(row, column, most);
  if (units <= 0) return units === 0;
  putAscii(row.out, opening);
  if (!putPlain(row.out, row.bytes, row.cell)) return false;
  endText(row.out);
  return true;
}

/** A quotation mark, and the comma behind each item. */
export function endText(out: Utf8Text): void {
  out.bytes[out.length++] = quote;
  out.bytes[out.length++] = comma;
}

/** The comma behind the last item becomes the bracket that closes the list. */
export function endList(out: Utf8Text): void {
  out.bytes[out.length - 1] = bracket;
  out.bytes[out.length++] = comma;
}

/** A text of ours as bytes. */
export const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
