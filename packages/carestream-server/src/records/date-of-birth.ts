import { note, type Applied } from './rules.ts';
import type { Cell } from './rows.ts';
import { textOf } from './text.ts';

const textLimits = { most: 50 };
/** The zero dates of OLE, SQL Server, smalldatetime, datetime and date: what forms leave where nothing was typed. */
export const zeroDates: ReadonlySet<string> = new Set([
  '1899-12-30',
  '1899-12-31',
  '1900-01-01',
  '1753-01-01',
  '0001-01-01',
]);
const isoDate = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}:\d{2}(?:\.\d+)?))?$/;
const compactDate = /^(\d{4})(\d{2})(\d{2})$/;
/** As typed in Britain; certain only where the first number can be no month. */
const britishDate = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/;
const plausibleYears = 125;

const pad2 = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** `yyyy-mm-dd`, or undefined where the calendar has no such day. */
export function dateText(year: number, month: number, day: number): string | undefined {
  const exists = year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);
  return exists ? `${year < 1000 ? String(year).padStart(4, '0') : year}-${pad2(month)}-${pad2(day)}` : undefined;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** What could be made of a date of birth. */
export interface DateOfBirth {
  readonly date?: string;
  readonly text?: string;
}

/** Reads a date of birth; `today` is the practice's own date, `yyyy-mm-dd`. */
export function dateOfBirthOf(cell: Cell, today: string, applied: Applied): DateOfBirth {
  if (cell === null || cell === undefined) return {};
  let date: string | undefined;
  let text: string | undefined;
  if (cell instanceof Date) {
    date = dateText(cell.getUTCFullYear(), cell.getUTCMonth() + 1, cell.getUTCDate());
    if (date !== undefined && cell.getTime() % 86_400_000 !== 0) note(applied, 'dob-with-time');
  } else {
    text = textOf(cell, textLimits, applied);
    if (text === undefined) return {};
    date = readText(text, applied);
  }
  if (date === undefined) {
    note(applied, 'dob-unreadable');
    return text === undefined ? {} : { text };
  }
  if (zeroDates.has(date)) {
    note(applied, 'dob-placeholder');
    return {};
  }
  if (date > today) {
    note(applied, 'dob-in-future');
    return { text: date };
  }
  if (Number(date.slice(0, 4)) < Number(today.slice(0, 4)) - plausibleYears) {
    note(applied, 'dob-implausible');
    return { text: date };
  }
  return { date };
}

function readText(text: string, applied: Applied): string | undefined {
  const iso = isoDate.exec(text) ?? compactDate.exec(text);
  if (iso !== null) {
    const time = iso[4];
    if (time !== undefined && !/^[0:.]+$/.test(time)) note(applied, 'dob-with-time');
    return dateText(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  }
  const british = britishDate.exec(text);
  if (british === null || Number(british[1]) <= 12) return undefined;
  return dateText(Number(british[3]), Number(british[2]), Number(british[1]));
}
