/** Milliseconds in a day. */
export const dayMs = 86_400_000;
/** 1900-01-01, day zero of datetime, in milliseconds since 1970. */
export const epoch1900Ms = Date.UTC(1900, 0, 1);

/** A moment of naive wall time, cut into its parts. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

/** Parts of a moment. */
export const partsOf = (ms: number): WallTime => {
  const date = new Date(ms);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
  };
};

/** Days of a month, 1 to 12. */
export const daysInMonth = (year: number, month: number): number =>
  new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

/** Milliseconds of a date at midnight; undefined where there is no such day. */
export const dateMs = (year: number, month: number, day: number): number | undefined => {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
};

/** Earliest and latest moments of the types. */
export const temporalRanges = {
  datetime: [Date.UTC(1753, 0, 1), Date.UTC(9999, 11, 31, 23, 59, 59, 998)],
  smalldatetime: [epoch1900Ms, Date.UTC(2079, 5, 6, 23, 59, 0, 0)],
  date: [dateMs(1, 1, 1) as number, Date.UTC(9999, 11, 31)],
  datetime2: [dateMs(1, 1, 1) as number, Date.UTC(9999, 11, 31, 23, 59, 59, 999)],
} as const;

/** Rounds to 1/300 s, which is what datetime keeps: .000, .003, .007. */
export const roundDatetime = (ms: number): number => {
  const day = Math.floor(ms / dayMs) * dayMs;
  const ticks = Math.round(((ms - day) * 3) / 10);
  return day + Math.round((ticks * 10) / 3);
};

/** Rounds to the minute: up to 29.998 s down, from 29.999 s up. */
export const roundSmallDatetime = (ms: number): number => Math.floor((ms + 30_001) / 60_000) * 60_000;

/** English month names. */
export const monthNames: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
/** English day names, from Sunday. */
export const dayNames: readonly string[] = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
];
