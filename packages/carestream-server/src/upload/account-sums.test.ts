import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAccount } from './account.ts';
import { createAccountSums } from './account-sums.ts';
import { sumAccount } from './ledger-sums.ts';
import { createUploadRig, neverAborted } from './upload-rig.ts';

const digestOf = (n: number): string => n.toString(16).padStart(32, '0');

/** When a put begins and when it is noted, in turns of the reading: before it, at any of its slices, after it. */
const put = fc.record({
  code: fc.integer({ min: 1, max: 9_000 }),
  begins: fc.nat(6),
  lasts: fc.nat(4),
  becomes: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
});

test('whoever is put while the account is summed up, before or afterwards: the sums are those of the account', async () => {
  using rig = createUploadRig();
  const { ledger } = rig.state;
  const { digester, clock } = rig;
  const entries = Array.from({ length: 7_000 }, (_, index) => ({
    patientCode: index + 1,
    digest: digestOf(index + 1),
    readSequence: 1,
  }));
  ledger.putAcknowledged(entries);
  const account = createAccount(rig.deps, undefined);
  let readSequence = 1;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(put, { selector: ({ code }) => code, maxLength: 20 }), async (puts) => {
      const ends = new Map<number, () => void>();
      let turn = 0;
      const goOn = async () => {
        for (const { code, begins, lasts, becomes } of puts) {
          if (begins === turn) ends.set(code, await rig.deps.puts.begin(code));
          if (begins + lasts !== turn) continue;
          readSequence += 1;
          const entry = { patientCode: code, digest: digestOf(becomes ?? 0), readSequence };
          if (becomes === null) ledger.remove([entry]);
          else ledger.putAcknowledged([entry]);
          ends.get(code)?.();
        }
        turn += 1;
      };
      await goOn();
      const reading = { ...clock, sleep: goOn };
      const sums = await createAccountSums({ account, digester, clock: reading, puts: rig.deps.puts }, neverAborted);
      for (let later = 0; later <= 10; later++) await goOn();
      sums.close();
      const expected = await sumAccount(
        { account, digester, clock: { ...clock, sleep: async () => undefined } },
        neverAborted,
      );
      expect(sums.patients).toBe(expected.patients);
      expect(sums.sums).toEqual(expected.sums);
    }),
    { seed: 20_261_124, numRuns: 60 },
  );
});

test('buckets are told in which somebody is being put, from the moment on that it is asked for', async () => {
  using rig = createUploadRig();
  const { digester, clock } = rig;
  const { puts } = rig.deps;
  const account = createAccount(rig.deps, undefined);
  const [before, during, within] = [await puts.begin(1), await puts.begin(2), 3];
  const sums = await createAccountSums({ account, digester, clock, puts }, neverAborted);
  before();
  const touched = sums.attend();
  during();
  (await puts.begin(within))();
  expect(touched()).toEqual(new Set([digester.bucketOf(2), digester.bucketOf(within)]));
  expect(sums.attend()()).toEqual(new Set());
  sums.close();
});
