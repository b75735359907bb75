import type { SqlType, SqlTypeName, SqlValue } from '../engine.ts';
import { dayMs, minuteMs, sqlZero } from './calendar.ts';
import { asCodePage1252 } from './code-page.ts';

/** Turns a logical value into what a column of a given type holds of it. */
export type Store = (value: SqlValue) => SqlValue;

const asIs: Store = (value) => value;

const lastSmallDate = Date.UTC(2079, 5, 6);

const textOf = (type: SqlType, codePage: boolean): Store => {
  const limit = type.length === undefined || type.length < 0 ? Infinity : type.length;
  return (value) => {
    if (typeof value !== 'string') return value;
    const kept = codePage ? asCodePage1252(value) : value;
    return kept.length > limit ? kept.slice(0, limit) : kept;
  };
};

/** smalldatetime holds whole minutes from 1900-01-01 to 2079-06-06 only: what is earlier was set to the first day. */
const smallDate: Store = (value) =>
  typeof value === 'number'
    ? Math.min(lastSmallDate, Math.max(sqlZero, Math.round(value / minuteMs) * minuteMs))
    : value;

const wholeDay: Store = (value) => (typeof value === 'number' ? Math.floor(value / dayMs) * dayMs : value);

const scaled = (scale: number): Store => {
  // Logical amounts count ten-thousandths, as money does.
  const factor = 10 ** (scale - 4);
  return (value) => (typeof value === 'number' ? Math.round(value * factor) : value);
};

const byType: Partial<Record<SqlTypeName, (type: SqlType) => Store>> = {
  char: (type) => textOf(type, true),
  varchar: (type) => textOf(type, true),
  text: (type) => textOf(type, true),
  nchar: (type) => textOf(type, false),
  nvarchar: (type) => textOf(type, false),
  ntext: (type) => textOf(type, false),
  smalldatetime: () => smallDate,
  date: () => wholeDay,
  decimal: (type) => scaled(type.scale ?? 0),
  numeric: (type) => scaled(type.scale ?? 0),
};

/**
 * What a column of this type holds of a logical value: characters outside the code page replaced, too long texts cut, dates
 * rounded. (Padding of char columns is the engine's work.)
 */
export const storeAs = (type: SqlType): Store => byType[type.name]?.(type) ?? asIs;
