import type { SqlType } from '../../engine.ts';
import {
  dateMs,
  dayMs,
  dayNames,
  daysInMonth,
  epoch1900Ms,
  monthNames,
  partsOf,
  roundDatetime,
} from '../conversion/calendar.ts';
import { sqlError } from '../errors.ts';
import type { SessionState } from '../state.ts';
import type { Typed } from '../translate/typed.ts';
import { familyOf, isString } from '../types.ts';
import type { FunctionTable, FunctionUse, ScalarFunction } from './function-table.ts';
import { argument, asInt } from './function-table.ts';

/** A part of a date. */
type DatePart =
  | 'year'
  | 'quarter'
  | 'month'
  | 'dayofyear'
  | 'day'
  | 'week'
  | 'weekday'
  | 'hour'
  | 'minute'
  | 'second'
  | 'millisecond'
  | 'microsecond'
  | 'nanosecond'
  | 'iso_week';

const partNames: Readonly<Record<string, DatePart>> = {
  year: 'year',
  yy: 'year',
  yyyy: 'year',
  quarter: 'quarter',
  qq: 'quarter',
  q: 'quarter',
  month: 'month',
  mm: 'month',
  m: 'month',
  dayofyear: 'dayofyear',
  dy: 'dayofyear',
  y: 'dayofyear',
  day: 'day',
  dd: 'day',
  d: 'day',
  week: 'week',
  wk: 'week',
  ww: 'week',
  weekday: 'weekday',
  dw: 'weekday',
  w: 'weekday',
  hour: 'hour',
  hh: 'hour',
  minute: 'minute',
  mi: 'minute',
  n: 'minute',
  second: 'second',
  ss: 'second',
  s: 'second',
  millisecond: 'millisecond',
  ms: 'millisecond',
  microsecond: 'microsecond',
  mcs: 'microsecond',
  nanosecond: 'nanosecond',
  ns: 'nanosecond',
  iso_week: 'iso_week',
  isowk: 'iso_week',
  isoww: 'iso_week',
};

const partOf = (use: FunctionUse): DatePart => {
  const [first] = use.call.args;
  const written = first?.kind === 'literal' ? first.text : '';
  const part = partNames[written.toLowerCase()];
  if (part === undefined) throw sqlError(155, written, use.call.name.toLowerCase());
  return part;
};

/** A date argument: texts become datetime (datetime2 would only matter beyond milliseconds), numbers days since 1900. */
const moment = (use: FunctionUse, value: Typed): Typed => {
  if (familyOf(value.type) === 'temporal') return value;
  return use.builder.convert(value, {
    name: isString(value.type) ? 'datetime2' : 'datetime',
    ...(isString(value.type) && { scale: 7 }),
  });
};

const weekDay = (ms: number, first: number): number => ((new Date(ms).getUTCDay() - first + 7) % 7) + 1;

/** The value of a part. */
const readPart = (part: DatePart, ms: number, session: SessionState): number => {
  const at = partsOf(ms);
  const dayOfYear = Math.floor((Math.floor(ms / dayMs) * dayMs - (dateMs(at.year, 1, 1) as number)) / dayMs) + 1;
  switch (part) {
    case 'year':
    case 'month':
    case 'day':
    case 'hour':
    case 'minute':
    case 'second':
    case 'millisecond':
      return at[part];
    case 'quarter':
      return Math.ceil(at.month / 3);
    case 'dayofyear':
      return dayOfYear;
    case 'weekday':
      return weekDay(ms, session.options.dateFirst);
    case 'week': {
      const newYear = weekDay(dateMs(at.year, 1, 1) as number, session.options.dateFirst);
      return Math.ceil((dayOfYear + newYear - 1) / 7);
    }
    case 'iso_week': {
      const thursday = Math.floor(ms / dayMs) * dayMs + (4 - ((new Date(ms).getUTCDay() + 6) % 7) - 1) * dayMs;
      const year = partsOf(thursday).year;
      return Math.floor((thursday - (dateMs(year, 1, 1) as number)) / (7 * dayMs)) + 1;
    }
    case 'microsecond':
      return at.millisecond * 1000;
    case 'nanosecond':
      return at.millisecond * 1_000_000;
  }
};

const addMonths = (ms: number, months: number): number | undefined => {
  const at = partsOf(ms);
  const index = at.year * 12 + at.month - 1 + months;
  const [year, month] = [Math.floor(index / 12), (index % 12) + 1];
  const date = dateMs(year, month, Math.min(at.day, year >= 1 && year <= 9999 ? daysInMonth(year, month) : 1));
  return date === undefined ? undefined : date + (ms - Math.floor(ms / dayMs) * dayMs);
};

const stepMs: Readonly<Partial<Record<DatePart, number>>> = {
  week: 7 * dayMs,
  day: dayMs,
  dayofyear: dayMs,
  weekday: dayMs,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  millisecond: 1,
  microsecond: 0.001,
  nanosecond: 0.000_001,
};

/** Boundaries crossed between two moments. */
const difference = (part: DatePart, from: number, to: number): number => {
  const [a, b] = [partsOf(from), partsOf(to)];
  switch (part) {
    case 'year':
      return b.year - a.year;
    case 'quarter':
      return (b.year - a.year) * 4 + Math.ceil(b.month / 3) - Math.ceil(a.month / 3);
    case 'month':
      return (b.year - a.year) * 12 + b.month - a.month;
    case 'week': {
      // Weeks always begin on Sunday here, whatever DATEFIRST says; 1970-01-04 was one.
      const week = (ms: number) => Math.floor((Math.floor(ms / dayMs) - 3) / 7);
      return week(to) - week(from);
    }
    default: {
      const step = stepMs[part] ?? dayMs;
      return step >= 1 ? Math.floor(to / step) - Math.floor(from / step) : Math.round((to - from) / step);
    }
  }
};

const part = (name: 'year' | 'month' | 'day'): ScalarFunction => ({
  arguments: [1, 1],
  translate: (use, args) => {
    const session = () => use.translation.server.current;
    return use.builder.call(use.call.name, [moment(use, argument(args, 0))], { name: 'int' }, (ms) =>
      readPart(name, ms as number, session()),
    );
  },
});

const clock = (type: SqlType, read: (session: SessionState) => number): ScalarFunction => ({
  arguments: [0, 0],
  translate: (use) => ({
    sql: use.translation.bind(`clock:${use.call.name}`, (session) => BigInt(read(session))),
    type,
    nullable: false,
  }),
});

const datetime: SqlType = { name: 'datetime' };
const now = (session: SessionState) => roundDatetime(session.statementMs);
/** The machine's offset: the simulated server lives in its time zone. */
const utc = (session: SessionState) => session.statementMs + new Date(session.statementMs).getTimezoneOffset() * 60_000;

/** Date functions. */
export const dateFunctions: FunctionTable = {
  GETDATE: clock(datetime, now),
  CURRENT_TIMESTAMP: clock(datetime, now),
  GETUTCDATE: clock(datetime, (session) => roundDatetime(utc(session))),
  SYSDATETIME: clock({ name: 'datetime2', scale: 7 }, (session) => session.statementMs),
  SYSUTCDATETIME: clock({ name: 'datetime2', scale: 7 }, utc),
  YEAR: part('year'),
  MONTH: part('month'),
  DAY: part('day'),
  DATEPART: {
    arguments: [2, 2],
    translate: (use, args) => {
      const wanted = partOf(use);
      const session = () => use.translation.server.current;
      return use.builder.call(`DATEPART ${wanted}`, [moment(use, argument(args, 1))], { name: 'int' }, (ms) =>
        readPart(wanted, ms as number, session()),
      );
    },
  },
  DATENAME: {
    arguments: [2, 2],
    translate: (use, args) => {
      const wanted = partOf(use);
      const session = () => use.translation.server.current;
      return use.builder.call(
        `DATENAME ${wanted}`,
        [moment(use, argument(args, 1))],
        { name: 'nvarchar', length: 30 },
        (ms) => {
          if (wanted === 'month') return monthNames[partsOf(ms as number).month - 1] ?? '';
          if (wanted === 'weekday') return dayNames[new Date(ms as number).getUTCDay()] ?? '';
          return String(readPart(wanted, ms as number, session()));
        },
      );
    },
  },
  DATEADD: {
    arguments: [3, 3],
    translate: (use, args) => {
      const wanted = partOf(use);
      const count = asInt(
        use,
        argument(args, 1).type.name === 'int'
          ? argument(args, 1)
          : use.builder.convert(argument(args, 1), { name: 'int' }, { explicit: true }),
      );
      const given = argument(args, 2);
      // A text literal becomes a datetime, and so does the result.
      const value = familyOf(given.type) === 'temporal' ? given : use.builder.convert(given, datetime);
      const clockless = value.type.name === 'date' && (stepMs[wanted] ?? dayMs) < dayMs;
      if (clockless) throw sqlError(9810, wanted, 'dateadd', 'date');
      return use.builder.call(`DATEADD ${wanted}`, [count, value], value.type, (number, ms) => {
        const amount = number as number;
        const months = { year: 12, quarter: 3, month: 1 }[wanted as 'year'];
        const result =
          months === undefined
            ? (ms as number) + amount * (stepMs[wanted] ?? dayMs)
            : addMonths(ms as number, amount * months);
        const low =
          value.type.name === 'datetime'
            ? Date.UTC(1753, 0, 1)
            : value.type.name === 'smalldatetime'
              ? epoch1900Ms
              : (dateMs(1, 1, 1) as number);
        if (result === undefined || result < low || result >= Date.UTC(10000, 0, 1))
          throw sqlError(517, value.type.name);
        if (value.type.name === 'time') return ((result % dayMs) + dayMs) % dayMs;
        return value.type.name === 'datetime'
          ? roundDatetime(result)
          : value.type.name === 'smalldatetime'
            ? Math.round(result / 60_000) * 60_000
            : Math.round(result);
      });
    },
  },
  DATEDIFF: {
    arguments: [3, 3],
    translate: (use, args) => {
      const wanted = partOf(use);
      const [from, to] = [moment(use, argument(args, 1)), moment(use, argument(args, 2))];
      if (wanted === 'iso_week' || wanted === 'weekday') {
        if (wanted === 'iso_week') throw sqlError(9806, 'iso_week', 'datediff');
      }
      return use.builder.call(`DATEDIFF ${wanted}`, [from, to], { name: 'int' }, (a, b) => {
        const result = difference(wanted, a as number, b as number);
        if (result > 2147483647 || result < -2147483648) throw sqlError(535);
        return result;
      });
    },
  },
};
