import { wireKind, type WireColumn } from './wire-columns.ts';

/** Rows as they came over the wire, unread. Their bytes can be moved to another thread. */
export interface PackedRows {
  readonly columns: readonly WireColumn[];
  /** ROW and NBCROW tokens, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

/** Tokens that hold a row ([MS-TDS] 2.2.7.19 and 2.2.7.13). */
export const rowTokens = { row: 0xd1, nbcRow: 0xd2 } as const;

const noText = 0xffff;
const epoch1900 = Date.UTC(1900, 0, 1);
const epoch2000 = Date.UTC(2000, 0, 1);
const dayMs = 86_400_000;
/** Days from 0001-01-01 to 2000-01-01. */
const daysTo2000 = 730_119;

/** Windows-1252 from 0x80 to 0x9f; U+FFFD stands where it has nothing. */
const upper1252 =
  '\u20ac\ufffd\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\ufffd\u017d\ufffd' +
  '\ufffd\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\ufffd\u017e\u0178';
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

/** The whole numbers in the rows' first column, null for anything else. */
export function firstNumbers({ bytes, columns, count }: PackedRows): (number | null)[] {
  const view = viewOf(bytes);
  const numbers: (number | null)[] = [];
  let at = 0;
  for (let row = 0; row < count; row += 1) {
    numbers.push(firstNumber(view, at, columns));
    at = endOfRow(bytes, at, columns);
  }
  return numbers;
}

function firstNumber(view: Buffer, start: number, columns: readonly WireColumn[]): number | null {
  const nbc = view[start] === rowTokens.nbcRow;
  const at = start + 1 + (nbc ? (columns.length + 7) >> 3 : 0);
  if (nbc && (view[start + 1]! & 1) === 1) return null;
  const kind = columns[0]?.kind;
  if (kind === wireKind.int) return view.readInt32LE(at);
  return kind === wireKind.intN && view[at] === 4 ? view.readInt32LE(at + 1) : null;
}

/** Reads rows into values, the same that the driver's own reading gives. */
export function unpackRows({ bytes, columns, count }: PackedRows): unknown[][] {
  const view = viewOf(bytes);
  // One text of everything: a cell's text is a piece of it, and no call into the runtime.
  const latin1 = view.toString('latin1');
  const rows: unknown[][] = [];
  let at = 0;
  for (let row = 0; row < count; row += 1) {
    const nbc = view[at] === rowTokens.nbcRow;
    const nulls = at + 1;
    at = nulls + (nbc ? (columns.length + 7) >> 3 : 0);
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
            column.kind === wireKind.text ? textAt(latin1, at, length) : view.toString('utf16le', at, at + length),
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
    rows.push(values);
  }
  return rows;
}

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function textAt(latin1: string, at: number, length: number): string {
  for (let index = at; index < at + length; index += 1) {
    const unit = latin1.charCodeAt(index);
    if (unit >= 0x80 && unit <= 0x9f) {
      return latin1
        .slice(at, at + length)
        .replace(onlyIn1252, (character) => upper1252.charAt(character.charCodeAt(0) - 0x80));
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
