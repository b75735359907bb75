import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { canonicalBasics, type BasicRecord } from '../contract/index.ts';
import { createKeyedDigester } from './digester.ts';

const key = Buffer.alloc(32, 7);
const digester = createKeyedDigester({ key: key.toString('base64'), canonicalVersion: 1 });

test.each([
  ['plain', { surname: 'Price', phones: [{ kind: 'home', number: '020 7946 0018' }], emails: ['p@example.com'] }],
  ['composed', { surname: 'Zo\u00eb' }],
  [
    'decomposed',
    { surname: 'Zoe\u0308', addressLines: ['Caffe\u0300 1'], phones: [{ kind: 'work', number: 'Zoe\u0308’s' }] },
  ],
  ['beyond the first plane', { surname: '𠮷' }],
])('a %s record travels as it is, and its digest is that of its canonical form', (_title, fields) => {
  const record = { patientCode: 7, ...fields } as BasicRecord;
  const text = canonicalBasics(record);
  expect(digester.ofRecord(record)).toBe(createHmac('sha256', key).update(text).digest('hex').slice(0, 32));
  expect(JSON.parse(digester.jsonOf(record))).toEqual(record);
  expect(text).toBe(text.normalize('NFC'));
  // Asked for without a digest before, or after another record's.
  digester.ofRecord({ patientCode: 8, surname: 'Other' } as BasicRecord);
  expect(JSON.parse(digester.jsonOf(record))).toEqual(record);
});

test('a mark after an escaped character stays where it is', () => {
  const record = { patientCode: 7, surname: 'Price', addressLines: ['1\n\u0301', 'Zoe\u0308'] } as BasicRecord;
  expect(JSON.parse(canonicalBasics(record))).toMatchObject({ addressLines: ['1\n\u0301', 'Zo\u00eb'] });
});
