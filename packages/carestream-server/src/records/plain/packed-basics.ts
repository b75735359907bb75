import type { BasicsRow } from '../rows.ts';

/**
 * How a cell's bytes are to be read. Numbers, because each of millions of cells is asked for it; a cell of any other form is one that
 * only the whole mapping reads.
 */
export const cellForm = {
  other: 0,
  /** Windows-1252, a byte for each character. */
  text1252: 1,
  /** UTF-16, low byte first. */
  textUtf16: 2,
  /** A bit or a whole number. */
  number: 3,
  /** Days since 1900-01-01, then the time of day: both of four bytes, or both of two, low byte first. */
  dateTime: 4,
  /** Three bytes of days since 0001-01-01 at the end, low byte first; before them the time of day, if there is one. */
  date: 5,
} as const;

/** Where the fields of a basics row stand among the columns of a page: -1 for one that is not there. */
export interface BasicsLayout {
  readonly title: number;
  readonly forename: number;
  readonly surname: number;
  readonly knownAs: number;
  readonly sex: number;
  readonly dateOfBirth: number;
  readonly nhsNumber: number;
  readonly emails: readonly number[];
  readonly mobilePhones: readonly number[];
  readonly homePhones: readonly number[];
  readonly workPhones: readonly number[];
  readonly otherPhones: readonly number[];
  readonly addressLines: readonly number[];
  readonly postcode: number;
  readonly archived: number;
  readonly status: number;
  readonly active: number;
  readonly deceased: number;
  readonly diedOn: number;
}

/** A page of the patients' table as its bytes came over the wire: what is looked at costs, what is not costs nothing. */
export interface PackedBasics {
  readonly bytes: Uint8Array;
  readonly layout: BasicsLayout;
  /** One of {@link cellForm} for each column. */
  readonly forms: readonly number[];
  /** R4's number in each row, in ascending order, each once. */
  readonly codes: Int32Array;
  /** A row as values. */
  at(row: number): BasicsRow;
  /** Finds a row's cells: two numbers for each column, where its value begins and how many bytes it has, -1 for null. */
  locate(row: number, places: Int32Array): void;
}
