import { note, type Applied } from './rules.ts';
import type { Cell } from './rows.ts';
import { textOf } from './text.ts';

const textLimits = { most: 50 };
const tenDigits = /^\d{10}$/;
const separators = /[\s-]+/g;

/**
 * True where the tenth digit is the check digit of the first nine (modulus 11, weights 10 to 2).
 * @see https://www.datadictionary.nhs.uk/attributes/nhs_number.html
 */
export function hasNhsCheckDigit(digits: string): boolean {
  return hasNhsCheckDigitAt(Buffer.from(digits, 'latin1'));
}

/** The same for ten digits in ASCII. */
export function hasNhsCheckDigitAt(digits: Uint8Array): boolean {
  let sum = 0;
  for (let index = 0; index < 9; index += 1) sum += (10 - index) * (digits[index]! - 48);
  const expected = (11 - (sum % 11)) % 11;
  return expected === digits[9]! - 48;
}

/** An NHS number: ten digits where it can be read so, otherwise as written and marked. */
export function nhsNumberOf(cell: Cell, applied: Applied): string | undefined {
  const text = textOf(cell, textLimits, applied);
  if (text === undefined) return undefined;
  const digits = text.replace(separators, '');
  if (!tenDigits.test(digits)) {
    note(applied, 'nhs-number-unreadable');
    return text;
  }
  if (digits === digits.charAt(0).repeat(10)) {
    note(applied, 'nhs-number-placeholder');
    return undefined;
  }
  if (digits.length !== text.length) note(applied, 'nhs-number-normalised');
  if (!hasNhsCheckDigit(digits)) note(applied, 'nhs-number-check-failed');
  return digits;
}
