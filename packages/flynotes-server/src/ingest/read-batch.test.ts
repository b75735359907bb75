import { createHash, randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { orderedBasics } from '@flynotes/carestream-server/api';
import { expect, it } from 'vitest';
import { samplePatient, samplePatients } from '../testing/sample-patients.ts';
import { createPracticeDigester, digestNumber } from './practice-digester.ts';
import { batchBytesMost, readBatch } from './read-batch.ts';

const digestKey = randomBytes(32).toString('base64');
const read = (body: string | Uint8Array, coding = '') =>
  readBatch({ bytes: new Uint8Array(Buffer.from(body)), coding, digestKey });
const bodyOf = (fields: object) => JSON.stringify({ n: 4, round: 0, patients: [], removals: [], ...fields });

it('makes columns of a batch, in the order of the codes, and names what it refuses', () => {
  const record = samplePatient(7);
  const body = bodyOf({
    patients: [
      { readSequence: 3, basics: record },
      { readSequence: 5, basics: { patientCode: 4 } },
    ],
    removals: [{ patientCode: 2, readSequence: 9 }],
  });
  const digester = createPracticeDigester(digestKey);
  const [two, four, seven] = [2, 4, 7].map((code) => digester.bucketOf(code));
  expect(read(body)).toEqual({
    outcome: 'read',
    batch: {
      n: 4,
      round: 0,
      contentHash: createHash('sha256').update(body).digest('hex'),
      columns: {
        rows: 3,
        removals: 1,
        codes: '{2,4,7}',
        sequences: '{9,5,3}',
        buckets: `{${two},${four},${seven}}`,
        states: '{removed,refused,held}',
        digests: `{NULL,NULL,${digestNumber(digester.ofRecord(record))}}`,
        records: `\n\n${orderedBasics(record)}`,
      },
      refusals: [expect.objectContaining({ patientCode: 4, index: 1, code: 'NAME_MISSING' })],
      outdated: 0,
    },
  });
});

it('reads every content coding, and the content counts alone', () => {
  const body = bodyOf({ patients: samplePatients(1, 50).map((basics) => ({ readSequence: 1, basics })) });
  const plain = read(body);
  expect(plain).toMatchObject({ outcome: 'read', batch: { columns: { rows: 50 } } });
  expect(read(body, 'identity')).toEqual(plain);
  expect(read(zstdCompressSync(body), 'zstd')).toEqual(plain);
  expect(read(gzipSync(body), ' GZip ')).toEqual(plain);
  expect(read(brotliCompressSync(body), 'br')).toEqual(plain);
  expect(read(deflateSync(body), 'deflate')).toEqual(plain);
});

it('says why a body is no batch', () => {
  const body = bodyOf({});
  const invalid = { outcome: 'refused', code: 'REQUEST_INVALID' };
  expect(read(body, 'rot13')).toMatchObject({ ...invalid, status: 415 });
  expect(read(body, 'zstd')).toMatchObject(invalid);
  expect(read(gzipSync(body).subarray(0, 30), 'gzip')).toMatchObject(invalid);
  expect(read(zstdCompressSync(body).subarray(0, 30), 'zstd')).toMatchObject(invalid);
  expect(read('')).toMatchObject(invalid);
  expect(read(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toMatchObject(invalid);
  expect(read(bodyOf({ n: -1, round: 'x' }))).toMatchObject({ ...invalid, fields: ['n', 'round'] });
  expect(read('[]')).toMatchObject({ ...invalid, fields: [''] });
  const rows = Array.from({ length: 600 }, () => ({}));
  expect(read(bodyOf({ patients: rows, removals: rows }))).toMatchObject({
    ...invalid,
    fields: ['patients', 'removals'],
  });
  const bomb = zstdCompressSync(Buffer.alloc(batchBytesMost + 1, ' '));
  expect(read(bomb, 'zstd')).toEqual({ outcome: 'refused', code: 'REQUEST_TOO_LARGE' });
});
