import { AgentError } from '../runtime/index.ts';
import { cellForm, type BasicsRow, type BasicsRows, type PackedBasics } from '../records/index.ts';
import type { BasicsReader } from './row-readers.ts';
import { ascendingNumbers, locateCells, unpackRow, type PackedRows } from './tds/packed-rows.ts';
import { wireKind } from './tds/wire-columns.ts';

/** A page whose rows are read when they are looked at. */
export interface PackedPage {
  readonly rows: BasicsRows;
  readonly lastCode: number | null;
}

/** How {@link packedPageOf} reads. */
export interface PackedPageOptions {
  readonly basics: BasicsReader;
  readonly addresses: number;
  /** The last patient may have more rows than the page had room for: they come with the next one. */
  readonly leavesOutLast: boolean;
}

/** Kinds of columns by how records look at their bytes. */
const forms: Readonly<Record<number, number>> = {
  [wireKind.text]: cellForm.text1252,
  [wireKind.wideText]: cellForm.textUtf16,
  [wireKind.tinyInt]: cellForm.number,
  [wireKind.smallInt]: cellForm.number,
  [wireKind.int]: cellForm.number,
  [wireKind.intN]: cellForm.number,
  [wireKind.bit]: cellForm.number,
  [wireKind.bitN]: cellForm.number,
  [wireKind.smallDateTime]: cellForm.dateTime,
  [wireKind.dateTime]: cellForm.dateTime,
  [wireKind.dateTimeN]: cellForm.dateTime,
  [wireKind.date]: cellForm.date,
  [wireKind.dateTime2]: cellForm.date,
};

/** Reads rows that may be garbled. @throws AgentError PRACTICE_QUERY_FAILED */
export function readable<Values>(read: () => Values): Values {
  try {
    return read();
  } catch (error) {
    throw new AgentError('PRACTICE_QUERY_FAILED', { cause: error, details: { reason: 'row unreadable' } });
  }
}

/** @returns null where a patient has several rows, or a row no whole number of its own: then all have to be compared as values */
export function packedPageOf(rows: PackedRows, options: PackedPageOptions): PackedPage | null {
  const numbers = ascendingNumbers(rows);
  if (numbers === null) return null;
  const { basics, addresses } = options;
  // A page that holds nothing else has no more to come.
  const length = options.leavesOutLast && numbers.length > 1 ? numbers.length - 1 : numbers.length;
  const codes = numbers.subarray(0, length);
  const read = (index: number): BasicsRow =>
    basics.read(
      readable(() => unpackRow(rows, index)),
      addresses,
    );
  const packed: PackedBasics = {
    bytes: rows.bytes,
    layout: basics.layout,
    forms: rows.columns.map(({ kind }) => forms[kind] ?? cellForm.other),
    codes,
    at: read,
    locate: (row, places) => locateCells(rows, row, places),
  };
  return {
    rows: {
      length,
      packed,
      at: (index) => (index < length ? read(index) : undefined),
      *[Symbol.iterator]() {
        for (let index = 0; index < length; index += 1) yield read(index);
      },
    },
    lastCode: codes.at(-1) ?? null,
  };
}
