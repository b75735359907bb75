import type { BasicsLayout } from './packed-basics.ts';
import { isPlainEmail } from './plain-fields.ts';
import { ascii, endList, endText, ruleBit, textAt, type PlainRow } from './plain-row.ts';
import { putAscii, putPlain } from './plain-text.ts';

/** As the contract has them; the mapping's own limits are the same. */
const limits = { email: 320, phone: 100, addressLine: 300 } as const;
const itemsMost = 10;
const [quote, comma, close] = [0x22, 0x2c, 0x7d];
const openings = { addressLines: ascii('"addressLines":['), emails: ascii('"emails":["'), phones: ascii('"phones":[') };
const emailsEnd = ascii('"],');

/** A column of telephone numbers, and how an item of its kind begins. */
interface PhoneColumn {
  readonly column: number;
  readonly kind: string;
  readonly opening: Uint8Array;
}

/** The lists of a record. Each function returns false where mapping has to look at the row. */
export interface PlainLists {
  putAddressLines(row: PlainRow): boolean;
  putEmail(row: PlainRow): boolean;
  putPhones(row: PlainRow): boolean;
}

/** @returns null where rows of this layout may hold more than the contract's lists take */
export function createPlainLists(layout: BasicsLayout): PlainLists | null {
  const phones = (['mobile', 'home', 'work', 'other'] as const).flatMap((kind) =>
    layout[`${kind}Phones`].map((column) => ({ column, kind, opening: ascii(`{"kind":"${kind}","number":"`) })),
  );
  if (phones.length > itemsMost || layout.addressLines.length > itemsMost) return null;
  return {
    putAddressLines: (row) => putAddressLines(row, layout.addressLines),
    putEmail: (row) => putEmail(row, layout.emails),
    putPhones: (row) => putPhones(row, phones),
  };
}

function putAddressLines(row: PlainRow, columns: readonly number[]): boolean {
  const { out } = row;
  let any = false;
  let gap = false;
  for (const column of columns) {
    const units = textAt(row, column, limits.addressLine);
    if (units < 0) return false;
    if (units === 0) {
      gap ||= any;
      continue;
    }
    if (gap) row.applied |= ruleBit.gapClosed;
    gap = false;
    if (!any) putAscii(out, openings.addressLines);
    any = true;
    out.bytes[out.length++] = quote;
    if (!putPlain(out, row.bytes, row.cell)) return false;
    endText(out);
  }
  if (any) endList(out);
  return true;
}

function putEmail(row: PlainRow, columns: readonly number[]): boolean {
  const { out } = row;
  let any = false;
  for (const column of columns) {
    const units = textAt(row, column, limits.email);
    if (units === 0) continue;
    // Several may be one and the same.
    if (units < 0 || any || !isPlainEmail(row.bytes, row.cell)) return false;
    any = true;
    putAscii(out, openings.emails);
    if (!putPlain(out, row.bytes, row.cell)) return false;
    putAscii(out, emailsEnd);
  }
  return true;
}

function putPhones(row: PlainRow, columns: readonly PhoneColumn[]): boolean {
  const { out } = row;
  let last: string | undefined;
  for (const { column, kind, opening } of columns) {
    const units = textAt(row, column, limits.phone);
    if (units === 0) continue;
    // Two of a kind may be one and the same.
    if (units < 0 || last === kind) return false;
    if (last === undefined) putAscii(out, openings.phones);
    last = kind;
    putAscii(out, opening);
    if (!putPlain(out, row.bytes, row.cell)) return false;
    out.bytes[out.length++] = quote;
    out.bytes[out.length++] = close;
    out.bytes[out.length++] = comma;
  }
  if (last !== undefined) endList(out);
  return true;
}
