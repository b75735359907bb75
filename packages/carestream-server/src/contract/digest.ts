import type { BasicRecord } from './patient.ts';

/** The canonical forms that this release can compute, newest last. */
export const canonicalVersions: readonly number[] = [1];

/** How many buckets a practice's patients fall into. */
export const bucketCount = 256;

const twoTo128 = 1n << 128n;

/**
 * The canonical form of a basic record, version 1: RFC 8785 JSON in NFC, empty fields left out. Keys are written in
 * code-unit order here, so that `JSON.stringify` alone yields RFC 8785 (strings are well-formed by schema, the only number is an integer).
 */
export function canonicalBasics(record: BasicRecord): string {
  return JSON.stringify({
    addressLines: texts(record.addressLines),
    archived: record.archived,
    dateOfBirth: record.dateOfBirth,
    dateOfBirthText: text(record.dateOfBirthText),
    deceased: record.deceased,
    emails: texts(record.emails),
    forename: text(record.forename),
    knownAs: text(record.knownAs),
    marks: texts(record.marks),
    nhsNumber: text(record.nhsNumber),
    patientCode: record.patientCode,
    phones: record.phones?.length
      ? record.phones.map(({ kind, number }) => ({ kind, number: number.normalize('NFC') }))
      : undefined,
    postcode: text(record.postcode),
    sex: record.sex,
    sexText: text(record.sexText),
    surname: text(record.surname),
    title: text(record.title),
  });
}

function text(value: string | undefined): string | undefined {
  return value ? value.normalize('NFC') : undefined;
}

function texts(values: readonly string[] | undefined): string[] | undefined {
  return values?.length ? values.map((value) => value.normalize('NFC')) : undefined;
}

/** The two hash functions that an end brings along; the contract itself runs anywhere. */
export interface DigestPrimitives {
  /** HMAC-SHA-256 under the practice's digest key. */
  hmacSha256(text: string): Uint8Array;
  sha256(data: string | Uint8Array): Uint8Array;
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
  return {
    ofRecord: (record) => hex(primitives.hmacSha256(canonicalBasics(record))),
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
  readonly sums: readonly bigint[];
  add(bucket: number, digestHex: string): void;
  remove(bucket: number, digestHex: string): void;
}

/** @see {@link BucketSums} */
export function createBucketSums(): BucketSums {
  const sums = Array.from({ length: bucketCount }, () => 0n);
  let patients = 0;
  return {
    get patients() {
      return patients;
    },
    sums,
    add(bucket, digestHex) {
      sums[bucket] = ((sums[bucket] ?? 0n) + BigInt(`0x${digestHex}`)) % twoTo128;
      patients += 1;
    },
    remove(bucket, digestHex) {
      sums[bucket] = ((sums[bucket] ?? 0n) - BigInt(`0x${digestHex}`) + twoTo128) % twoTo128;
      patients -= 1;
    },
  };
}

/** A bucket's sum as it travels: 32 hexadecimal characters. */
export function bucketSumHex(sum: bigint): string {
  return sum.toString(16).padStart(32, '0');
}

function hex(bytes: Uint8Array): string {
  let out = '';
  for (let index = 0; index < 16; index++) out += (bytes[index] ?? 0).toString(16).padStart(2, '0');
  return out;
}
