import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { refusalSchema } from '@flynotes/carestream-server/api';
import { expect, it } from 'vitest';
import { samplePatient } from '../testing/sample-patients.ts';
import { judgeBatch } from './judge-batch.ts';
import { createPracticeDigester, digestHex, digestNumber } from './practice-digester.ts';

const digester = createPracticeDigester(randomBytes(32).toString('base64'));
const row = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      readSequence: fc.oneof(fc.integer(), fc.jsonValue()),
      patientCode: fc.oneof(fc.integer({ min: -2, max: 5 }), fc.jsonValue()),
      basics: fc.dictionary(
        fc.constantFrom('patientCode', 'surname', 'phones', 'marks', '__proto__', 'toString'),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  ),
);

it('judges whatever comes: every row is stored, outdated or refused, and none throws', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), fc.array(row, { maxLength: 5 }), (patients, removals) => {
      const { rows, refusals, outdated } = judgeBatch(patients, removals, digester);
      for (const refusal of refusals) expect(refusalSchema.parse(refusal)).toEqual(refusal);
      expect(rows.length + outdated).toBeLessThanOrEqual(patients.length + removals.length);
      const accepted = rows.filter(({ k }) => k !== 'refused').length;
      expect(accepted + refusals.length).toBeLessThanOrEqual(patients.length + removals.length);
      expect(rows.map(({ c }) => c)).toEqual([...new Set(rows.map(({ c }) => c))].sort((left, right) => left - right));
    }),
    { seed: 20_260_101, numRuns: 500 },
  );
});

it('never tells a value, wherever it stands', () => {
  const secret = 'SECRET';
  const { refusals } = judgeBatch(
    [
      {
        readSequence: 1,
        basics: { ...samplePatient(1), sex: secret, marks: [secret, secret], phones: [{ [secret]: secret }] },
      },
      { readSequence: secret, basics: { patientCode: secret, [secret]: secret } },
      { [secret]: secret },
    ],
    [{ patientCode: 3, readSequence: secret }],
    digester,
  );
  expect(refusals).toHaveLength(4);
  expect(JSON.stringify(refusals)).not.toContain(secret);
});

it('keeps all 128 bits of a digest on its way through a numeric column', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const hex = Buffer.from(bytes).toString('hex');
      expect(digestHex(digestNumber(hex))).toBe(hex);
    }),
    { seed: 20_260_102 },
  );
});
