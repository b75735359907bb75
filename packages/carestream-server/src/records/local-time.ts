import { Temporal } from 'temporal-polyfill';
import type { LocalTime } from '../contract/index.ts';
import { note, type Applied } from './rules.ts';
import type { Cell } from './rows.ts';
import { dateText, zeroDates } from './date-of-birth.ts';

const isoTime = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?))?$/;

/** A naive wall time of R4 as the contract has it, or undefined where it cannot be read. */
export function localTimeOf(cell: Cell, timeZone: string, applied: Applied): LocalTime | undefined {
  if (cell === null || cell === undefined) return undefined;
  const local = localText(cell);
  if (local === undefined) {
    note(applied, typeof cell === 'string' && cell.trim() === '' ? 'blank-as-null' : 'time-unreadable');
    return undefined;
  }
  // With a time of day too: a column that holds times alone stands on such a date.
  if (zeroDates.has(local.slice(0, 10))) {
    note(applied, 'time-placeholder');
    return undefined;
  }
  return zonedTime(local, timeZone, applied);
}

function localText(cell: Cell): string | undefined {
  if (cell instanceof Date) {
    if (Number.isNaN(cell.getTime())) return undefined;
    const text = cell.toISOString();
    return text.length === 24 ? text.slice(0, -1).replace(/\.000$/, '') : undefined;
  }
  if (typeof cell !== 'string') return undefined;
  const parts = isoTime.exec(cell.trim());
  if (parts === null) return undefined;
  const [, day = '', time = '00:00:00'] = parts;
  if (dateText(Number(day.slice(0, 4)), Number(day.slice(5, 7)), Number(day.slice(8, 10))) === undefined)
    return undefined;
  const full = time.length === 5 ? `${time}:00` : time;
  if (Number(full.slice(0, 2)) > 23 || Number(full.slice(3, 5)) > 59 || Number(full.slice(6, 8)) > 59) return undefined;
  return `${day}T${full.replace(/\.0+$/, '')}`;
}

function zonedTime(local: string, timeZone: string, applied: Applied): LocalTime {
  let earlier: Temporal.ZonedDateTime;
  let later: Temporal.ZonedDateTime;
  try {
    const plain = Temporal.PlainDateTime.from(local);
    earlier = plain.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
    later = plain.toZonedDateTime(timeZone, { disambiguation: 'later' });
    if (earlier.epochMilliseconds === later.epochMilliseconds) return { local, zoned: zonedText(earlier) };
    // In the gap of spring neither shows the wall time that was asked for.
    if (earlier.toPlainDateTime().equals(plain)) {
      note(applied, 'time-ambiguous');
      return { local, zoned: zonedText(earlier), mark: 'ambiguous' };
    }
    note(applied, 'time-impossible');
    return { local, mark: 'impossible' };
  } catch {
    // A time zone that this machine does not know, or a year beyond its tables: the wall time is still right.
    note(applied, 'time-unreadable');
    return { local };
  }
}

const zonedText = (time: Temporal.ZonedDateTime): string => time.toString({ timeZoneName: 'never' });
