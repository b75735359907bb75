import { timesOf } from '@flynotes/testkit';
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  agentCalls,
  basicRecordSchema,
  bucketSumHex,
  canonicalBasics,
  createBucketSums,
  createDigester,
  hostEventSchema,
  hostStateSlotSchema,
  messageTypes,
  parseMessage,
  restartRuleOf,
  serializeMessage,
} from './index.ts';

const read = <Shape>(name: string) =>
  JSON.parse(readFileSync(path.join(import.meta.dirname, 'vectors', name), 'utf8')) as Shape;

interface HttpVector {
  name: string;
  call: keyof typeof agentCalls;
  side: 'request' | 'answer';
  valid: boolean;
  path?: string;
  body: unknown;
}
interface DigestVectors {
  keyBase64: string;
  vectors: { record: unknown; canonical: string; digest: string; bucket: number }[];
  root: { patients: number; buckets: Record<string, string>; root: string };
  emptyRoot: string;
}

describe('recorded messages', () => {
  const { vectors } = read<{ vectors: { name: string; body: string; expect: unknown }[] }>('messages.json');
  test.each(vectors)('$name', ({ body, expect: expected }) => {
    expect(parseMessage(body)).toEqual(expected);
  });

  test('cover every type', () => {
    const bodies = vectors.map(({ body }) => parseMessage(body));
    const seen = new Set(bodies.flatMap((parsed) => (parsed.outcome === 'message' ? [parsed.message.type] : [])));
    expect([...seen].toSorted()).toEqual([...messageTypes].toSorted());
  });
});

describe('messages', () => {
  test('what is written is read', () => {
    for (const type of messageTypes) {
      const input = type === 'patient-sync' ? { type, patientCode: 1_000_123 } : { type };
      expect(parseMessage(serializeMessage(input))).toMatchObject({ outcome: 'message', message: input });
    }
  });

  test('an invalid message is not written', () => {
    expect(() => serializeMessage({ type: 'patient-sync', patientCode: 0 })).toThrow(/patientCode/);
  });

  test('reading never throws and never quotes a value', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json({ maxDepth: 4 })), (body) => {
        const parsed = parseMessage(body);
        if (parsed.outcome === 'invalid') for (const field of parsed.paths) expect(field).toMatch(/^[A-Za-z.0-9]+$/);
      }),
      { numRuns: timesOf(500, 50_000), seed: 20_261_122 },
    );
  });

  test('keys of every object’s prototype are no known types', () => {
    for (const type of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(parseMessage(`{"type":"${type}"}`).outcome).not.toBe('message');
    }
  });
});

describe('recorded HTTP bodies', () => {
  const { vectors } = read<{ vectors: HttpVector[] }>('http-api.json');
  test.each(vectors)('$name', ({ call, side, valid, path: expectedPath, body }) => {
    const result = agentCalls[call][side].safeParse(body);
    expect(result.success).toBe(valid);
    if (!result.success) expect(result.error.issues.map((issue) => issue.path.join('.'))).toContain(expectedPath);
  });

  test('cover every call', () => {
    expect([...new Set(vectors.map(({ call }) => call))].toSorted()).toEqual(Object.keys(agentCalls).toSorted());
  });
});

describe('recorded digests', () => {
  const recorded = read<DigestVectors>('digests.json');
  const key = Buffer.from(recorded.keyBase64, 'base64');
  const digester = createDigester({
    hmacSha256: (text) => createHmac('sha256', key).update(text).digest(),
    sha256: (data) => createHash('sha256').update(data).digest(),
  });

  test.each(recorded.vectors)('patient $record.patientCode', ({ record, canonical, digest, bucket }) => {
    const basics = basicRecordSchema.parse(record);
    expect(canonicalBasics(basics)).toBe(canonical);
    expect(digester.ofRecord(basics)).toBe(digest);
    expect(digester.bucketOf(basics.patientCode)).toBe(bucket);
  });

  test('buckets and root, in any order, with patients taken out again', () => {
    const sums = createBucketSums();
    for (const { bucket, digest } of recorded.vectors.toReversed()) sums.add(bucket, digest);
    sums.add(9, 'ffffffffffffffffffffffffffffffff');
    sums.add(9, '00000000000000000000000000000002');
    expect(sums.sums[9]).toBe(1n);
    sums.remove(9, 'ffffffffffffffffffffffffffffffff');
    sums.remove(9, '00000000000000000000000000000002');
    for (const [bucket, sum] of Object.entries(recorded.root.buckets)) {
      expect(bucketSumHex(sums.sums[Number(bucket)] ?? 0n)).toBe(sum);
    }
    expect(sums.patients).toBe(recorded.root.patients);
    expect(digester.rootOf(sums.sums)).toBe(recorded.root.root);
    expect(digester.rootOf(createBucketSums().sums)).toBe(recorded.emptyRoot);
  });

  test('sums are those of whole numbers modulo 2^128, whatever is added and taken out', () => {
    const digests = fc.array(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), { maxLength: 20 });
    fc.assert(
      fc.property(digests, digests, (added, removed) => {
        const sums = createBucketSums();
        for (const value of added) sums.add(255, bucketSumHex(value));
        for (const value of removed) sums.remove(255, bucketSumHex(value).toUpperCase());
        const expected =
          added.reduce((sum, value) => sum + value, 0n) - removed.reduce((sum, value) => sum + value, 0n);
        expect(sums.sums[255]).toBe(BigInt.asUintN(128, expected));
        expect(sums.sums.slice(0, 255).every((sum) => sum === 0n)).toBe(true);
        expect(sums.patients).toBe(added.length - removed.length);
      }),
      { seed: 20_261_130, numRuns: 300 },
    );
  });

  test('the canonical form is RFC 8785: sorted keys at every level, NFC, empty fields left out', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => basicText(value));
    const record = fc.record(
      {
        patientCode: fc.integer({ min: 1, max: 2_147_483_647 }),
        surname: text,
        forename: text,
        phones: fc.array(fc.record({ number: text, kind: fc.constantFrom('mobile', 'home') }), { maxLength: 3 }),
        emails: fc.array(text, { maxLength: 3 }),
        archived: fc.boolean(),
      },
      { requiredKeys: ['patientCode', 'surname'] },
    );
    fc.assert(
      fc.property(record, (input) => {
        const canonical = canonicalBasics(basicRecordSchema.parse(input));
        expect(canonical).toBe(JSON.stringify(sorted(JSON.parse(canonical))));
        expect(canonical.normalize('NFC')).toBe(canonical);
        expect(Object.values(JSON.parse(canonical) as object)).not.toContainEqual([]);
      }),
      { numRuns: timesOf(300, 10_000), seed: 20_261_122 },
    );
  });
});

describe('the host’s side', () => {
  const recorded = read<{ events: unknown[]; restartRules: { exitCode: number | null }[]; slots: unknown[] }>(
    'host.json',
  );

  test('events and slots are read', () => {
    for (const event of recorded.events) expect(hostEventSchema.parse(event)).toEqual(event);
    for (const slot of recorded.slots) expect(hostStateSlotSchema.parse(slot)).toEqual(slot);
  });

  test.each(recorded.restartRules)('exit code $exitCode', ({ exitCode, ...rule }) => {
    expect(restartRuleOf(exitCode)).toEqual(rule);
  });
});

function basicText(value: string): boolean {
  return basicRecordSchema.safeParse({ patientCode: 1, surname: value }).success;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
