import { dateOfBirthOf } from '../date-of-birth.ts';
import { cellForm } from './packed-basics.ts';

/** Dates of birth by day, as ten characters of ASCII. */
export interface PlainDays {
  /** Where in `characters` the day's date stands; -1 where something is to be said about it. */
  placeOf(day: number): number;
  readonly characters: Uint8Array;
}

const epoch1900 = Date.UTC(1900, 0, 1);
const dayMs = 86_400_000;
/** Days from 0001-01-01 to 1900-01-01. */
const daysTo1900 = 693_595;
const dateCharacters = 10;
const [unknown, plain, odd] = [0, 1, 2];

/**
 * Asks the mapping about each day once.
 * @param today - the practice's own date, `yyyy-mm-dd`: no patient is born later
 */
export function createPlainDays(today: string): PlainDays {
  const days = Math.round((Date.parse(today) - epoch1900) / dayMs) + 1;
  const states = new Uint8Array(days);
  const characters = Buffer.alloc(days * dateCharacters);
  const lookAt = (day: number): number => {
    const applied: Parameters<typeof dateOfBirthOf>[2] = [];
    const { date } = dateOfBirthOf(new Date(epoch1900 + day * dayMs), today, applied);
    if (date === undefined || applied.length > 0) return odd;
    characters.write(date, day * dateCharacters, 'latin1');
    return plain;
  };
  return {
    characters,
    placeOf(day) {
      if (!(day >= 0 && day < days)) return -1;
      if (states[day] === unknown) states[day] = lookAt(day);
      return states[day] === plain ? day * dateCharacters : -1;
    },
  };
}

/** The day that a cell holds, counted from 1900-01-01; NaN where it holds a time of day too, or is of another form. */
export function dayAt(
  bytes: Uint8Array,
  offset: number,
  cell: { readonly length: number; readonly form: number },
): number {
  const { length, form } = cell;
  if (form === cellForm.dateTime) {
    if (length !== 4 && length !== 8) return Number.NaN;
    const half = length >> 1;
    if (!areZero(bytes, offset + half, half)) return Number.NaN;
    const low = bytes[offset]! | (bytes[offset + 1]! << 8);
    return half === 2 ? low : low | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24);
  }
  if (form !== cellForm.date || length < 3 || !areZero(bytes, offset, length - 3)) return Number.NaN;
  const at = offset + length - 3;
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) - daysTo1900;
}

function areZero(bytes: Uint8Array, offset: number, count: number): boolean {
  for (let at = offset; at < offset + count; at += 1) if (bytes[at] !== 0) return false;
  return true;
}
