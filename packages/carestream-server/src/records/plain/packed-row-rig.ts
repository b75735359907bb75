import { expect } from 'vitest';
import { orderedBasics } from '../../contract/index.ts';
import { mapBasics } from '../basics.ts';
import { emptyBasicsRow, type BasicsRow } from '../rows.ts';
import { cellForm, type BasicsLayout, type PackedBasics } from './packed-basics.ts';
import { createPlainBasics } from './plain-basics.ts';

/** For tests: the practice's own date. */
export const today = '2026-10-30';
const cp1252 = new TextDecoder('windows-1252');

/** For tests: a cell as its bytes and as the value that a driver makes of them. */
export interface Sample {
  readonly bytes: Buffer | null;
  readonly value: unknown;
}
export const none: Sample = { bytes: null, value: null };

/** Bytes that Windows-1252 does not define read as U+FFFD. */
const narrow = (bytes: Buffer): Sample => ({
  bytes,
  value: cp1252.decode(bytes).replace(/[\u0081\u008d\u008f\u0090\u009d]/g, '\ufffd'),
});
const wide = (text: string): Sample => ({ bytes: Buffer.from(text, 'utf16le'), value: text });
export const text = (form: number, value: string): Sample =>
  form === cellForm.textUtf16 ? wide(value) : narrow(Buffer.from(value, 'latin1'));

export const dateTime = (days: number, ticks: number): Sample => {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(days);
  bytes.writeInt32LE(ticks, 4);
  return { bytes, value: new Date(Date.UTC(1900, 0, 1 + days) + Math.round(ticks * (10 / 3))) };
};
export const smallDateTime = (days: number, minutes: number): Sample => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(days);
  bytes.writeUInt16LE(minutes, 2);
  return { bytes, value: new Date(Date.UTC(1900, 0, 1 + days, 0, minutes)) };
};
/** Days since 1900, behind a time of day of so many bytes. */
export const date = (days: number, time: readonly number[]): Sample => {
  const bytes = Buffer.alloc(time.length + 3);
  bytes.set(time);
  bytes.writeUIntLE(days + 693_595, time.length, 3);
  const units = time.length === 0 ? 0 : bytes.readUIntLE(0, time.length);
  // Scale 3: milliseconds.
  return { bytes, value: new Date(Date.UTC(1900, 0, 1 + days) + units) };
};
export const bit = (value: boolean): Sample => ({ bytes: Buffer.from([value ? 1 : 0]), value });
export const number = (value: number): Sample => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return { bytes, value };
};

/** A column of a table. */
export interface PackedColumn {
  readonly field: keyof BasicsRow;
  readonly form: number;
}

/** Fields that may have several columns. */
const lists = new Set<keyof BasicsRow>([
  'emails',
  'mobilePhones',
  'homePhones',
  'workPhones',
  'otherPhones',
  'addressLines',
]);

function layoutOf(columns: readonly PackedColumn[]): BasicsLayout {
  const fields = Object.keys(emptyBasicsRow(1)).filter((name) => name !== 'patientCode' && name !== 'addresses');
  const places = (field: string) => columns.flatMap((column, index) => (column.field === field ? [index + 1] : []));
  return Object.fromEntries(
    fields.map((field) => [field, lists.has(field as keyof BasicsRow) ? places(field) : (places(field)[0] ?? -1)]),
  ) as unknown as BasicsLayout;
}

/** One row of a table; the code is its first column. */
export function packedRow(columns: readonly PackedColumn[], cells: readonly Sample[], code: number): PackedBasics {
  const bytes = Buffer.concat([Buffer.alloc(7), ...cells.map((cell) => cell.bytes ?? Buffer.alloc(0))]);
  return {
    bytes,
    layout: layoutOf(columns),
    forms: [cellForm.number, ...columns.map(({ form }) => form)],
    codes: Int32Array.of(code),
    at: () => rowOf(columns, cells, code),
    locate(_row, places) {
      places.set([0, 4]);
      let at = 7;
      for (const [index, cell] of cells.entries()) {
        places.set([at, cell.bytes?.length ?? -1], 2 * index + 2);
        at += cell.bytes?.length ?? 0;
      }
    },
  };
}

/** The same as values. */
function rowOf(columns: readonly PackedColumn[], cells: readonly Sample[], code: number): BasicsRow {
  const row: Record<string, unknown> = { ...emptyBasicsRow(code) };
  for (const [index, { field }] of columns.entries()) {
    const { value } = cells[index]!;
    row[field] = lists.has(field) ? [...(row[field] as unknown[]), value] : value;
  }
  return row as unknown as BasicsRow;
}

/**
 * Writes rows of one table, and holds each to what mapping makes of its values.
 * @returns how many could be written
 */
export function expectAsMapped(
  columns: readonly PackedColumn[],
  rows: readonly (readonly Sample[])[],
  code = 1_000_123,
): number {
  const plain = createPlainBasics(packedRow(columns, [], code), today);
  let written = 0;
  for (const cells of rows) {
    const packed = packedRow(columns, cells, code);
    if (!plain?.write(packed, 0)) continue;
    written += 1;
    const mapped = mapBasics(packed.at(0), { today });
    const text = plain.bytes.toString('utf8', 0, plain.length);
    expect(text).toBe(mapped.outcome === 'mapped' ? orderedBasics(mapped.record) : mapped.code);
    expect(text.normalize('NFC')).toBe(text);
    expect([...plain.rules()].sort()).toEqual([...mapped.rules].sort());
  }
  return written;
}
