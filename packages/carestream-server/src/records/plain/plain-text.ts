import { upper1252 } from '../windows-1252.ts';
import { cellForm } from './packed-basics.ts';

/** A text that grows as bytes of UTF-8: nobody needs a string of it before it is known to have changed. */
export interface Utf8Text {
  bytes: Buffer;
  length: number;
}

const [space, quote, backslash] = [0x20, 0x22, 0x5c];

/**
 * Whether a character can stand in a text as it is: no control, no space but U+0020, no half of a pair, and in NFC whatever stands
 * beside it. Letters from U+0300 on, and all that combines, are left to the whole mapping.
 */
export function isPlain(unit: number): boolean {
  if (unit < 0x7f) return unit >= space;
  return (unit > 0xa0 && unit < 0x300) || (unit >= 0x2010 && unit <= 0x2027) || isOf1252(unit);
}

const isOf1252 = (unit: number): boolean => unit >= 0x2030 && upper1252.includes(unit);

/** How many bytes a character has in one of the two text forms. */
export function unitBytes(form: number): number {
  return form === cellForm.textUtf16 ? 2 : 1;
}

/** A character of a cell, whichever of the two text forms it has; 0 for a byte that Windows-1252 does not define. */
export function unitAt(bytes: Uint8Array, offset: number, form: number): number {
  if (form === cellForm.textUtf16) return bytes[offset]! | (bytes[offset + 1]! << 8);
  const byte = bytes[offset]!;
  return byte >= 0x80 && byte < 0xa0 ? upper1252[byte - 0x80]! : byte;
}

/** Puts characters of a cell as they stand inside a JSON string. @returns false where one of them is not plain */
export function putPlain(text: Utf8Text, bytes: Uint8Array, cell: PlainCell): boolean {
  const { form, end } = cell;
  const step = unitBytes(form);
  const to = text.bytes;
  let length = text.length;
  for (let at = cell.start; at < end; at += step) {
    const unit = unitAt(bytes, at, form);
    if (unit < 0x7f) {
      if (unit < space) return false;
      if (unit === quote || unit === backslash) to[length++] = backslash;
      to[length++] = unit;
    } else {
      if (!isPlain(unit)) return false;
      if (unit < 0x800) to[length++] = 0xc0 | (unit >> 6);
      else {
        to[length++] = 0xe0 | (unit >> 12);
        to[length++] = 0x80 | ((unit >> 6) & 0x3f);
      }
      to[length++] = 0x80 | (unit & 0x3f);
    }
  }
  text.length = length;
  return true;
}

/** A cell's text without the spaces around it. */
export interface PlainCell {
  form: number;
  start: number;
  end: number;
  /** How many characters it has; 0 for a blank one. */
  units: number;
  /** Whether there were spaces around it. */
  trimmed: boolean;
}

/** Leaves out the spaces around a cell's text. */
export function trimCell(bytes: Uint8Array, cell: PlainCell): void {
  const step = unitBytes(cell.form);
  let { start, end } = cell;
  if (step === 1) {
    while (start < end && bytes[start] === space) start += 1;
    while (start < end && bytes[end - 1] === space) end -= 1;
  } else {
    while (start < end && bytes[start] === space && bytes[start + 1] === 0) start += 2;
    while (start < end && bytes[end - 2] === space && bytes[end - 1] === 0) end -= 2;
  }
  cell.trimmed = end - start !== cell.end - cell.start;
  cell.start = start;
  cell.end = end;
  cell.units = (end - start) / step;
}

/** Puts text of ours, in ASCII. */
export function putAscii(text: Utf8Text, ascii: Uint8Array): void {
  const to = text.bytes;
  let length = text.length;
  for (let at = 0; at < ascii.length; at += 1) to[length++] = ascii[at]!;
  text.length = length;
}
