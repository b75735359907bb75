/** How a column's values stand on the wire. Numbers, because decoding looks at millions of cells. */
export const wireKind = {
  tinyInt: 1,
  smallInt: 2,
  int: 3,
  bigInt: 4,
  bit: 5,
  real: 6,
  float: 7,
  smallDateTime: 8,
  dateTime: 9,
  /** INTNTYPE and the like: a length of one byte, 0 for null, tells which. */
  intN: 10,
  bitN: 11,
  floatN: 12,
  dateTimeN: 13,
  date: 14,
  dateTime2: 15,
  /** Text in Windows-1252, a length of two bytes before it. */
  text: 16,
  /** Text in UTF-16. */
  wideText: 17,
} as const;

/** One column of a result set. */
export interface WireColumn {
  readonly kind: number;
  /** Bytes of a value that has always the same; 0 where a length stands before it. */
  readonly fixedBytes: number;
  /** Digits of a datetime2's seconds. */
  readonly scale: number;
}

/** The columns of a COLMETADATA token, and where it ends. */
export interface ColumnsRead {
  readonly columns: readonly WireColumn[];
  readonly end: number;
}

/** Types that are always of one length ([MS-TDS] 2.2.5.4.1). */
const fixed: Readonly<Record<number, readonly [kind: number, bytes: number]>> = {
  0x30: [wireKind.tinyInt, 1],
  0x32: [wireKind.bit, 1],
  0x34: [wireKind.smallInt, 2],
  0x38: [wireKind.int, 4],
  0x3a: [wireKind.smallDateTime, 4],
  0x3b: [wireKind.real, 4],
  0x3d: [wireKind.dateTime, 8],
  0x3e: [wireKind.float, 8],
  0x7f: [wireKind.bigInt, 8],
};
/** Types with a length of one byte, here and before each value ([MS-TDS] 2.2.5.4.2). */
const byteLength: Readonly<Record<number, number>> = {
  0x26: wireKind.intN,
  0x68: wireKind.bitN,
  0x6d: wireKind.floatN,
  0x6f: wireKind.dateTimeN,
};
const [dateType, dateTime2Type] = [0x28, 0x2a];
const [bigVarChar, bigChar, nVarChar, nChar] = [0xa7, 0xaf, 0xe7, 0xef];
const maxLength = 0xffff;

/** Languages whose Windows collations are in code page 1252, and the SQL collations that are ([MS-LCID], [MS-TDS] 2.2.5.1.2). */
const languages1252 = new Set([
  0x406, 0x407, 0x409, 0x40a, 0x40b, 0x40c, 0x40f, 0x414, 0x417, 0x42e, 0x437, 0x43b, 0x452, 0x462, 0x47a, 0x47c, 0x47e,
  0x483, 0x83b, 0x85f, 0xc0a,
]);
const sortIds1252 = new Set([51, 52, 53, 54, 183, 184, 185, 186]);
const utf8Flag = 0x40;

/**
 * Reads a COLMETADATA token ([MS-TDS] 2.2.7.4, from TDS 7.2 on) as far as its columns are of common kinds.
 * @param offset - after the token's type byte
 * @returns null for any other kind of column; a library has to read the rows then
 */
export function readWireColumns(bytes: Buffer, offset: number): ColumnsRead | null {
  const count = bytes.readUInt16LE(offset);
  if (count === 0xffff) return null;
  let at = offset + 2;
  const columns: WireColumn[] = [];
  for (let index = 0; index < count; index += 1) {
    // User type and flags.
    at += 6;
    const type = bytes[at] ?? 0;
    at += 1;
    const always = fixed[type];
    let kind = byteLength[type];
    let scale = 0;
    if (always !== undefined) columns.push({ kind: always[0], fixedBytes: always[1], scale });
    else {
      if (kind !== undefined) at += 1;
      else if (type === dateType) kind = wireKind.date;
      else if (type === dateTime2Type) {
        kind = wireKind.dateTime2;
        scale = bytes[at] ?? 0;
        at += 1;
      } else if (type === bigVarChar || type === bigChar || type === nVarChar || type === nChar) {
        if (bytes.readUInt16LE(at) === maxLength) return null;
        kind = type === nVarChar || type === nChar ? wireKind.wideText : wireKind.text;
        if (kind === wireKind.text && !isCodePage1252(bytes, at + 2)) return null;
        at += 7;
      } else return null;
      columns.push({ kind, fixedBytes: 0, scale });
    }
    // The column's name.
    at += 1 + 2 * (bytes[at] ?? 0);
  }
  return { columns, end: at };
}

function isCodePage1252(bytes: Buffer, at: number): boolean {
  const flags = (((bytes[at + 3] ?? 0) & 0x0f) << 4) | (((bytes[at + 2] ?? 0) & 0xf0) >>> 4);
  if ((flags & utf8Flag) !== 0) return false;
  const sortId = bytes[at + 4] ?? 0;
  return sortId === 0 ? languages1252.has(bytes.readUInt16LE(at)) : sortIds1252.has(sortId);
}
