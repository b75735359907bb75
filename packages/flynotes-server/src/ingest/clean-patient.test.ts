import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { basicRecordSchema, batchPatientSchema, orderedBasics } from '@flynotes/carestream-server/api';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { samplePatient } from '../testing/sample-patients.ts';
import { cleanPatient } from './clean-patient.ts';
import { createHmacSha256 } from './hmac-sha256.ts';

/** Texts at the edges: lengths, escapes, halves of pairs, marks that compose. */
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\ud800',
    '\udc00a',
    String.raw`\u0000`,
    '\n',
    'e\u0301',
    '😀',
    '\u2028',
    'a\u0007',
  ),
  fc
    .constantFrom(48, 49, 50, 51, 99, 100, 101, 199, 200, 201, 299, 300, 301, 319, 320, 321)
    .map((length) => 'x'.repeat(length)),
);
const date = fc.oneof(
  fc.constantFrom(
    '1980-02-29',
    '1981-02-29',
    '1900-02-29',
    '2000-02-29',
    '1980-13-01',
    '1980-1-1',
    '0000-01-01',
    '1980-02-29\n',
  ),
  text,
);
const integer = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 1.5, 2_147_483_647, 2_147_483_648, 2 ** 53, Number.MAX_SAFE_INTEGER),
  fc.integer({ min: 1 }),
);
const odd = <Value>(arbitrary: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 30, arbitrary: arbitrary as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: fc.jsonValue() });
const phone = fc
  .tuple(fc.constantFrom('mobile', 'home', 'fax'), text, fc.boolean(), fc.constantFrom({}, {}, {}, { more: 1 }))
  .map(([kind, number, turned, more]) => (turned ? { number, kind, ...more } : { kind, number, ...more }));
const values = new Map<string, fc.Arbitrary<unknown>>(
  Object.entries({
    patientCode: integer,
    sex: fc.constantFrom('male', 'female', 'other', 'Male', ''),
    dateOfBirth: date,
    emails: fc.array(text, { maxLength: 11 }),
    phones: fc.array(odd(phone), { maxLength: 3 }),
    addressLines: fc.array(odd(text), { maxLength: 11 }),
    archived: fc.boolean(),
    deceased: fc.boolean(),
    marks: fc.array(fc.constantFrom('email-split', 'a', 'ab', 'Ab', 'a b', 'x'.repeat(48), 'x'.repeat(49)), {
      maxLength: 31,
    }),
  }),
);
const names = [...Object.keys(basicRecordSchema.shape), 'unknown', '__proto__', 'toString'];
/** Fields in any order, some left out, some of another kind; read from JSON as a body is. */
const basics = fc
  .shuffledSubarray(names, { minLength: 1 })
  .chain((chosen) =>
    fc.tuple(...chosen.map((name) => odd(values.get(name) ?? text).map((value) => [name, value] as const))),
  )
  .chain((fields) =>
    fc.constantFrom(
      fields,
      fields.toSorted(([left], [right]) => (left < right ? -1 : 1)),
    ),
  )
  .map((fields) => `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`);
/** A good record with one field put in the place of its own: nearly clean. */
const nearly = fc
  .constantFrom(...names)
  .chain((name) => fc.tuple(fc.constant(name), odd(values.get(name) ?? text), fc.integer({ min: 1, max: 9 })))
  .map(([name, value, code]) => JSON.stringify(samplePatient(code, { [name]: value })));
const row = fc
  .tuple(fc.oneof(basics, nearly), odd(integer))
  .map(
    ([record, readSequence]) =>
      JSON.parse(`{"readSequence":${JSON.stringify(readSequence)},"basics":${record}}`) as unknown,
  );

describe('the short way for rows with nothing special about them', () => {
  it('takes nothing that the schema refuses, and reads what it takes as the schema does', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(row, fc.jsonValue()), (value) => {
        const clean = cleanPatient(value);
        if (clean === null) return;
        taken += 1;
        const parsed = batchPatientSchema.parse(value);
        expect({ readSequence: clean.readSequence, basics: clean.basics }).toEqual(parsed);
        expect(clean.text).toBe(orderedBasics(parsed.basics));
      }),
      { seed: 20_260_103, numRuns: 20_000 },
    );
    // Otherwise nothing was shown.
    expect(taken).toBeGreaterThan(1_000);
  });

  it('takes every field of the contract, in the order of the canonical form and in any other', () => {
    const record = basicRecordSchema.parse({
      ...samplePatient(7),
      knownAs: 'Nye',
      sex: 'other',
      sexText: 'X',
      dateOfBirthText: '29/2/80',
      nhsNumber: '943 476 5919',
      archived: false,
      deceased: true,
    });
    expect(Object.keys(record).sort()).toEqual(Object.keys(basicRecordSchema.shape).sort());
    const ordered = orderedBasics(record);
    for (const basics of [record, JSON.parse(ordered) as unknown]) {
      expect(cleanPatient({ readSequence: 9, basics })?.text).toBe(ordered);
    }
  });

  it('knows every refinement of the schema: no JSON Schema tells of them', () => {
    const found: string[] = [];
    const walk = (schema: z.core.$ZodType, path: string): void => {
      const { def } = schema._zod;
      for (const check of def.checks ?? []) if (check._zod.def.check === 'custom') found.push(path);
      if (schema instanceof z.ZodOptional) walk(schema.unwrap() as z.core.$ZodType, path);
      if (schema instanceof z.ZodArray) walk(schema.element as z.core.$ZodType, `${path}[]`);
      if (schema instanceof z.ZodObject)
        for (const [name, part] of Object.entries(schema.shape)) walk(part as z.core.$ZodType, `${path}.${name}`);
    };
    walk(batchPatientSchema, '');
    // That one of the two names is there, and that texts can be stored.
    expect(found.sort()).toEqual(
      [
        '',
        '.addressLines[]',
        '.dateOfBirthText',
        '.emails[]',
        '.forename',
        '.knownAs',
        '.nhsNumber',
        '.phones[].number',
      ]
        .concat(['.postcode', '.sexText', '.surname', '.title'])
        .map((path) => `.basics${path}`),
    );
  });
});

it('digests as the HMAC of Node.js does, whatever the length of key and text', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        text,
        fc.nat({ max: 4_000 }).map((length) => 'é'.repeat(length)),
      ),
      fc.constantFrom(0, 1, 32, 63, 64, 65, 200),
      (message, keyBytes) => {
        const key = randomBytes(keyBytes);
        const own = createHmacSha256(key);
        // Twice: nothing of one text may be left for the next.
        for (const one of [message, `${message}.`, message]) {
          expect(own(one)).toBe(createHmac('sha256', key).update(one).digest('hex'));
        }
      },
    ),
    { seed: 20_260_104, numRuns: 500 },
  );
});
