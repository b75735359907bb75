import { hasNhsCheckDigitAt } from '../nhs-number.ts';
import { postcodeOf } from '../postcode.ts';
import { unitAt, unitBytes, type PlainCell, type Utf8Text } from './plain-text.ts';

/** What a field's own check makes of a cell: not plain, written as it stands, or written as the field's rule wants it. */
export const fieldOutcome = { odd: -1, asWritten: 0, normalised: 1 } as const;

const [space, hyphen, dot, at, zero, nine] = [0x20, 0x2d, 0x2e, 0x40, 0x30, 0x39];
const notInEmail = new Set(Buffer.from(' ,;:<>()[]"\'|/\\'));
/** What a small letter has more than its capital. */
const caseBit = 0x20;
const nhsDigits = 10;
const digits = new Uint8Array(nhsDigits);

/** Whether a cell holds one e-mail address in ASCII and nothing else. */
export function isPlainEmail(bytes: Uint8Array, cell: PlainCell): boolean {
  const step = unitBytes(cell.form);
  let [atSign, lastDot] = [-1, -1];
  for (let place = cell.start; place < cell.end; place += step) {
    const unit = unitAt(bytes, place, cell.form);
    if (unit <= space || unit > 0x7e || notInEmail.has(unit)) return false;
    if (unit === dot) lastDot = place;
    else if (unit === at) {
      if (atSign >= 0) return false;
      atSign = place;
    }
  }
  // Something before the @, something between it and the last dot, and something after that.
  return atSign > cell.start && lastDot > atSign + step && lastDot < cell.end - step;
}

/** Puts an NHS number whose check digit is right, without the spaces and hyphens in it. */
export function putNhsNumber(text: Utf8Text, bytes: Uint8Array, cell: PlainCell): number {
  const step = unitBytes(cell.form);
  let count = 0;
  for (let place = cell.start; place < cell.end; place += step) {
    const unit = unitAt(bytes, place, cell.form);
    if (unit === space || unit === hyphen) continue;
    if (unit < zero || unit > nine || count === nhsDigits) return fieldOutcome.odd;
    digits[count++] = unit;
  }
  if (count !== nhsDigits || digits.every((digit) => digit === digits[0])) return fieldOutcome.odd;
  if (!hasNhsCheckDigitAt(digits)) return fieldOutcome.odd;
  text.bytes.set(digits, text.length);
  text.length += nhsDigits;
  return cell.units === nhsDigits ? fieldOutcome.asWritten : fieldOutcome.normalised;
}

/** Postcodes' first halves, asked of the mapping once each. */
export interface PlainPostcodes {
  /** Puts a postcode that certainly is one of the United Kingdom, in capitals with one space. */
  put(text: Utf8Text, bytes: Uint8Array, cell: PlainCell): number;
}

const [inwardUnits, postcodeUnits] = [3, 7];
const unitLetters = new Set(Buffer.from('ABDEFGHJLNPQRSTUWXYZ'));
const outwardsMost = 10_000;

/** @see {@link PlainPostcodes} */
export function createPlainPostcodes(): PlainPostcodes {
  const outwards = new Map<number, boolean>();
  const folded = Buffer.alloc(postcodeUnits);

  /** Whether mapping takes this first half with a second one that is right. */
  const isOutward = (length: number): boolean => {
    let key = 0;
    for (let index = 0; index < length; index += 1) key = (key << 8) | folded[index]!;
    let known = outwards.get(key);
    if (known === undefined) {
      const postcode = `${folded.toString('latin1', 0, length)} 1AA`;
      known = postcodeOf(postcode, []) === postcode && isKnown(postcode);
      if (outwards.size < outwardsMost) outwards.set(key, known);
    }
    return known;
  };

  return {
    put(text, bytes, cell) {
      const step = unitBytes(cell.form);
      let [count, asWritten, spaceAt] = [0, true, -1];
      for (let place = cell.start; place < cell.end; place += step) {
        let unit = unitAt(bytes, place, cell.form);
        if (unit === space || unit === dot) {
          asWritten &&= unit === space && spaceAt < 0;
          spaceAt = count;
          continue;
        }
        if (unit >= 0x61 && unit <= 0x7a) {
          unit -= caseBit;
          asWritten = false;
        }
        const isLetter = unit >= 0x41 && unit <= 0x5a;
        if (count === postcodeUnits || (!isLetter && (unit < zero || unit > nine))) return fieldOutcome.odd;
        folded[count++] = unit;
      }
      const outward = count - inwardUnits;
      if (outward < 2 || !isInward(folded, outward) || !isOutward(outward)) return fieldOutcome.odd;
      const to = text.bytes;
      for (let index = 0; index < count; index += 1) {
        if (index === outward) to[text.length++] = space;
        to[text.length++] = folded[index]!;
      }
      return asWritten && spaceAt === outward ? fieldOutcome.asWritten : fieldOutcome.normalised;
    },
  };
}

function isKnown(postcode: string): boolean {
  const applied: Parameters<typeof postcodeOf>[1] = [];
  postcodeOf(postcode, applied);
  return applied.length === 0;
}

function isInward(folded: Uint8Array, start: number): boolean {
  const digit = folded[start]!;
  return digit >= zero && digit <= nine && unitLetters.has(folded[start + 1]!) && unitLetters.has(folded[start + 2]!);
}
