import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createKeyedHash } from './keyed-hash.ts';

test('gives what Node’s own HMAC gives, for keys and texts of any length and any characters', () => {
  const keys = fc.uint8Array({ maxLength: 150 });
  const texts = fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 400 }), fc.constant('\ud800')));
  fc.assert(
    fc.property(keys, texts, (key, each) => {
      const keyed = createKeyedHash(key);
      for (const text of each) {
        const expected = createHmac('sha256', key).update(text).digest('hex');
        expect(keyed.ofText(text)).toBe(expected);
        const bytes = Buffer.from(text);
        expect(keyed.ofBytes(Buffer.concat([bytes, Buffer.from('more')]), bytes.length)).toBe(expected);
      }
    }),
    { seed: 20_261_123, numRuns: 100 },
  );
});
