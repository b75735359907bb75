import type { SqlValue } from '../../engine.ts';
import { reserve, writeU8 } from '../byte-writer.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { ByteReader } from '../byte-reader.ts';
import { ProtocolError } from '../protocol-error.ts';
import { TOKEN, ValueMismatch } from './wire-type.ts';
import type { ValueEncoder, WireType } from './wire-type.ts';

const DAY_MS = 86_400_000;
/** Days from 1900-01-01 and from 0001-01-01 to 1970-01-01. */
const DAYS_1900 = 25_567;
const DAYS_YEAR_ONE = 719_162;
/** datetime counts 1/300 s. */
const TICKS_PER_DAY = 25_920_000;
const MOST_DAYS = 3_652_058;

function finite(value: SqlValue, type: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ValueMismatch(value, type);
  return value;
}

function lengthPrefixed(bytes: number, encodeValue: ValueEncoder): ValueEncoder {
  return (out, value) => {
    if (value === null) {
      writeU8(out, 0);
      return;
    }
    writeU8(out, bytes);
    encodeValue(out, value);
  };
}

/** datetime: days since 1900, then 1/300 s since midnight ([MS-TDS] 2.2.5.5.1.8). */
function encodeDatetime(out: ByteWriter, value: SqlValue): void {
  const ms = finite(value, 'datetime');
  let days = Math.floor(ms / DAY_MS);
  let ticks = Math.round((ms - days * DAY_MS) * 0.3);
  if (ticks === TICKS_PER_DAY) {
    ticks = 0;
    days += 1;
  }
  if (days < -79_257 || days > 2_932_896) throw new ValueMismatch(value, 'datetime');
  const buffer = reserve(out, 8);
  buffer.writeInt32LE(days + DAYS_1900, out.position);
  buffer.writeInt32LE(ticks, out.position + 4);
  out.position += 8;
}

/** smalldatetime: days since 1900, then minutes. */
function encodeSmallDatetime(out: ByteWriter, value: SqlValue): void {
  const minutes = Math.round(finite(value, 'smalldatetime') / 60_000) + DAYS_1900 * 1440;
  const days = Math.floor(minutes / 1440);
  if (days < 0 || days > 65_535) throw new ValueMismatch(value, 'smalldatetime');
  const buffer = reserve(out, 4);
  buffer.writeUInt16LE(days, out.position);
  buffer.writeUInt16LE(minutes - days * 1440, out.position + 2);
  out.position += 4;
}

export function datetimeType(name: 'datetime' | 'smalldatetime', nullable: boolean): WireType {
  const bytes = name === 'datetime' ? 8 : 4;
  const encodeValue = name === 'datetime' ? encodeDatetime : encodeSmallDatetime;
  if (!nullable)
    return { info: Uint8Array.of(name === 'datetime' ? TOKEN.datetime : TOKEN.datetime4), encode: encodeValue };
  return { info: Uint8Array.of(TOKEN.datetimeN, bytes), encode: lengthPrefixed(bytes, encodeValue) };
}

function writeDays(out: ByteWriter, days: number, type: string): void {
  const count = days + DAYS_YEAR_ONE;
  if (count < 0 || count > MOST_DAYS) throw new ValueMismatch(days, type);
  const buffer = reserve(out, 3);
  buffer.writeUIntLE(count, out.position, 3);
  out.position += 3;
}

/** date: days since 0001-01-01 in three bytes. */
export function dateType(): WireType {
  return {
    info: Uint8Array.of(TOKEN.date),
    encode: lengthPrefixed(3, (out, value) => writeDays(out, Math.floor(finite(value, 'date') / DAY_MS), 'date')),
  };
}

export function timeBytes(scale: number): number {
  return scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
}

/** time(n): units of 10^-n s since midnight. */
export function timeType(scale: number): WireType {
  const bytes = timeBytes(scale);
  const encodeValue: ValueEncoder = (out, value) => {
    const ms = finite(value, 'time');
    if (ms < 0 || ms >= DAY_MS) throw new ValueMismatch(value, 'time');
    writeUnits(out, { units: Math.min(Math.round(ms * 10 ** (scale - 3)), 86_400 * 10 ** scale - 1), bytes });
  };
  return { info: Uint8Array.of(TOKEN.time, scale), encode: lengthPrefixed(bytes, encodeValue) };
}

function writeUnits(out: ByteWriter, { units, bytes }: { units: number; bytes: number }): void {
  reserve(out, bytes).writeUIntLE(units, out.position, bytes);
  out.position += bytes;
}

/** datetime2(n): the time, then the date. */
export function datetime2Type(scale: number): WireType {
  const bytes = timeBytes(scale);
  const unitsPerDay = 86_400 * 10 ** scale;
  const encodeValue: ValueEncoder = (out, value) => {
    const ms = finite(value, 'datetime2');
    let days = Math.floor(ms / DAY_MS);
    let units = Math.round((ms - days * DAY_MS) * 10 ** (scale - 3));
    if (units >= unitsPerDay) {
      units = 0;
      days += 1;
    }
    writeUnits(out, { units, bytes });
    writeDays(out, days, 'datetime2');
  };
  return { info: Uint8Array.of(TOKEN.datetime2, scale), encode: lengthPrefixed(bytes + 3, encodeValue) };
}

export function decodeDatetime(reader: ByteReader, bytes: number): number {
  if (bytes === 4) {
    const days = reader.u16();
    return (days - DAYS_1900) * DAY_MS + reader.u16() * 60_000;
  }
  if (bytes !== 8) throw new ProtocolError(`a datetime of ${bytes} bytes`);
  const days = reader.i32();
  return (days - DAYS_1900) * DAY_MS + Math.round(reader.u32() / 0.3);
}

export function decodeDate(reader: ByteReader, bytes: number): number {
  if (bytes !== 3) throw new ProtocolError(`a date of ${bytes} bytes`);
  const low = reader.u16();
  return (low + reader.u8() * 65_536 - DAYS_YEAR_ONE) * DAY_MS;
}

/** Milliseconds since midnight, with a fraction where the scale is finer. */
export function decodeTime(reader: ByteReader, scale: number, bytes: number): number {
  if (bytes !== timeBytes(scale)) throw new ProtocolError(`a time(${scale}) of ${bytes} bytes`);
  const units = reader.bytes(bytes).readUIntLE(0, bytes);
  return units / 10 ** (scale - 3);
}

export function decodeDatetime2(reader: ByteReader, scale: number, bytes: number): number {
  const time = decodeTime(reader, scale, bytes - 3);
  return decodeDate(reader, 3) + time;
}

/** Sent as UTC with an offset in minutes. The data half has no such type: it gets the local wall time, as a conversion to datetime2 gives. */
export function decodeDatetimeOffset(reader: ByteReader, scale: number, bytes: number): number {
  const utc = decodeDatetime2(reader, scale, bytes - 2);
  return utc + reader.i16() * 60_000;
}
