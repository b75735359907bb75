import { sqlError } from '../errors.ts';
import type { DateOrder } from '../conversion/date-text.ts';
import type { SessionState } from '../state.ts';
import { freshOptions } from '../state.ts';

const dateOrders: ReadonlySet<string> = new Set(['mdy', 'dmy', 'ymd', 'ydm', 'myd', 'dym']);

/** Languages, with the date order and first day of the week that they bring. */
const languages: Readonly<Record<string, readonly [name: string, order: DateOrder, first: number]>> = {
  us_english: ['us_english', 'mdy', 7],
  english: ['us_english', 'mdy', 7],
  british: ['British', 'dmy', 1],
  'british english': ['British', 'dmy', 1],
};

/**
 * Applies `SET option value`.
 * @throws SqlServerError 102 and its like for values that are none
 */
export const applyOption = (session: SessionState, option: string, value: string): void => {
  const { options } = session;
  const on = value.toUpperCase() === 'ON';
  const whole = (low: number, high: number): number => {
    const number = Number(value);
    if (!/^-?\d+$/.test(value) || number < low || number > high) throw sqlError(102, value);
    return number;
  };
  switch (option) {
    case 'NOCOUNT':
      options.noCount = on;
      return;
    case 'QUOTED_IDENTIFIER':
      options.quotedIdentifier = on;
      return;
    case 'FMTONLY':
      options.formatOnly = on;
      return;
    case 'IMPLICIT_TRANSACTIONS':
      options.implicitTransactions = on;
      options.switches.set(option, on);
      return;
    case 'LOCK_TIMEOUT':
      options.lockTimeoutMs = whole(-1, 2147483647);
      return;
    case 'ROWCOUNT':
      options.rowCount = whole(0, 2147483647);
      return;
    case 'TEXTSIZE':
      whole(-1, 2147483647);
      return;
    case 'DATEFIRST':
      options.dateFirst = whole(1, 7);
      return;
    case 'DATEFORMAT': {
      const order = value.toLowerCase();
      if (!dateOrders.has(order)) throw sqlError(2741, value);
      options.dateOrder = order as DateOrder;
      return;
    }
    case 'LANGUAGE': {
      const language = languages[value.toLowerCase()];
      if (language === undefined) throw sqlError(2740, value);
      [options.language, options.dateOrder, options.dateFirst] = language;
      return;
    }
    case 'DEADLOCK_PRIORITY':
      if (!/^(LOW|NORMAL|HIGH|@.+)$/i.test(value)) whole(-10, 10);
      return;
    case 'TRANSACTION ISOLATION LEVEL':
      options.isolationLevel = value;
      return;
    case 'IDENTITY_INSERT':
      options.identityInsert = value;
      return;
    case 'ANSI_DEFAULTS':
      for (const name of [
        'ANSI_NULLS',
        'ANSI_NULL_DFLT_ON',
        'ANSI_PADDING',
        'ANSI_WARNINGS',
        'CURSOR_CLOSE_ON_COMMIT',
      ]) {
        options.switches.set(name, on);
      }
      options.quotedIdentifier = on;
      options.implicitTransactions = on;
      return;
    default:
      options.switches.set(option, on);
  }
};

/** As after a login. */
export const resetOptions = (session: SessionState): void => {
  session.options = freshOptions();
};
