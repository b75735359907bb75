/**
 * The few parts of DER (X.690) that a self-signed certificate needs. Node reads certificates but does not make them.
 */
export type Der = Buffer;

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

function element(tag: number, content: Uint8Array): Der {
  const { length } = content;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >>> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

export const der = {
  sequence: (...parts: Der[]): Der => element(TAG.sequence, Buffer.concat(parts)),
  set: (...parts: Der[]): Der => element(TAG.set, Buffer.concat(parts)),
  /** An unsigned big-endian number. */
  integer: (bytes: Uint8Array): Der =>
    element(TAG.integer, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes),
  boolean: (value: boolean): Der => element(TAG.boolean, Buffer.from([value ? 0xff : 0])),
  bitString: (bytes: Uint8Array): Der => element(TAG.bitString, Buffer.concat([Buffer.from([0]), bytes])),
  octetString: (bytes: Uint8Array): Der => element(TAG.octetString, bytes),
  null: (): Der => element(TAG.null, Buffer.alloc(0)),
  utf8: (text: string): Der => element(TAG.utf8, Buffer.from(text, 'utf8')),
  /** `YYMMDDHHMMSSZ`; years 1950 to 2049. */
  utcTime: (date: Date): Der =>
    element(TAG.utcTime, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`, 'latin1')),
  /** `[n] EXPLICIT`. */
  explicit: (number: number, content: Der): Der => element(0xa0 | number, content),
  /** `[n] IMPLICIT` of a primitive type. */
  implicit: (number: number, content: Uint8Array): Der => element(0x80 | number, content),
  oid: (dotted: string): Der => {
    const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
    const bytes = [first * 40 + second];
    for (const arc of rest) {
      const groups = [arc & 0x7f];
      for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
      bytes.push(...groups);
    }
    return element(TAG.oid, Buffer.from(bytes));
  },
};
