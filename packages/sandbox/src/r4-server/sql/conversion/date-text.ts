import type { SqlType } from '../../engine.ts';
import { dateMs, epoch1900Ms, monthNames, partsOf } from './calendar.ts';

/** Order of day, month and year in a date of numbers, as SET DATEFORMAT says it. */
export type DateOrder = 'mdy' | 'dmy' | 'ymd' | 'ydm' | 'myd' | 'dym';

/** Orders that CONVERT's styles dictate for reading. */
const styleOrders: Readonly<Record<number, DateOrder>> = {
  1: 'mdy',
  2: 'ymd',
  3: 'dmy',
  4: 'dmy',
  5: 'dmy',
  10: 'mdy',
  11: 'ymd',
  101: 'mdy',
  102: 'ymd',
  103: 'dmy',
  104: 'dmy',
  105: 'dmy',
  110: 'mdy',
  111: 'ymd',
  120: 'ymd',
  121: 'ymd',
  20: 'ymd',
  21: 'ymd',
};

const timePattern = /^(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.:](\d{1,9}))?)?)?\s*(AM|PM)?$/i;

/** Milliseconds since midnight; undefined where the text is no time, NaN where it is one out of range. */
export const parseTime = (text: string): number | undefined => {
  const match = timePattern.exec(text);
  if (match === null || (match[2] === undefined && match[5] === undefined)) return undefined;
  const [, hourText = '', minuteText = '0', secondText = '0', fraction, half] = match;
  let hour = Number(hourText);
  if (half !== undefined) {
    if (hour > 12) return Number.NaN;
    hour = (hour % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
  }
  const minute = Number(minuteText);
  const second = Number(secondText);
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const colon = fraction !== undefined && text.includes(`:${fraction}`);
  // `:mmm` counts thousandths, `.f` is a fraction.
  const milliseconds = fraction === undefined ? 0 : colon ? Number(fraction) : Number(`0.${fraction}`) * 1000;
  return hour * 3_600_000 + minute * 60_000 + second * 1000 + Math.round(milliseconds * 1000) / 1000;
};

/** What a text says of a moment: milliseconds, or why it says none. */
export type ParsedDate = number | 'invalid' | 'out-of-range';

const fullYear = (text: string): number => {
  const value = Number(text);
  if (text.length > 2) return value;
  // Two-digit year cut-off 2049.
  return value < 50 ? 2000 + value : 1900 + value;
};
const monthIndex = (name: string): number =>
  monthNames.findIndex(
    (month) =>
      month.slice(0, 3).toLowerCase() === name.slice(0, 3).toLowerCase() &&
      month.toLowerCase().startsWith(name.toLowerCase()),
  ) + 1;

/**
 * Reads a date and time as SQL Server does.
 * @param legacy datetime and smalldatetime read `yyyy-mm-dd` by the session's order; date and datetime2 never do
 */
export const parseDate = (written: string, order: DateOrder, legacy: boolean, style = 0): ParsedDate => {
  const text = written.trim();
  if (text === '') return epoch1900Ms;
  // datetime reads thousandths and no finer.
  if (legacy && /:\d{1,2}[.:]\d{4,}/.test(text)) return 'invalid';
  const iso = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)Z?$/i.exec(text);
  if (iso !== null) return assemble(fullYear(iso[1] ?? ''), Number(iso[2]), Number(iso[3]), iso[4]);
  const time = parseTime(text);
  if (time !== undefined) return Number.isNaN(time) ? 'out-of-range' : epoch1900Ms + time;
  const named = parseNamedMonth(text);
  if (named !== undefined) return named;
  const digits = /^(\d{8}|\d{6}|\d{4})(?:\s+(\d.*))?$/.exec(text);
  if (digits !== null) {
    const [, date = '', rest] = digits;
    if (date.length === 4) return assemble(Number(date), 1, 1, rest);
    const yearDigits = date.length - 4;
    return assemble(
      fullYear(date.slice(0, yearDigits)),
      Number(date.slice(yearDigits, -2)),
      Number(date.slice(-2)),
      rest,
    );
  }
  const numeric = /^(\d{1,4})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{1,4})(?:\s+(\d.*))?$/.exec(text);
  if (numeric === null) return 'invalid';
  const [, first = '', separator = '', second = '', third = '', rest] = numeric;
  const wanted = styleOrders[style] ?? order;
  if (first.length === 4) {
    const swapped =
      legacy && (wanted === 'dmy' || wanted === 'ydm' || wanted === 'dym') && styleOrders[style] === undefined;
    if (third.length > 2) return 'invalid';
    const [month, day] = swapped ? [third, second] : [second, third];
    void separator;
    return assemble(Number(first), Number(month), Number(day), rest);
  }
  if (first.length > 2 || third.length === 3) return 'invalid';
  if (third.length === 4) {
    const dayFirst = wanted === 'dmy' || wanted === 'dym' || wanted === 'ydm';
    return assemble(Number(third), Number(dayFirst ? second : first), Number(dayFirst ? first : second), rest);
  }
  const parts = { [wanted.charAt(0)]: first, [wanted.charAt(1)]: second, [wanted.charAt(2)]: third };
  return assemble(fullYear(parts['y'] ?? ''), Number(parts['m']), Number(parts['d']), rest);
};

/** `Mar 1 2024`, `1 March 2024`, `March 1, 2024`, `2024 Mar 1`, `1-Mar-24`, each with a time behind or before it. */
const parseNamedMonth = (text: string): ParsedDate | undefined => {
  const month = /[A-Za-z]{3,}/.exec(text);
  if (month === null) return undefined;
  const number = monthIndex(month[0]);
  if (number === 0) return /^(am|pm)$/i.test(month[0]) ? undefined : 'invalid';
  let rest = text.slice(0, month.index) + ' ' + text.slice(month.index + month[0].length);
  let time: string | undefined;
  rest = rest.replace(/\d{1,2}(?::\d{1,2}){1,2}(?:[.:]\d{1,9})?\s*(?:AM|PM)?|\d{1,2}\s*(?:AM|PM)/i, (found) => {
    time = found;
    return ' ';
  });
  const numbers = rest
    .replace(/[-,/.]/g, ' ')
    .trim()
    .split(/\s+/)
    .filter((part) => part !== '');
  if (numbers.length === 0 || numbers.length > 2 || numbers.some((part) => !/^\d{1,4}$/.test(part))) return 'invalid';
  const yearText = numbers.find((part) => part.length === 4) ?? (numbers.length === 2 ? numbers[1] : undefined);
  if (yearText === undefined) return 'invalid';
  const dayText = numbers.length === 1 ? '1' : numbers[numbers.indexOf(yearText) === 0 ? 1 : 0];
  return assemble(fullYear(yearText), number, Number(dayText), time);
};

const assemble = (year: number, month: number, day: number, time: string | undefined): ParsedDate => {
  const date = dateMs(year, month, day);
  if (date === undefined) return 'out-of-range';
  if (time === undefined || time.trim() === '') return date;
  const offset = parseTime(time.trim());
  if (offset === undefined) return 'invalid';
  return Number.isNaN(offset) ? 'out-of-range' : date + offset;
};

const pad = (value: number, length = 2): string => String(value).padStart(length, '0');

/** Fraction digits that a type shows. */
const fractionOf = (ms: number, type: SqlType): string => {
  if (type.name === 'datetime2' || type.name === 'time') {
    const scale = type.scale ?? 7;
    return scale === 0 ? '' : `.${pad(ms, 3).padEnd(7, '0').slice(0, scale)}`;
  }
  return type.name === 'datetime' ? `.${pad(ms, 3)}` : '.000';
};

/** Writes a moment in one of CONVERT's styles; undefined where the style is none of ours. */
export const formatDate = (ms: number, type: SqlType, style: number): string | undefined => {
  const at = partsOf(ms);
  const month = (monthNames[at.month - 1] ?? '').slice(0, 3);
  const short = style < 100 && style !== 0 && style !== 8 && style !== 9 && style !== 13 && style !== 14 && style < 20;
  const year = short ? pad(at.year % 100) : pad(at.year, 4);
  const [mm, dd] = [pad(at.month), pad(at.day)];
  const clock = `${pad(at.hour)}:${pad(at.minute)}:${pad(at.second)}`;
  const hour12 = String(at.hour % 12 === 0 ? 12 : at.hour % 12).padStart(2, ' ');
  const half = at.hour < 12 ? 'AM' : 'PM';
  const fraction = fractionOf(at.millisecond, type);
  const dateOnly = type.name === 'date';
  const timeOnly = type.name === 'time';
  const day = String(at.day).padStart(2, ' ');
  const join = (date: string, time: string, separator = ' ') =>
    dateOnly ? date : timeOnly ? time.trimStart() : `${date}${separator}${time}`;
  switch (style) {
    case 0:
    case 100:
      return join(`${month} ${day} ${year}`, `${hour12}:${pad(at.minute)}${half}`);
    case 1:
    case 101:
      return `${mm}/${dd}/${year}`;
    case 2:
    case 102:
      return `${year}.${mm}.${dd}`;
    case 3:
    case 103:
      return `${dd}/${mm}/${year}`;
    case 4:
    case 104:
      return `${dd}.${mm}.${year}`;
    case 5:
    case 105:
      return `${dd}-${mm}-${year}`;
    case 6:
    case 106:
      return `${dd} ${month} ${year}`;
    case 7:
    case 107:
      return `${month} ${dd}, ${year}`;
    case 8:
    case 24:
    case 108:
      return clock;
    case 9:
    case 109:
      return join(
        `${month} ${day} ${year}`,
        `${hour12}:${pad(at.minute)}:${pad(at.second)}${fraction.replace('.', type.name === 'datetime' || type.name === 'smalldatetime' ? ':' : '.')}${half}`,
      );
    case 10:
    case 110:
      return `${mm}-${dd}-${year}`;
    case 11:
    case 111:
      return `${year}/${mm}/${dd}`;
    case 12:
    case 112:
      return `${year}${mm}${dd}`;
    case 13:
    case 113:
      return join(
        `${dd} ${month} ${year}`,
        clock + (type.name === 'datetime2' || timeOnly ? fraction : fraction.replace('.', ':')),
      );
    case 14:
    case 114:
      return clock + (type.name === 'datetime2' || timeOnly ? fraction : fraction.replace('.', ':'));
    case 20:
    case 120:
      return join(`${year}-${mm}-${dd}`, clock);
    case 21:
    case 25:
    case 121:
      return join(`${year}-${mm}-${dd}`, clock + fraction);
    case 126:
    case 127: {
      // Style 126 leaves the fraction out where a datetime has none.
      const shown = (type.name === 'datetime' || type.name === 'smalldatetime') && at.millisecond === 0 ? '' : fraction;
      return join(`${year}-${mm}-${dd}`, clock + shown, 'T');
    }
    default:
      return undefined;
  }
};
