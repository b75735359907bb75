import type { IncomingRow } from './judge-batch.ts';

/**
 * A batch's rows column by column, each as the text that the statement takes. Ready before anybody waits for the database; and one string
 * goes from thread to thread at no cost worth naming, where a thousand objects would be copied one by one.
 */
export interface RowColumns {
  readonly rows: number;
  /** How many of them are removals. */
  readonly removals: number;
  readonly codes: string;
  readonly sequences: string;
  readonly buckets: string;
  readonly states: string;
  readonly digests: string;
  /** One JSON text per line, an empty line for null: JSON holds no line ends of its own. */
  readonly records: string;
}

/** @see {@link RowColumns} */
export function columnsOf(rows: readonly IncomingRow[]): RowColumns {
  return {
    rows: rows.length,
    removals: rows.filter(({ k }) => k === 'removed').length,
    codes: arrayOf(rows, ({ c }) => c),
    sequences: arrayOf(rows, ({ s }) => s),
    buckets: arrayOf(rows, ({ b }) => b),
    states: arrayOf(rows, ({ k }) => k),
    digests: arrayOf(rows, ({ d }) => d),
    records: rows.map(({ r }) => r ?? '').join('\n'),
  };
}

/**
 * One column as an array literal. One JSON document of all rows would be read whole while the statement is planned and taken
 * apart again while it runs: half the statement's time.
 */
function arrayOf(rows: readonly IncomingRow[], element: (row: IncomingRow) => string | number | null): string {
  return `{${rows.map((row) => element(row) ?? 'NULL').join(',')}}`;
}
