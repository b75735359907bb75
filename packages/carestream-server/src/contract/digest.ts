import type { BasicRecord } from './patient.ts';

/** The canonical forms that this release can compute, newest last. */
export const canonicalVersions: readonly number[] = [1];

/** How many buckets a practice's patients fall into. */
export const bucketCount = 256;

/**
 * The canonical form of a basic record, version 1: RFC 8785 JSON in NFC, empty fields left out. Keys are written in
 * code-unit order here, so that `JSON.stringify` alone yields RFC 8785 (strings are well-formed by schema, the only number is an integer).
 */
export function canonicalBasics(record: BasicRecord): string {
  return canonicalOfOrdered(orderedBasics(record), record);
}

/** Whatever is made of characters before these is in NFC: nearly every record, and to look is a tenth of the work of normalising. */
const composing = /[\u0300-\uffff]/;

/** The canonical form out of {@link orderedBasics}. */
export function canonicalOfOrdered(text: string, record: BasicRecord): string {
  if (!composing.test(text)) return text;
  // Nothing composes with the marks of JSON, so that the whole is in NFC where all its parts are: nearly always. Where one is not, the
  // parts are brought there one by one, because an escape's last letter might compose with what follows it.
  return text.normalize('NFC') === text ? text : orderedBasics(inNfc(record));
}

/** A basic record as JSON with its fields in the canonical order, and otherwise as it is. */
export function orderedBasics(record: BasicRecord): string {
  return JSON.stringify({
    addressLines: filled(record.addressLines),
    archived: record.archived,
    dateOfBirth: record.dateOfBirth,
    dateOfBirthText: record.dateOfBirthText || undefined,
    deceased: record.deceased,
    emails: filled(record.emails),
    forename: record.forename || undefined,
    knownAs: record.knownAs || undefined,
    marks: filled(record.marks),
    nhsNumber: record.nhsNumber || undefined,
    patientCode: record.patientCode,
    phones: filled(record.phones)?.map(({ kind, number }) => ({ kind, number })),
    postcode: record.postcode || undefined,
    sex: record.sex,
    sexText: record.sexText || undefined,
    surname: record.surname || undefined,
    title: record.title || undefined,
  });
}

function filled<Item>(items: readonly Item[] | undefined): readonly Item[] | undefined {
  return items?.length ? items : undefined;
}

function inNfc<Value>(value: Value): Value {
  if (typeof value === 'string') return value.normalize('NFC') as Value;
  if (Array.isArray(value)) return value.map(inNfc) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inNfc(part as unknown)])) as Value;
}

/** The two hash functions that an end brings along; the contract itself runs anywhere. */
export interface DigestPrimitives {
  /** HMAC-SHA-256 under the practice's digest key: bytes, or hexadecimal in lower case where that costs less. */
  hmacSha256(text: string): Uint8Array | string;
  sha256(data: string | Uint8Array): Uint8Array;
  /** Does what {@link orderedBasics} does, where an end needs that text for more than the digest. */
  readonly ordered?: (record: BasicRecord) => string;
}

/** Digests of one practice: per patient, per bucket, and of everything. Digests are 32 hexadecimal characters (16 bytes). */
export interface Digester {
  /** HMAC-SHA-256 of the canonical form, first 16 bytes. */
  ofRecord(record: BasicRecord): string;
  /** First byte of SHA-256 of the patient code in decimal. */
  bucketOf(patientCode: number): number;
  /** SHA-256 over the 256 bucket sums (16 bytes each, big-endian), first 16 bytes. */
  rootOf(bucketSums: readonly bigint[]): string;
}

/** @see {@link Digester} */
export function createDigester(primitives: DigestPrimitives): Digester {
  const { ordered = orderedBasics } = primitives;
  return {
    ofRecord: (record) => hex(primitives.hmacSha256(canonicalOfOrdered(ordered(record), record))),
    bucketOf: (patientCode) => primitives.sha256(String(patientCode))[0] ?? 0,
    rootOf(bucketSums) {
      const bytes = new Uint8Array(bucketCount * 16);
      bucketSums.forEach((sum, bucket) => {
        let rest = sum;
        for (let index = bucket * 16 + 15; index >= bucket * 16; index--) {
          bytes[index] = Number(rest & 0xffn);
          rest >>= 8n;
        }
      });
      return hex(primitives.sha256(bytes));
    },
  };
}

/** Sums of digests per bucket, modulo 2^128: order does not matter, and a patient can be taken out again. */
export interface BucketSums {
  readonly patients: number;
  /** One for each bucket, as they stand now. */
  readonly sums: readonly bigint[];
  add(bucket: number, digestHex: string): void;
  remove(bucket: number, digestHex: string): void;
}

/** A sum in four parts of 32 bits, highest first: a hundred thousand large numbers cost more than all that is added up here. */
const lanes = 4;
const laneSize = 2 ** 32;
const laneDigits = 8;

/** @see {@link BucketSums} */
export function createBucketSums(): BucketSums {
  const parts = new Float64Array(bucketCount * lanes);
  let patients = 0;

  const addTo = (bucket: number, digestHex: string, sign: 1 | -1): void => {
    if (digestHex.length !== lanes * laneDigits) throw new RangeError('a digest has 32 hexadecimal digits');
    let carry = 0;
    for (let lane = lanes - 1; lane >= 0; lane -= 1) {
      const place = bucket * lanes + lane;
      const sum = parts[place]! + sign * laneOf(digestHex, lane) + carry;
      carry = Math.floor(sum / laneSize);
      parts[place] = sum - carry * laneSize;
    }
    patients += sign;
  };

  return {
    get patients() {
      return patients;
    },
    get sums() {
      return Array.from({ length: bucketCount }, (_, bucket) => {
        const each = parts.subarray(bucket * lanes, (bucket + 1) * lanes);
        return each.reduce((sum, part) => sum * BigInt(laneSize) + BigInt(part), 0n);
      });
    },
    add: (bucket, digestHex) => addTo(bucket, digestHex, 1),
    remove: (bucket, digestHex) => addTo(bucket, digestHex, -1),
  };
}

/** Eight of the hexadecimal digits as a number. */
function laneOf(digestHex: string, lane: number): number {
  let value = 0;
  for (let at = lane * laneDigits; at < (lane + 1) * laneDigits; at += 1) {
    const unit = digestHex.charCodeAt(at);
    // 0 to 9; a to f and A to F.
    value = value * 16 + (unit < 0x3a ? unit - 0x30 : (unit & 0x5f) - 0x37);
  }
  return value;
}

/** A bucket's sum as it travels: 32 hexadecimal characters. */
export function bucketSumHex(sum: bigint): string {
  return sum.toString(16).padStart(32, '0');
}

function hex(bytes: Uint8Array | string): string {
  if (typeof bytes === 'string') return bytes.slice(0, 32);
  let out = '';
  for (let index = 0; index < 16; index++) out += (bytes[index] ?? 0).toString(16).padStart(2, '0');
  return out;
}
