import { upper1252 } from '../../records/index.ts';
import { wireKind, type WireColumn } from './wire-columns.ts';

/** Rows as they came over the wire, unread. */
export interface PackedRows {
  readonly columns: readonly WireColumn[];
  readonly bytes: Buffer;
  /** Where each row's token stands. */
  readonly starts: readonly number[];
}

/** Tokens that hold a row ([MS-TDS] 2.2.7.19 and 2.2.7.13). */
export const rowTokens = { row: 0xd1, nbcRow: 0xd2 } as const;

const noText = 0xffff;
const epoch1900 = Date.UTC(1900, 0, 1);
const epoch2000 = Date.UTC(2000, 0, 1);
const dayMs = 86_400_000;
/** Days from 0001-01-01 to 2000-01-01. */
const daysTo2000 = 730_119;

/** U+FFFD stands where Windows-1252 has nothing. */
const read1252 = String.fromCharCode(...Array.from(upper1252, (unit) => unit || 0xfffd));
// eslint-disable-next-line no-control-regex
const onlyIn1252 = /[\u0080-\u009f]/g;

/** Where a row ends that begins (token included) at `start`; -1 where the bytes end before it. */
export function endOfRow(bytes: Uint8Array, start: number, columns: readonly WireColumn[]): number {
  const nbc = bytes[start] === rowTokens.nbcRow;
  const nulls = start + 1;
  let at = nulls + (nbc ? (columns.length + 7) >> 3 : 0);
  for (let index = 0; index < columns.length; index += 1) {
    if (nbc && ((bytes[nulls + (index >> 3)]! >> (index & 7)) & 1) === 1) continue;
    const { kind, fixedBytes } = columns[index]!;
    if (fixedBytes > 0) at += fixedBytes;
    else if (kind >= wireKind.text) {
      const length = bytes[at]! | (bytes[at + 1]! << 8);
      at += length === noText ? 2 : 2 + length;
    } else at += 1 + bytes[at]!;
  }
  return at <= bytes.length ? at : -1;
}

/** Finds a row's cells: two numbers for each column, where its value begins and how many bytes it has, -1 for null. */
export function locateCells({ bytes, columns, starts }: PackedRows, row: number, places: Int32Array): void {
  const start = starts[row]!;
  const nbc = bytes[start] === rowTokens.nbcRow;
  const nulls = start + 1;
  let at = nulls + (nbc ? (columns.length + 7) >> 3 : 0);
  for (let index = 0; index < columns.length; index += 1) {
    let length = -1;
    if (!nbc || ((bytes[nulls + (index >> 3)]! >> (index & 7)) & 1) === 0) {
      const { kind, fixedBytes } = columns[index]!;
      if (fixedBytes > 0) length = fixedBytes;
      else if (kind >= wireKind.text) {
        length = bytes[at]! | (bytes[at + 1]! << 8);
        at += 2;
        if (length === noText) length = -1;
      } else {
        length = bytes[at]!;
        at += 1;
        if (length === 0) length = -1;
      }
    }
    places[2 * index] = at;
    places[2 * index + 1] = length;
    if (length > 0) at += length;
  }
}

/** The first column's values where all are whole numbers in ascending order, each once; null otherwise. */
export function ascendingNumbers({ bytes, columns, starts }: PackedRows): Int32Array | null {
  const numbers = new Int32Array(starts.length);
  let previous = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < starts.length; row += 1) {
    const number = firstNumber(bytes, starts[row]!, columns);
    if (number === null || number <= previous) return null;
    numbers[row] = number;
    previous = number;
  }
  return numbers;
}

function firstNumber(bytes: Buffer, start: number, columns: readonly WireColumn[]): number | null {
  const nbc = bytes[start] === rowTokens.nbcRow;
  const at = start + 1 + (nbc ? (columns.length + 7) >> 3 : 0);
  if (nbc && (bytes[start + 1]! & 1) === 1) return null;
  const kind = columns[0]?.kind;
  if (kind === wireKind.int) return bytes.readInt32LE(at);
  return kind === wireKind.intN && bytes[at] === 4 ? bytes.readInt32LE(at + 1) : null;
}

/** Reads all rows into values, the same that the driver's own reading gives. */
export function unpackRows(rows: PackedRows): unknown[][] {
  // One text of everything: a cell's text is a piece of it, and no call into the runtime.
  const text: Latin1 = { of: rows.bytes.toString('latin1'), from: 0 };
  return rows.starts.map((start) => valuesAt(rows, start, text));
}

/** Reads one of the rows. */
export function unpackRow(rows: PackedRows, row: number): unknown[] {
  const start = rows.starts[row]!;
  const end = rows.starts[row + 1] ?? rows.bytes.length;
  return valuesAt(rows, start, { of: rows.bytes.toString('latin1', start, end), from: start });
}

/** A text of the bytes from `from` on. */
interface Latin1 {
  readonly of: string;
  readonly from: number;
}

function valuesAt({ bytes: view, columns }: PackedRows, start: number, latin1: Latin1): unknown[] {
  const nbc = view[start] === rowTokens.nbcRow;
  const nulls = start + 1;
  let at = nulls + (nbc ? (columns.length + 7) >> 3 : 0);
  const values: unknown[] = [];
  for (let index = 0; index < columns.length; index += 1) {
    if (nbc && ((view[nulls + (index >> 3)]! >> (index & 7)) & 1) === 1) {
      values.push(null);
      continue;
    }
    const column = columns[index]!;
    if (column.kind >= wireKind.text) {
      const length = view[at]! | (view[at + 1]! << 8);
      at += 2;
      if (length === noText) values.push(null);
      else {
        values.push(
          column.kind === wireKind.text
            ? textAt(latin1.of, at - latin1.from, length)
            : view.toString('utf16le', at, at + length),
        );
        at += length;
      }
    } else if (column.fixedBytes > 0) {
      values.push(fixedAt(view, at, column.kind));
      at += column.fixedBytes;
    } else {
      const length = view[at]!;
      values.push(length === 0 ? null : variableAt(view, at + 1, length, column));
      at += 1 + length;
    }
  }
  return values;
}

function textAt(latin1: string, at: number, length: number): string {
  for (let index = at; index < at + length; index += 1) {
    const unit = latin1.charCodeAt(index);
    if (unit >= 0x80 && unit <= 0x9f) {
      return latin1
        .slice(at, at + length)
        .replace(onlyIn1252, (character) => read1252.charAt(character.charCodeAt(0) - 0x80));
    }
  }
  return latin1.slice(at, at + length);
}

function fixedAt(view: Buffer, at: number, kind: number): unknown {
  switch (kind) {
    case wireKind.tinyInt:
      return view[at];
    case wireKind.smallInt:
      return view.readInt16LE(at);
    case wireKind.int:
      return view.readInt32LE(at);
    case wireKind.bigInt:
      return view.readBigInt64LE(at).toString();
    case wireKind.bit:
      return view[at] !== 0;
    case wireKind.real:
      return view.readFloatLE(at);
    case wireKind.float:
      return view.readDoubleLE(at);
    case wireKind.smallDateTime:
      return new Date(epoch1900 + view.readUInt16LE(at) * dayMs + view.readUInt16LE(at + 2) * 60_000);
    default:
      return dateTimeAt(view, at);
  }
}

/** A datetime counts three-hundredths of a second. */
function dateTimeAt(view: Buffer, at: number): Date {
  return new Date(epoch1900 + view.readInt32LE(at) * dayMs + Math.round(view.readInt32LE(at + 4) * (3 + 1 / 3)));
}

const integerKinds = [0, wireKind.tinyInt, wireKind.smallInt, 0, wireKind.int, 0, 0, 0, wireKind.bigInt];

function variableAt(view: Buffer, at: number, length: number, { kind, scale }: WireColumn): unknown {
  switch (kind) {
    case wireKind.intN:
      return fixedAt(view, at, integerKinds[length] ?? 0);
    case wireKind.bitN:
      return view[at] !== 0;
    case wireKind.floatN:
      return length === 4 ? view.readFloatLE(at) : view.readDoubleLE(at);
    case wireKind.dateTimeN:
      return length === 4 ? fixedAt(view, at, wireKind.smallDateTime) : dateTimeAt(view, at);
    case wireKind.date:
      return new Date(epoch2000 + (view.readUIntLE(at, 3) - daysTo2000) * dayMs);
    default: {
      const timeBytes = length - 3;
      // In units of 100 ns.
      const time = view.readUIntLE(at, timeBytes) * 10 ** (7 - scale);
      const days = view.readUIntLE(at + timeBytes, 3);
      return new Date(epoch2000 + (days - daysTo2000) * dayMs + Math.trunc(time / 10_000));
    }
  }
}
