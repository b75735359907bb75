import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BatchRequest } from '../contract/index.ts';
import { createBatchBody, type Change } from './batch-body.ts';

const digest = '0'.repeat(32);
const changeOf = (patientCode: number, readSequence: number, surname: string): Change => {
  const json = Buffer.from(JSON.stringify({ patientCode, surname }));
  // What is lent is longer than the record.
  return { patientCode, readSequence, digest, json: Buffer.concat([json, Buffer.from('}}')]), jsonBytes: json.length };
};
const read = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as BatchRequest;

test('any part of what was gathered is a batch, in any order, with room for whatever comes behind it', () => {
  const body = createBatchBody();
  const patient = fc.tuple(fc.nat(5), fc.string({ unit: 'grapheme', maxLength: 2_000 }));
  fc.assert(
    fc.property(
      fc.array(patient, { maxLength: 400 }),
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))),
      fc.oneof(fc.array(fc.nat({ max: 9 }), { maxLength: 3 }), fc.constant(Array.from({ length: 9_000 }, () => 7))),
      (patients, parts, gone) => {
        body.clear();
        const changes = patients.map(([readSequence, surname], index) => changeOf(index + 1, readSequence, surname));
        for (const change of changes) body.add(change);
        const head = {
          n: 7,
          round: 1,
          removals: gone.map((code) => ({ patientCode: code as never, readSequence: 3 })),
        };
        const told = patients.map(([readSequence, surname], index) => ({
          readSequence,
          basics: { patientCode: index + 1, surname },
        }));
        expect(body.changes).toEqual(
          changes.map(({ patientCode, digest, readSequence }) => ({ patientCode, digest, readSequence })),
        );
        for (const [one, other] of [[0, 1] as const, ...parts, [0, 1] as const]) {
          const from = Math.floor(Math.min(one, other) * changes.length);
          const to = Math.floor(Math.max(one, other) * changes.length);
          expect(read(body.bytesOf(head, from, to))).toEqual({ ...head, patients: told.slice(from, to) });
        }
      },
    ),
    { seed: 20_261_201, numRuns: 40 },
  );
});

test('a body that was sent is not touched by what the next one gathers', () => {
  const [one, other] = [createBatchBody(), createBatchBody()];
  one.add(changeOf(1, 1, 'Jones'));
  const sent = one.bytesOf({ n: 0, round: 0, removals: [] }, 0, 1);
  for (let code = 2; code < 3_000; code += 1) other.add(changeOf(code, 2, 'x'.repeat(300)));
  expect(read(sent).patients).toEqual([{ readSequence: 1, basics: { patientCode: 1, surname: 'Jones' } }]);
  expect(read(other.bytesOf({ n: 1, round: 0, removals: [] }, 0, other.changes.length)).patients).toHaveLength(2_998);
});
