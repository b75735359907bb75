import type { SqlValue } from '../../engine.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** Writes one value as it stands in a ROW or RETURNVALUE token. */
export type ValueEncoder = (out: ByteWriter, value: SqlValue) => void;

/** How a column travels: its TYPE_INFO and how its values are written. Made once per result. */
export interface WireType {
  /** [MS-TDS] 2.2.5.5: tells alias types apart, e.g. 80 for timestamp. */
  readonly userType?: number;
  /** TYPE_INFO ([MS-TDS] 2.2.5.6). */
  readonly info: Uint8Array;
  readonly encode: ValueEncoder;
  /** text, ntext and image name their table in COLMETADATA. */
  readonly namesTable?: boolean;
}

/** Data type tokens ([MS-TDS] 2.2.5.4). */
export const TOKEN = {
  null: 0x1f,
  image: 0x22,
  text: 0x23,
  uniqueidentifier: 0x24,
  varbinaryOld: 0x25,
  intN: 0x26,
  varcharOld: 0x27,
  date: 0x28,
  time: 0x29,
  datetime2: 0x2a,
  datetimeOffset: 0x2b,
  binaryOld: 0x2d,
  charOld: 0x2f,
  int1: 0x30,
  bit: 0x32,
  int2: 0x34,
  decimalOld: 0x37,
  int4: 0x38,
  datetime4: 0x3a,
  float4: 0x3b,
  money: 0x3c,
  datetime: 0x3d,
  float8: 0x3e,
  numericOld: 0x3f,
  variant: 0x62,
  ntext: 0x63,
  bitN: 0x68,
  decimalN: 0x6a,
  numericN: 0x6c,
  floatN: 0x6d,
  moneyN: 0x6e,
  datetimeN: 0x6f,
  money4: 0x7a,
  int8: 0x7f,
  varbinary: 0xa5,
  varchar: 0xa7,
  binary: 0xad,
  char: 0xaf,
  nvarchar: 0xe7,
  nchar: 0xef,
  udt: 0xf0,
  xml: 0xf1,
  table: 0xf3,
} as const;

/** A value the data half handed over that does not fit its own column. Reported as an internal error of the simulator. */
export class ValueMismatch extends Error {
  constructor(value: SqlValue | undefined, wanted: string) {
    super(`a value of type ${value === null ? 'null' : typeof value} does not fit a column of type ${wanted}`);
    this.name = 'ValueMismatch';
  }
}
